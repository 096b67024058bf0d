// Ptrace: following a tree of processes without being noticed, to look at how they die.
//
// In: a process to follow. Out: what happened to any thread of its tree, one event at a time; each
// event has to be answered by letting the thread go on. Seized, never attached: no signal is sent,
// execve stops nothing, group stops stay group stops (PTRACE_LISTEN).
// All calls have to come from the thread that called seize(). Registers are known for x86_64, i386
// and aarch64; this is the only file that knows them.
// Neighbours: sandbox/helper/answering.h is the loop around it.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "filter/input.h"

namespace seclude::kernel {

// Follows the process and everything it will start; all of it is killed when the calling thread
// ends while it still follows.
[[nodiscard]] Result<void> seize(int process);

struct TraceEvent {
  enum class Kind : uint8_t {
    Gone,       // ended; nothing to answer
    Exiting,    // value: its wait status (as of wait(2)); memory and registers are still there
    Signal,     // value: the signal about to be delivered
    GroupStop,  // stopped together with its process, until SIGCONT
    Other,      // a new thread or process, or a stop that means nothing to us
  };
  Kind kind = Kind::Other;
  int thread = 0;
  int value = 0;
};

// The next event, without sleeping. `nothing_left`: no thread is followed any more.
struct TraceLook {
  std::optional<TraceEvent> event;
  bool nothing_left = false;
};
TraceLook next_trace_event();

// Lets the thread of this event go on as if nobody had looked.
void go_on(const TraceEvent& event);

// The call a stopped thread is in or has just been refused; nullopt: on an architecture whose
// registers are not known here.
std::optional<filter::Input> current_call(int thread);
// The call of a thread that is about to get a signal, when that signal ended its wait for a
// listener's answer (-ERESTARTSYS: handlers would see EINTR or a second call). nullopt also on
// architectures where the first argument is gone by then.
std::optional<filter::Input> interrupted_call(int thread);
// What such a call is to return instead: -errno, or 0.
void answer_interrupted_call(int thread, int errno_value);
// Or it is made once more, after the signal's handler.
void restart_interrupted_call(int thread);
// The SIGSYS about to be delivered comes from a seccomp filter, not from somebody's kill().
bool is_from_filter(int thread);

}  // namespace seclude::kernel
