// Boundary inputs: the calls on which two readings of one policy would part.
//
// In: a random policy. Out: concrete calls, those of one number together: every value the policy
// mentions, its neighbours, single bits turned over, high halves filled, signs changed; the numbers
// the policy mentions, their neighbours, x32 and negative forms, unknown ones, foreign
// architectures.
#pragma once

#include <vector>

#include "exhaustive/own_meaning.h"
#include "exhaustive/random.h"
#include "exhaustive/spoken.h"

namespace seclude::exhaustive {

struct HowMany {
  size_t per_tested_call = 14;
  size_t per_other_number = 2;
};

std::vector<AskedCall> boundary_inputs(const Spoken& policy, Random& random, HowMany how_many = {});

}  // namespace seclude::exhaustive
