// Resolve: a policy with all it uses, as rules in numbers for each architecture and phase.
//
// In: Texts, Settings. Out: Rules (rules.h) per phase; everything wrong or without effect goes to
// `diagnostics`. This is where the language's meaning is decided: precedence of `otherwise`,
// `without`, kernel pins, twins with arguments in memory, multiplexed calls, what path and network
// statements bring along. The points are those of docs/language.md.
// Neighbours: flatten.h (which statements), names.h (which numbers), predicate.h (which
// conditions).
#pragma once

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "calls/calls.h"
#include "filter/rules.h"
#include "filter/rules/flatten.h"
#include "filter/settings.h"
#include "policy/load.h"

namespace seclude::filter {

struct PhaseRules {
  std::string name;  // empty: the policy has no phases
  Rules rules;
};

struct Resolved {
  Flat flat;
  calls::KernelVersion pin;
  std::vector<calls::Arch> archs;  // as listed (or --arch), the native one first
  std::vector<PhaseRules> phases;  // at least one
  bool fragment = false;           // no `policy` line: for `use` only; where it is silent it kills
};

// Useful (for further checks) even when there were errors; must not be enforced then.
// `texts` must outlive the result.
Resolved resolve(const policy::Texts& texts, const Settings& settings, Diagnostics& diagnostics);

// The kernel that `kernel` lines pin when there is none: version 1 of the language means 6.12.
inline constexpr calls::KernelVersion default_kernel{6, 12};

}  // namespace seclude::filter
