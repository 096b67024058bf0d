// Launch: carries out a plan, watches the program, says how it ended.
//
// In: a Plan (plan.h). Out: an Outcome. All that can fail is done before the clone: files are
// opened, the proven filter has this launch's own key; the child (child.h) only walks a list of
// ready steps. With a process namespace the filter is made while the child walks, which waits for
// it (kernel/gate.h).
// Neighbours: watch.h is the waiting half.
#pragma once

#include <cstdint>
#include <optional>
#include <tl/expected.hpp>
#include <utility>

#include "kernel/namespace_supply.h"
#include "kernel/new_namespaces.h"
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

// Not for plans with limits that somebody has to watch (WatchTime, RelayOutput, groups): run()
// does.
[[nodiscard]] tl::expected<Running, SetupError> launch(const Plan& plan);

struct RunOptions {
  // For a program in front of a terminal or under a service manager: signals sent to this process
  // are passed on, stopping and continuing keeps both together, and this process makes itself
  // untraceable. Without it (a library inside a larger program) nothing process-wide is touched.
  bool as_stand_in = true;
  // When it has passed, SIGKILL ends the program; what the program started by itself goes on (no
  // layer of this version holds a whole tree of processes).
  std::optional<uint64_t> time_limit = {};  // nanoseconds of wall time
  // Refused calls are explained while they happen (supervisor.h). Only as_stand_in, and in a
  // process of one thread. It leaves this process untraceable, and the child is traced while it
  // still shares its memory: without privileges only the first such run of a process sees what
  // kills.
  std::optional<Supervision> supervision = {};
  // For a run with supervision: a helper that was begun early. Without it, one is started.
  Supervisor* helper = nullptr;
  // Namespaces on their way: this run takes those that its plan makes. What it has no use for ends.
  kernel::NamespaceSupply::Share ahead = {};
};

// Why a plan whose lines take a helper (needs_helper) cannot be carried out.
SetupError no_helper(Observed::How how);

// launch, wait, and how it ended. A plan that needs a helper gets one, also when nothing is to be
// explained.
[[nodiscard]] Outcome run(const Plan& plan, const RunOptions& options = {});

// For a process that runs one plan many times, one run after the other: the filter is
// compiled and proven once, with the key and the numbers of processes blank, and one helper
// explains all runs. Where this process may, another process makes the namespaces of the next run
// while one goes on. All of this belongs to the process that made it, whose number is in the
// filter.
class Launcher {
 public:
  [[nodiscard]] static Result<Launcher> make(Plan plan, RunOptions options = {});
  [[nodiscard]] Outcome run();

 private:
  Launcher(Plan plan, Plan watched, RunOptions options)
      : plan_(std::move(plan)), watched_(std::move(watched)), options_(std::move(options)) {}

  void renew_supply();

  Plan plan_, watched_;
  RunOptions options_;
  bool may_have_supply_ = true;
  std::optional<kernel::NamespaceSupply> supply_;
  std::optional<Supervisor> helper_;
};

}  // namespace seclude::sandbox
