// Bounds: see bounds.h.
#include "bounds.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <vector>

namespace seclude::bench {
namespace {

// Numbers beyond have one answer each up to 2^30, and bits do not help there.
constexpr uint32_t small = 512;
constexpr size_t longest_window = 24;  // in runs

// Places of a list whose answer is not that of the place before, served by == and >=.
class Ends {
 public:
  void add(uint32_t answer) {
    if (length_ > 0 && answer != last_) {
      bool served = open_ && length_ - open_at_ == 1;
      tests_ += served ? 0 : 1;
      open_ = !served;
      open_at_ = length_;
    }
    last_ = answer;
    ++length_;
  }
  size_t tests() const { return tests_; }
  bool empty() const { return length_ == 0; }

 private:
  size_t length_ = 0, tests_ = 0, open_at_ = 0;
  bool open_ = false;  // the last test may be == and serve the next end, too
  uint32_t last_ = 0;
};

size_t fewest_in_window(const std::vector<uint32_t>& answers, size_t begin, size_t end,
                        bool with_bits) {
  Ends whole;
  for (size_t at = begin; at < end; ++at) whole.add(answers[at]);
  size_t fewest = whole.tests();
  for (size_t mask = 1; with_bits && fewest > 2 && mask < small; ++mask) {
    Ends without, with;
    for (size_t at = begin; at < end; ++at) ((at & mask) == 0 ? without : with).add(answers[at]);
    if (!without.empty() && !with.empty())
      fewest = std::min(fewest, 1 + without.tests() + with.tests());
  }
  return fewest;
}

// The costs of all intervals of stretches, each without `gone` of its called numbers.
class Costs {
 public:
  explicit Costs(const std::vector<Stretch>& stretches)
      : count_(stretches.size()),
        costs_((count_ + 1) * (count_ + 1) * (most_gone + 1)) {
    for (size_t begin = count_; begin-- > 0;) {
      Interval interval;
      for (size_t end = begin + 1; end <= count_; ++end) {
        interval.add(stretches[end - 1]);
        fill(begin, end, interval);
      }
    }
  }

  double whole() const { return at(0, count_, 0); }

 private:
  // With more gone nothing is counted at all.
  static constexpr size_t most_gone = 16;

  struct Interval {
    std::vector<double> heaviest;  // weights of called numbers, sorted
    double weight = 0, uncalled = 0;
    struct Answer {
      size_t called = 0;
      double uncalled = 0;
    };
    std::map<uint32_t, Answer> answers;

    void add(const Stretch& stretch) {
      Answer& answer = answers[stretch.answer];
      if (stretch.weight > 0) {
        heaviest.insert(
            std::upper_bound(heaviest.begin(), heaviest.end(), stretch.weight, std::greater<>()),
            stretch.weight);
        weight += stretch.weight;
        ++answer.called;
      } else {
        uncalled += stretch.numbers;
        answer.uncalled += stretch.numbers;
      }
    }
    // Of == alone, each for a number that is never called: all that is left then has one answer.
    // (A test for an uncalled number in front of a cut costs less behind it, on one of its sides.)
    double chain(size_t gone, double left) const {
      double fewest = std::numeric_limits<double>::infinity();
      for (const auto& [ret, answer] : answers)
        if (heaviest.size() - answer.called <= gone)
          fewest = std::min(fewest, (uncalled - answer.uncalled) * left);
      return fewest;
    }
  };

  void fill(size_t begin, size_t end, const Interval& interval) {
    std::vector<double> left = {interval.weight};
    for (double weight : interval.heaviest) left.push_back(std::max(left.back() - weight, 0.0));
    for (size_t gone = std::min(most_gone, interval.heaviest.size()) + 1; gone-- > 0;) {
      if (gone == interval.heaviest.size()) continue;  // nothing that is left is ever called
      double below = gone < most_gone ? at(begin, end, gone + 1) : 0;
      for (size_t cut = begin + 1; cut < end; ++cut)
        for (size_t before = 0; before <= gone; ++before)
          below = std::min(below, at(begin, cut, before) + at(cut, end, gone - before));
      double own = left[gone];
      cost(begin, end, gone) = std::min(interval.chain(gone, own), own + below);
    }
  }

  // Where fewer numbers are called than are gone, it costs nothing.
  double at(size_t begin, size_t end, size_t gone) const { return costs_[place(begin, end, gone)]; }
  double& cost(size_t begin, size_t end, size_t gone) { return costs_[place(begin, end, gone)]; }
  size_t place(size_t begin, size_t end, size_t gone) const {
    return (begin * (count_ + 1) + end) * (most_gone + 1) + gone;
  }

  size_t count_;
  std::vector<double> costs_;
};

constexpr size_t argument_words = 12;

// Whether all calls that agree with this one in these words (a set of bits) have one answer.
bool is_decided(filter::Store& store, filter::Id wrong, const filter::Input& call, uint32_t words) {
  filter::Id same = store.yes();
  for (size_t word = 0; word < argument_words; ++word) {
    if ((words >> word & 1) == 0) continue;
    uint64_t mask = word % 2 == 0 ? 0xffffffff : 0xffffffff00000000;
    auto group = static_cast<filter::Group>(1 + word / 2);
    same = store.both(same,
                      store.test(group, mask, call.args[word / 2] & mask, store.yes(), store.no()));
  }
  return store.both(same, wrong) == store.no();
}

}  // namespace

double fewest_tests_per_call(const std::vector<Stretch>& stretches) {
  return Costs(stretches).whole();
}

std::vector<Stretch> stretches_of(const filter::Runs& runs,
                                  const std::map<uint32_t, double>& weights) {
  std::vector<Stretch> stretches;
  for (size_t i = 0; i < runs.size(); ++i) {
    uint64_t end = i + 1 < runs.size() ? runs[i + 1].first : uint64_t{1} << 32;
    uint64_t at = runs[i].first;
    uint32_t answer = runs[i].id.value;
    for (auto called = weights.lower_bound(runs[i].first); called != weights.end(); ++called) {
      if (called->first >= end) break;
      if (called->second <= 0) continue;
      if (called->first > at)
        stretches.push_back({0, answer, static_cast<double>(called->first - at)});
      stretches.push_back({called->second, answer, 1});
      at = called->first + uint64_t{1};
    }
    if (at < end) stretches.push_back({0, answer, static_cast<double>(end - at)});
  }
  return stretches;
}

size_t fewest_for_arguments(filter::Store& store, const filter::Runs& runs,
                            const filter::Input& call) {
  auto after =
      std::upper_bound(runs.begin(), runs.end(), call.number,
                       [](uint32_t number, const filter::Run& run) { return number < run.first; });
  filter::Id decision = std::prev(after)->id;
  uint32_t answer = store.evaluate(decision, call);
  filter::Id wrong =
      store.map_terminals(decision, [&](uint32_t ret) { return ret == answer ? 0u : 1u; });
  size_t fewest = argument_words;
  for (uint32_t words = 0; words < 1u << argument_words; ++words) {
    auto count = static_cast<size_t>(std::popcount(words));
    if (count < fewest && is_decided(store, wrong, call, words)) fewest = count;
  }
  return 2 * fewest;
}

size_t fewest_comparisons(const filter::Runs& runs) {
  size_t tests = 0;
  for (size_t i = 1; i < runs.size(); ++i, ++tests)
    if (i + 1 < runs.size() && runs[i + 1].first - runs[i].first == 1) ++i;
  return tests;
}

size_t fewest_with_bits(const filter::Runs& runs) {
  std::vector<uint32_t> answers;
  std::vector<size_t> starts;
  size_t beyond = 0;  // runs that begin above: their tests come on top
  for (size_t i = 0; i < runs.size(); ++i) {
    size_t end = i + 1 < runs.size() ? runs[i + 1].first : small;
    if (runs[i].first >= small || end > small || i + 1 == runs.size()) {
      ++beyond;
      continue;
    }
    starts.push_back(runs[i].first);
    answers.resize(end, runs[i].id.value);
  }
  starts.push_back(answers.size());
  size_t count = starts.size() - 1;
  std::map<std::pair<size_t, size_t>, size_t> fewest;
  for (size_t length = 1; length <= count; ++length)
    for (size_t begin = 0; begin + length <= count; ++begin) {
      size_t end = begin + length;
      size_t best = fewest_in_window(answers, starts[begin], starts[end], length <= longest_window);
      for (size_t cut = begin + 1; cut < end; ++cut)
        best = std::min(best, 1 + fewest[{begin, cut}] + fewest[{cut, end}]);
      fewest[{begin, end}] = best;
    }
  return fewest[{0, count}] + beyond;
}

}  // namespace seclude::bench
