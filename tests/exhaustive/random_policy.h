// Random policy: a policy from a seed, with everything the language can say about calls.
//
// In: a seed, and limits (Wish) where only some policies make sense: the running kernel, a peer
// that can say less. Out: a Spoken. No policy made here may be refused by the compiler: two denies
// of one call never disagree about the errno, every name exists, every comparison can go both ways.
#pragma once

#include "exhaustive/random.h"
#include "exhaustive/spoken.h"

namespace seclude::exhaustive {

struct Wish {
  std::vector<Arch> archs;  // empty: random
  size_t most_calls = 8;    // that have rules of their own
  size_t most_rules = 6;    // for each
};

Spoken random_policy(uint64_t seed, const Wish& wish = {});

}  // namespace seclude::exhaustive
