// Namespace hints: what to do where namespaces or mounts cannot be made.
//
// In: what the kernel and its settings say. Out: one sentence each, with the fix.
// Neighbours: launch.cc says them when a launch fails, report/doctor.h before.
#pragma once

#include <optional>
#include <string>

#include "kernel/features.h"
#include "sandbox/plan.h"

namespace seclude::sandbox {

// Why this user can make no user namespaces, as what would mend it.
std::string user_namespace_fix(const kernel::Features& features);

// Why this process can have nothing isolated, with the fix; nullopt: it can.
std::optional<std::string> cannot_isolate();

// For a namespace step that failed; empty: there is nothing to say, or it is another step.
std::string namespace_hint(const Step& step, int reason);

}  // namespace seclude::sandbox
