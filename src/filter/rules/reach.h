// Reach: which values a masked argument can have at all.
//
// In: a field (rules.h) and the mask it is compared under. Out: the least, the greatest and the
// next of the values that (x & mask) takes, as numbers whose unsigned order is the field's own
// (signed fields: the sign turned over). Neighbour: predicate.cc asks whether a comparison can go
// both ways.
#pragma once

#include <cstdint>
#include <optional>

#include "filter/rules.h"

namespace seclude::filter {

// The value as a number that compares unsigned as the field compares.
uint64_t ordered(uint64_t value, const Field& field);

class Reach {
 public:
  Reach(const Field& field, uint64_t mask);

  uint64_t least() const { return fixed_; }
  uint64_t greatest() const { return fixed_ | free_; }
  // The least of them that is at least `bound`; nullopt: all are smaller.
  std::optional<uint64_t> at_least(uint64_t bound) const;

 private:
  uint64_t fixed_ = 0, free_ = 0;  // bits that are always set, and those that can be
};

}  // namespace seclude::filter
