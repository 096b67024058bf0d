// Stated action: `deny with EPERM` as the number a filter returns on one architecture.
//
// In: the action as written. Out: an Action, or an error: unknown errno names, data out of range,
// `with` after a word that takes none.
#pragma once

#include <optional>

#include "base/diagnostic.h"
#include "calls/arch.h"
#include "filter/action.h"
#include "policy/policy.h"

namespace seclude::filter {

std::optional<Action> action_of(const policy::Action& action, calls::Arch arch,
                                Diagnostics& diagnostics);

// The kinds of action a word of `expect` stands for: `deny` whatever its errno.
bool is(policy::ActionWord word, Action action);

}  // namespace seclude::filter
