// Watch: stands in for a running program until it ends.
//
// In: a Running program. Out: its Outcome. On the way, signals sent to this process reach the
// program, both stop and continue together, and a time limit is kept.
// Neighbours: start.h begins the program; kernel/signals.h delivers signals as data.
#pragma once

#include "base/result.h"
#include "kernel/signals.h"
#include "sandbox/start.h"

namespace seclude::sandbox {

// What a stand-in passes on, leaving out what this process ignores on purpose.
kernel::SignalSet signals_to_pass_on();

struct Watching {
  // Signals of signals_to_pass_on(); none: only wait.
  kernel::SignalInbox* inbox = nullptr;
  // The program is in another session: what the terminal sends reaches only this process.
  bool separate_session = false;
  std::optional<uint64_t> time_limit = {};  // nanoseconds of wall time
};

[[nodiscard]] Outcome watch(Running& running, const Watching& watching);

}  // namespace seclude::sandbox
