// Launch: carries out a plan, watches the program, says how it ended.
//
// In: a Plan (plan.h). Out: an Outcome. Where refused calls are to be explained, a helper is there
// before the program.
// Neighbours: start.h begins the program, watch.h is the waiting half.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <tl/expected.hpp>

#include "kernel/namespace_supply.h"
#include "sandbox/helper/supervisor.h"
#include "sandbox/outcome.h"
#include "sandbox/plan.h"
#include "sandbox/start.h"

namespace seclude::sandbox {

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

// For a process that runs one plan many times, one run after the other: the filter is compiled and
// proven once, with the key and the numbers of processes blank, and one helper explains all runs.
// With as_stand_in, a process namespace, CAP_SYS_ADMIN and CAP_SYS_PTRACE, the namespaces of the
// next run are made while one goes on (kernel/namespace_supply.h). Others make them in each run,
// which takes longer the more memory this process has.
// One run at a time, in the process that made it, whose number is in the filter; in a copy of that
// process (fork) it does nothing when it goes away, and nothing else may be done with it.
// With as_stand_in, in a process of one thread. There are children between runs then, in the
// control group of the first run: who waits for any child of this process (wait(2)) finds them.
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
  int in_vain_ = 0;  // runs in a row for which there was a supply, and nothing from it
  std::unique_ptr<kernel::NamespaceSupply> supply_;
  std::optional<Supervisor> helper_;
};

}  // namespace seclude::sandbox
