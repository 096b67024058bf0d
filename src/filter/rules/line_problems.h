// Line problems: what arch_rules.cc says of lines whose arguments cannot be tested.
//
// In: the line and its calls on one architecture. Out: diagnostics.
#pragma once

#include <vector>

#include "base/diagnostic.h"
#include "calls/calls.h"
#include "filter/action.h"
#include "policy/policy.h"

namespace seclude::filter {

// An error when a call of the list lacks an argument that the predicate names.
void arguments_exist(const policy::Pred& where, const std::vector<calls::CallId>& list,
                     calls::Arch arch, Diagnostics& diagnostics);

// The error for a call that exists here only inside a carrier, where no argument can be tested.
void no_fallback(Span line, calls::CallId call, calls::CallId carrier, calls::Arch arch,
                 Diagnostics& diagnostics);

// A note that the arguments of these calls are in memory here, and what the line does then; an
// error for `ask` and `trace`, which would be neither stricter nor weaker.
void in_memory_only(Span line, Action action, const std::vector<calls::CallId>& list,
                    calls::Arch arch, Diagnostics& diagnostics);

}  // namespace seclude::filter
