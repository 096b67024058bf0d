// Guard rules: calls that would reach the launcher or its helper, refused in the filter.
//
// In: a policy's rules, and who is guarded. Out: rules, to be compiled and proven like any other:
// 1. Limits, priorities and processors of a guarded process, which the kernel lets every process of
//    the same user change: prlimit64, setpriority, ioprio_set, sched_set*.
// 2. ioctl TIOCSTI and TIOCLINUX, which type into the launcher's terminal, unless a line of the
//    policy permits them by name.
// 3. Signals to a guarded process, where no Landlock domain keeps them inside.
// 4. Threads and processes that the helper could not follow (CLONE_UNTRACED), where it follows.
// What the policy refuses in another way stays refused in that way. Numbers of processes are those
// of the launcher's process id namespace; in one that the program makes, guarded processes have
// none, and nothing is lost but a few numbers.
// Neighbours: launch_rule.h adds the rest; plan.h decides about signals.
#pragma once

#include <cstdint>
#include <vector>

#include "filter/rules.h"

namespace seclude::sandbox {

// Who keeps signals of the program away from the launcher.
enum class SignalGuard : uint8_t {
  Landlock,  // a domain: all signals from inside stay inside
  Filter,    // these rules: signals to the launcher and its group are refused
};

struct Guarded {
  std::vector<int> processes;  // the launcher, its helper
  std::vector<int> groups;     // theirs
  SignalGuard signals = SignalGuard::Landlock;
  bool followed = false;  // the helper traces what is started
};

filter::Rules with_guard(filter::Rules rules, const Guarded& guarded);

// A rule permits clone3, whose flags no filter sees: then it may hide from the helper all the same.
bool may_hide_processes(const filter::Rules& rules);

}  // namespace seclude::sandbox
