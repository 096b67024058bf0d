// Raw, supervised: what a child does so that somebody can watch it, between clone and exec.
//
// In: its end of a message socket. Out: 0 or an errno. The rules of raw.h hold: no allocation, no
// lock. The descriptor of the filter's listener has to leave the child before execve closes it, and
// by then the filter is in force: the message carries the launch key in the registers sendmsg does
// not use (sandbox/rules/launch_rule.h).
// Neighbours: raw.h; sandbox/child.cc is the only caller, sandbox/helper/supervisor.cc the other
// side.
#pragma once

#include <cstddef>

#include "kernel/raw.h"

namespace seclude::kernel::raw {

// Lets `supervisor` trace this process, and says its own process id. `outside`: its id where the
// supervisor is, if that is not its own (0).
int tell_supervisor(int socket, int supervisor, int outside);
// Waits until that is answered. Then nobody else can trace the launcher, whose memory the child
// still shares.
int hear_supervisor(int socket);

// Loads the filter with a listener, whose descriptor goes to `socket`.
int load_filter_supervised(const filter::Instruction* program, size_t length, unsigned flags,
                           int socket, const LaunchKey& key);

}  // namespace seclude::kernel::raw
