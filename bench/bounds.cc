// Bounds: see bounds.h.
#include "bounds.h"

#include <algorithm>
#include <cstdint>
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

}  // namespace

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
