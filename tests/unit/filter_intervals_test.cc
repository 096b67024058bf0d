// Intervals: every operation against plain enumeration of small words.
#include "filter/code/intervals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace seclude::filter {
namespace {

constexpr uint32_t end = 64;  // masks and values below this are tried; higher bits are zero

std::vector<uint32_t> values_of(uint32_t mask) {
  std::vector<uint32_t> values;
  for (uint32_t value = 0; value < end; ++value)
    if ((value & ~mask) == 0) values.push_back(value);
  return values;
}

bool plainly_contains(const Intervals& set, uint32_t value) {
  for (const Interval& interval : set)
    if (interval.low <= value && value <= interval.high) return true;
  return false;
}

Intervals together(Intervals a, const Intervals& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Intervals random_intervals(std::mt19937& random) {
  Intervals intervals;
  for (size_t i = 0, count = random() % 4; i < count; ++i) {
    uint32_t low = random() % end, high = random() % end;
    if (low > high && random() % 2 == 0) std::swap(low, high);  // some stay empty
    intervals.push_back({low, high});
  }
  return intervals;
}

TEST(Intervals, NeighbouringValuesOfAMask) {
  for (uint32_t mask = 0; mask < end; ++mask) {
    for (uint32_t value = 0; value < end; ++value) {
      std::optional<uint32_t> above;
      uint32_t below = 0;
      for (uint32_t one : values_of(mask)) {
        if (one >= value && !above) above = one;
        if (one <= value) below = one;
      }
      EXPECT_EQ(value_at_least(value, mask), above) << mask << ' ' << value;
      EXPECT_EQ(value_at_most(value, mask), below) << mask << ' ' << value;
    }
  }
  EXPECT_EQ(value_at_least(0xffffffff, whole_word), 0xffffffffu);
  EXPECT_EQ(value_at_least(0x80000001, 0x80000000), std::nullopt);
  EXPECT_EQ(value_at_most(0xffffffff, 0x80000001), 0x80000001u);
}

TEST(Intervals, SetsAreWhatTheyContain) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    uint32_t mask = random() % end;
    Intervals raw_a = random_intervals(random), raw_b = random_intervals(random);
    Intervals a = normal(raw_a, mask), b = normal(raw_b, mask);
    Intervals neither = complement(a, mask), both = intersected(a, b, mask);
    Intervals either = normal(together(a, b), mask);
    for (uint32_t value : values_of(mask)) {
      bool in_a = plainly_contains(raw_a, value), in_b = plainly_contains(raw_b, value);
      ASSERT_EQ(contains(a, value), in_a);
      ASSERT_EQ(contains(neither, value), !in_a);
      ASSERT_EQ(contains(both, value), in_a && in_b);
      ASSERT_EQ(contains(either, value), in_a || in_b);
    }
    ASSERT_EQ(complement(neither, mask), a) << "equal sets are equal lists";
    ASSERT_EQ(is_everything(normal(together(a, neither), mask), mask), true);
    ASSERT_EQ(normal(a, mask), a);
  }
}

TEST(Intervals, KnownBitsLeaveWhatTheyCanReach) {
  std::mt19937 random(2);
  for (int i = 0; i < 20000; ++i) {
    uint32_t mask = random() % end, known_mask = random() % end;
    KnownBits known = {known_mask, static_cast<uint32_t>(random()) & known_mask};
    Intervals set = normal(random_intervals(random), mask);
    Intervals left = possible(set, mask, known);
    for (const Interval& interval : set) {
      bool reachable = false;
      for (uint32_t value : values_of(mask))
        reachable |= interval.low <= value && value <= interval.high &&
                     (value & known_mask & mask) == (known.value & mask);
      bool kept = std::find(left.begin(), left.end(), interval) != left.end();
      ASSERT_EQ(kept, reachable) << mask << ' ' << known.mask << ' ' << known.value;
    }
  }
}

}  // namespace
}  // namespace seclude::filter
