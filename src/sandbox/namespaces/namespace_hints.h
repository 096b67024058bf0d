// Namespace hints: what to do where namespaces or mounts cannot be made.
//
// In: what the kernel and its settings say. Out: one sentence each, with the fix.
// Neighbours: start.cc says them when a launch fails, report/doctor.h before.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "kernel/features.h"
#include "sandbox/child.h"
#include "sandbox/plan.h"

namespace seclude::sandbox {

inline constexpr const char* moved_since_planning =
    "it was there when the policy was read: somebody has moved or replaced it since";

// Why this user can make no user namespaces, as what would mend it.
std::string user_namespace_fix(const kernel::Features& features);

// Why this process can have nothing isolated, with the fix; nullopt: it can.
std::optional<std::string> cannot_isolate();

// Which of the places that a step shows could not be shown; nullopt: it is not about one of them.
std::optional<Error> lost_place(const Step& step, const ChildStep& failed, int reason);

// For a namespace step that failed; empty: there is nothing to say, or it is another step.
std::string namespace_hint(const Step& step, const ChildStep& failed, int reason);

}  // namespace seclude::sandbox
