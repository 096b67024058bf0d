// Launch filter: the program that one launch loads.
//
// In: a policy's rules and the key of this launch; whether a supervisor answers refused calls
// (notifying_rules.h); who is guarded (guard_rules.h). Out: a proven program with the launcher's
// additions (launch_rule.h), or why there is none.
// Neighbours: filter/compile.h compiles and proves; launch.cc loads.
#pragma once

#include <optional>

#include "base/result.h"
#include "filter/program.h"
#include "filter/rules.h"
#include "kernel/raw.h"
#include "sandbox/guard_rules.h"
#include "sandbox/notifying_rules.h"

namespace seclude::sandbox {

[[nodiscard]] Result<filter::Program> launch_filter(const filter::Rules& rules,
                                                    const kernel::raw::LaunchKey& key,
                                                    std::optional<Supervise> supervise = {},
                                                    const std::optional<Guarded>& guarded = {});

}  // namespace seclude::sandbox
