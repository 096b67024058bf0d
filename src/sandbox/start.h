// Start: from a plan to a program that runs.
//
// In: a Plan (plan.h), the files that it names, open; who explains it; what was begun ahead. Out: a
// program that has begun, or which step could not be done, and why.
// All that can fail is done before the clone: files are opened, the proven filter has this launch's
// own key; the child (child.h) only walks a list of ready steps. With a process namespace the
// filter is made while the child walks, which waits for it (kernel/gate.h). Neighbours: prepare.h
// makes the steps ready; launch.h begins a helper before, and watches after.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <tl/expected.hpp>

#include "kernel/fd.h"
#include "kernel/namespace_supply.h"
#include "kernel/process.h"
#include "kernel/run_group.h"
#include "sandbox/helper/supervisor.h"
#include "sandbox/limits/relay.h"
#include "sandbox/outcome.h"
#include "sandbox/plan.h"

namespace seclude::sandbox {

// A program that was started: execve has succeeded. Going away ends it.
struct Running {
  // What holds it and what it started; they go after the processes.
  std::optional<kernel::RunGroup> group;
  std::optional<Relay> relay;
  std::optional<WatchTime> time;
  bool limits_files = false;
  // Of a process namespace: with it ends everything in there. The program has to be collected
  // before.
  std::optional<kernel::Process> init;
  kernel::Process process;
  uint64_t started = 0;          // kernel::now()
  uint64_t launcher_memory = 0;  // peak of this process when it was started
};

using Files = std::span<const kernel::Fd>;  // of open_files (prepare.h)
using Ahead = kernel::NamespaceSupply::Share;

[[nodiscard]] tl::expected<Running, SetupError> start(const Plan& plan, Files files,
                                                      const Ahead& ahead,
                                                      const std::optional<Joining>& joining = {});

}  // namespace seclude::sandbox
