// Companion rules: calls that would lead around a Landlock domain, refused in the filter.
//
// In: a policy's rules, and the domain. Out: rules, to be compiled and proven like any other.
// Paths: 1. what changes files without opening them for writing, which Landlock does not see
// (modes, owners, times, attributes where mounts do not hold them; flags), handles of files, which
// mounts do not see, and watching directories. 2. Without a `run` line
// every execve but the launch; with one, memfd_create: a file in memory has no path that a rule
// could name. Network: only TCP over IPv4 and IPv6 can be made; no data before a connection
// (MSG_FASTOPEN), no protocol on top that Landlock does not know, no listening where no line
// listens; where one names ends, `listen` waits for the helper. Both: io_uring, whose calls no
// filter sees. What the policy refuses in another way stays refused in that way. Neighbours:
// guard_rules.h, launch_rule.h add for other reasons.
#pragma once

#include "filter/rules.h"
#include "sandbox/paths/domain.h"

namespace seclude::sandbox {

filter::Rules with_companions(filter::Rules rules, const Domain& domain);

}  // namespace seclude::sandbox
