// Loaded filters: the seccomp filters that a running process has.
//
// In: a process. Out: its programs as they were given to the kernel, oldest first. The process is
// stopped for as long as that takes. Only root of the first user namespace may ask, from outside of
// any filter, on kernels with CONFIG_CHECKPOINT_RESTORE (PTRACE_SECCOMP_GET_FILTER, Linux 4.4).
// Neighbours: ptrace.h follows processes; seccomp.h loads filters.
#pragma once

#include <vector>

#include "base/result.h"
#include "filter/program.h"

namespace seclude::kernel {

// Empty when it has none.
[[nodiscard]] Result<std::vector<filter::Program>> loaded_filters(int process);

}  // namespace seclude::kernel
