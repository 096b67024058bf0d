// Launch filter: the program that one launch loads.
//
// In: a policy's rules and the key of this launch. Out: a proven program with the launcher's two
// additions (launch_rule.h), or why there is none.
// Neighbours: filter/compile.h compiles and proves; launch.cc loads.
#pragma once

#include "base/result.h"
#include "filter/program.h"
#include "filter/rules.h"
#include "kernel/raw.h"

namespace seclude::sandbox {

[[nodiscard]] Result<filter::Program> launch_filter(const filter::Rules& rules,
                                                    const kernel::raw::LaunchKey& key);

}  // namespace seclude::sandbox
