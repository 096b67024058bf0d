// Random: numbers from a seed, the same on every machine and library.
//
// In: a seed. Out: an endless stream (splitmix64), and a few ways to choose. A failing policy is
// found again by its seed alone, so the standard distributions, which libraries implement
// differently, are not used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

namespace seclude::exhaustive {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  size_t below(size_t bound) { return static_cast<size_t>(next() % bound); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <typename List>
  const auto& pick(const List& list) {
    return list[below(std::size(list))];
  }
  template <typename T>
  void shuffle(std::vector<T>& list) {
    for (size_t i = list.size(); i > 1; i--) std::swap(list[i - 1], list[below(i)]);
  }

 private:
  uint64_t state_;
};

// How many rounds, and where they start: SECLUDE_ROUNDS and SECLUDE_SEED of the environment.
inline uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 0) : otherwise;
}

}  // namespace seclude::exhaustive
