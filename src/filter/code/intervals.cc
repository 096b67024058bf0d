// Intervals: see intervals.h.
//
// The one trick: among the values of a mask, the successor of v is ((v | ~mask) + 1) & mask,
// because the carry runs through the bits that do not count.
#include "filter/code/intervals.h"

#include <algorithm>
#include <bit>

namespace seclude::filter {
namespace {

// All bits at and below the highest set one.
uint32_t filled(uint32_t bits) { return bits == 0 ? 0 : whole_word >> std::countl_zero(bits); }

// The least value of the mask above `value`, which is one of the mask.
std::optional<uint32_t> successor(uint32_t value, uint32_t mask) {
  uint32_t carried = value | ~mask;
  if (carried == whole_word) return std::nullopt;
  return (carried + 1) & mask;
}

bool agrees(uint32_t value, uint32_t mask, KnownBits known) {
  return (value & ~mask) == 0 && (value & known.mask) == known.value;
}

// The least value >= low of the mask with the known bits; known.mask is within mask.
std::optional<uint32_t> known_at_least(uint32_t low, uint32_t mask, KnownBits known) {
  if (agrees(low, mask, known)) return low;
  // It has the same bits as `low` down to some bit that is 0 there and 1 here, the least below.
  for (unsigned bit = 0; bit < 32; ++bit) {
    uint32_t one = uint32_t{1} << bit;
    uint32_t above = ~(one | (one - 1));
    if ((low & one) != 0 || (mask & one) == 0) continue;
    if ((known.mask & one) != 0 && (known.value & one) == 0) continue;
    if ((low & above & ~mask) != 0 || ((low ^ known.value) & above & known.mask) != 0) continue;
    return (low & above) | one | (known.value & (one - 1));
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint32_t> value_at_least(uint32_t value, uint32_t mask) {
  uint32_t outside = value & ~mask;
  if (outside == 0) return value;
  return successor((value | filled(outside)) & mask, mask);
}

uint32_t value_at_most(uint32_t value, uint32_t mask) {
  uint32_t below = filled(value & ~mask);
  return (value & ~below) | (mask & below & ~(below ^ below >> 1));
}

Intervals normal(Intervals intervals, uint32_t mask) {
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval& a, const Interval& b) { return a.low < b.low; });
  size_t kept = 0;  // in front, as they shall be
  for (const Interval interval : intervals) {
    std::optional<uint32_t> low = value_at_least(interval.low, mask);
    if (!low || interval.low > interval.high) continue;
    uint32_t high = value_at_most(interval.high, mask);
    if (*low > high) continue;
    std::optional<uint32_t> next;
    if (kept > 0) next = successor(intervals[kept - 1].high, mask);
    if (kept > 0 && (!next || *low <= *next))
      intervals[kept - 1].high = std::max(intervals[kept - 1].high, high);
    else
      intervals[kept++] = {*low, high};
  }
  intervals.resize(kept);
  return intervals;
}

Intervals complement(const Intervals& set, uint32_t mask) {
  Intervals gaps;
  uint32_t start = 0;
  for (const Interval& interval : set) {
    if (interval.low > start) gaps.push_back({start, interval.low - 1});
    if (interval.high == whole_word) return normal(std::move(gaps), mask);
    start = interval.high + 1;
  }
  gaps.push_back({start, whole_word});
  return normal(std::move(gaps), mask);
}

Intervals intersected(const Intervals& a, const Intervals& b, uint32_t mask) {
  Intervals common;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    Interval both = {std::max(a[i].low, b[j].low), std::min(a[i].high, b[j].high)};
    if (both.low <= both.high) common.push_back(both);
    (a[i].high < b[j].high ? i : j) += 1;
  }
  return normal(std::move(common), mask);
}

bool contains(const Intervals& set, uint32_t value) {
  auto above = std::partition_point(
      set.begin(), set.end(), [&](const Interval& interval) { return interval.low <= value; });
  return above != set.begin() && value <= (above - 1)->high;
}

bool is_everything(const Intervals& set, uint32_t mask) {
  return set.size() == 1 && set[0].low == 0 && set[0].high == mask;
}

Intervals possible(const Intervals& set, uint32_t mask, KnownBits known) {
  KnownBits seen = {known.mask & mask, known.value & mask};
  Intervals result;
  for (const Interval& interval : set) {
    std::optional<uint32_t> least = known_at_least(interval.low, mask, seen);
    if (least && *least <= interval.high) result.push_back(interval);
  }
  return result;
}

}  // namespace seclude::filter
