// Answering: what runs in the supervisor's process.
//
// In: the rules, its ends of the two sockets: the child's brings the child's process id and then
// the filter's listener, the launcher's says that the run is over. Out: answers to refused calls,
// descriptions on standard error, and in the end all denials on the launcher's socket.
// One thread, one loop: it sleeps until a call waits, a followed thread stops or a socket speaks.
// Neighbours: supervisor.h starts it; capture.h, denial_log.h, kernel/notify.h, kernel/ptrace.h.
#pragma once

#include <string_view>

#include "kernel/fd.h"
#include "sandbox/supervisor.h"

namespace seclude::sandbox {

struct Answering {
  const filter::Rules& rules;
  const Supervision& supervision;
  kernel::Fd launcher;
  kernel::Fd child;
};

inline constexpr std::string_view run_is_over = ".";

// Returns the exit status of the helper.
int answer_calls(Answering answering);

}  // namespace seclude::sandbox
