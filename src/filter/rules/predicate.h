// Predicate: a `where` of the language as a condition on registers, for one call on one
// architecture.
//
// In: the predicate with names, the call, the architecture. Out: a Condition in numbers at the
// width the kernel reads, or errors: comparisons that never or always hold, bits of something that
// is no set of bits, arguments the call has not. Neighbours: names.h gives the numbers; resolve.h
// asks for every call of a rule.
#pragma once

#include <optional>

#include "base/diagnostic.h"
#include "calls/calls.h"
#include "filter/rules.h"
#include "filter/rules/names.h"
#include "policy/policy.h"

namespace seclude::filter {

struct PredicateTarget {
  size_t text = 0;  // whose names the predicate speaks
  calls::CallId call = 0;
  calls::Arch arch{};
  // What an argument that no register holds here counts as: an allow must not match, a refusal
  // must.
  bool permitting = true;
  bool in_memory = false;  // the multiplexed form: no argument is in a register
  // Takes argument N for register N where it is in memory: to ask the same of a sibling's register.
  bool as_registers = false;
};

struct Lowered {
  Condition where;
  bool untestable = false;  // some test looked at memory
};

// nullopt after an error.
std::optional<Lowered> lower(Names& names, const policy::Pred& pred, const PredicateTarget& target,
                             Diagnostics& diagnostics);

// True when the call has every argument the predicate names (on this architecture).
bool has_arguments(const policy::Pred& pred, calls::CallId call, calls::Arch arch);
// The first argument name it has not.
const policy::Name* missing_argument(const policy::Pred& pred, calls::CallId call,
                                     calls::Arch arch);

}  // namespace seclude::filter
