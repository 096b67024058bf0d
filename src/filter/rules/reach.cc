// Decides whether a comparison can hold, or fail, at all; see reach.h.
#include "filter/rules/reach.h"

#include <bit>

namespace seclude::filter {

uint64_t ordered(uint64_t value, const Field& field) {
  return field.is_signed ? value ^ (uint64_t{1} << (field.bits - 1)) : value;
}

// A sign that the mask removes is always 0, which in this order is a bit always set.
Reach::Reach(const Field& field, uint64_t mask) : fixed_(ordered(0, field) & ~mask), free_(mask) {}

std::optional<uint64_t> Reach::at_least(uint64_t bound) const {
  if (bound <= least()) return least();
  // Take the bits of `bound` from the top, as far as there are values with them.
  uint64_t wrong = (bound & ~(fixed_ | free_)) | (fixed_ & ~bound);
  if (wrong == 0) return bound;
  unsigned at = 63 - static_cast<unsigned>(std::countl_zero(wrong));
  uint64_t below = (uint64_t{2} << at) - 1, bit = uint64_t{1} << at;
  // A 1 where `bound` has 0: already greater, the rest can be least.
  if ((fixed_ & bit) != 0) return (bound & ~below) | (fixed_ & below);
  // A 0 where it has 1: some free bit above, which is 0 so far, must become 1.
  uint64_t raisable = free_ & ~bound & ~below;
  if (raisable == 0) return std::nullopt;
  uint64_t raised = raisable & (~raisable + 1);
  return (bound & ~(raised - 1)) | raised | (fixed_ & (raised - 1));
}

}  // namespace seclude::filter
