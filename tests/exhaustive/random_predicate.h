// Random predicate: conditions the language accepts on every call and architecture of a line.
//
// In: the calls of a line, the architectures it holds on, values used before (two rules that speak
// of neighbouring values are where compilers go wrong). Out: a Pred, or nothing when these calls
// have no argument in common. What the language reports as an error (a comparison that can never or
// always hold, a value wider than the argument) is not made.
#pragma once

#include <optional>
#include <vector>

#include "exhaustive/random.h"
#include "exhaustive/spoken.h"

namespace seclude::exhaustive {

struct PredicateWish {
  std::vector<CallId> calls;
  std::vector<Arch> archs;         // of the line
  std::vector<uint64_t>* numbers;  // used before in this policy; grows
  const std::vector<Value>* lets;
};

std::optional<Pred> random_predicate(Random& random, const PredicateWish& wish);

// A number as the language may spell it: decimal, 0x, 0o, 0b, -N.
Value random_spelling(Random& random, uint64_t number);

}  // namespace seclude::exhaustive
