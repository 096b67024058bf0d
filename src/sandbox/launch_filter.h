// Launch filter: the program that one launch loads.
//
// In: a policy's rules and the key of this launch; whether a supervisor answers refused calls
// (notifying_rules.h); who is guarded (guard_rules.h). Out: a proven program with the launcher's
// additions (launch_rule.h), or why there is none.
// Neighbours: filter/compile.h compiles and proves; launch.cc loads.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "filter/program.h"
#include "filter/rules.h"
#include "kernel/raw.h"
#include "sandbox/guard_rules.h"
#include "sandbox/notifying_rules.h"

namespace seclude::sandbox {

// The program of an earlier launch, to begin with. Another key takes the place of its own, and the
// result is proven against the rules like any other; where it does not fit any more, it is not
// used.
struct FilterDraft {
  filter::Program program;
  kernel::raw::LaunchKey key = {};
};

[[nodiscard]] Result<filter::Program> launch_filter(const filter::Rules& rules,
                                                    const kernel::raw::LaunchKey& key,
                                                    std::optional<Supervise> supervise = {},
                                                    const std::optional<Guarded>& guarded = {},
                                                    const FilterDraft* draft = nullptr);

}  // namespace seclude::sandbox
