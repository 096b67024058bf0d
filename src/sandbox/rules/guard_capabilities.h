// Guard capabilities: the pieces of root's power that reach around a policy.
//
// In: a policy's rules. Out: the capabilities a program behind it gives up: those that lead into
// other processes or into the kernel. One stays when a line of the policy permits a call that is of
// no use without it (`allow mount`: SYS_ADMIN); `otherwise allow` is no such line.
// What programs that run as root ordinarily need is not among them: CHOWN, DAC_OVERRIDE, FOWNER,
// SETUID, SETGID, KILL, NET_BIND_SERVICE, NET_ADMIN, SYS_CHROOT, SYS_RESOURCE, SYS_NICE and the
// like.
// Neighbours: plan.h makes a step of it; kernel/capabilities.h has the numbers.
#pragma once

#include <cstdint>

#include "filter/rules.h"

namespace seclude::sandbox {

// Bit n is capability n.
uint64_t capabilities_to_give_up(const filter::Rules& rules);

}  // namespace seclude::sandbox
