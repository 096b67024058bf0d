// Intervals: sets of values of one masked 32-bit word, and what a fact about the word says of them.
//
// A mask's values are the numbers with no bit outside it; a set is a sorted list of inclusive
// intervals whose ends are such values, cut as long as possible, so that equal sets are equal
// lists. Neighbours: formulas.h (conditions made of such sets).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace seclude::filter {

struct Interval {
  uint32_t low = 0, high = 0;  // inclusive
  friend bool operator==(const Interval&, const Interval&) = default;
};
using Intervals = std::vector<Interval>;

inline constexpr uint32_t whole_word = 0xffffffff;

// The least value of the mask that is at least `value`, and the greatest that is at most `value`.
std::optional<uint32_t> value_at_least(uint32_t value, uint32_t mask);
uint32_t value_at_most(uint32_t value, uint32_t mask);

// Any list of intervals, as the set of the mask's values in it.
Intervals normal(Intervals intervals, uint32_t mask);
Intervals complement(const Intervals& set, uint32_t mask);
Intervals intersected(const Intervals& a, const Intervals& b, uint32_t mask);
bool contains(const Intervals& set, uint32_t value);
bool is_everything(const Intervals& set, uint32_t mask);

// Some bits of a word are known.
struct KnownBits {
  uint32_t mask = 0;
  uint32_t value = 0;  // within mask
};
// The intervals of `set` that hold a value of `mask` with these bits.
Intervals possible(const Intervals& set, uint32_t mask, KnownBits known);

}  // namespace seclude::filter
