// Strictest: what the kernel answers behind several filters at once.
//
// In: the decisions of two filters, in the order in which they are loaded. Out: the decision of
// both together. The kernel runs every filter and takes the strictest answer; of equally strict
// ones the one of the filter that was loaded last, with its data (seccomp(2), seccomp_run_filters).
// Neighbours: stack.h proves chains of filters with it; action.h has the order of strictness.
#pragma once

#include "filter/diagram.h"

namespace seclude::filter {

struct Loaded {
  const Decision& earlier;
  const Decision& later;
};

// Both as lift() or decide() makes them: their answers are normalised, so that unknown actions kill
// already. Check store.exhausted() before believing it.
Decision strictest(Store& store, const Loaded& loaded);

}  // namespace seclude::filter
