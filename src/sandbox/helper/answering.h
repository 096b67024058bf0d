// Answering: what runs in the supervisor's process.
//
// In: the rules, its ends of the two sockets: the child's brings the child's process id and then
// the filter's listener, the launcher's says that the run is over. Out: answers to refused calls,
// descriptions on standard error, and in the end all denials on the launcher's socket: when asked,
// or when nobody is left whose calls could be refused.
// One thread, one loop: it sleeps until a call waits, a followed thread stops or a socket speaks.
// Neighbours: supervisor.h starts it; capture.h, denial_log.h, kernel/notify.h, kernel/ptrace.h.
#pragma once

#include <cstdint>

#include "kernel/fd.h"
#include "sandbox/helper/briefing.h"
#include "sandbox/helper/supervisor.h"

namespace seclude::sandbox {

struct Answering {
  const KeptRules& rules;
  const Supervision& supervision;
  bool many_runs;  // begin anew when a run is over and nobody is left of it
  kernel::Fd launcher;
  kernel::Fd child;
  Briefing* briefing = nullptr;  // of a helper that was begun early: behind the rules
};

// What the launcher says first to a helper that was begun early is its briefing. Its word that a
// run is over is one byte, the number of the run from 0 (modulo 256).

// Before the denials (denial_wire.h), on the launcher's socket.
struct Farewell {
  uint64_t bytes = 0;  // of the denials
  bool stays = false;  // for processes that the program left behind
};

// Returns the exit status of the helper.
int answer_calls(Answering answering);

}  // namespace seclude::sandbox
