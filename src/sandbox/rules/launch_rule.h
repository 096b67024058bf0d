// Launch rule: what a launcher adds to a policy's rules before they become a filter.
//
// In: the rules of a policy. Out: rules, so that the additions are compiled and proven with
// everything else.
// 1. The filter is in force before execve, so the one execve that starts the target needs an
//    exemption the target cannot use: execve passes when the three argument registers it does not
//    read hold this launch's random key. execve replaces the memory and registers that knew it.
// 2. No program may install a filter with a listener of its own: such a listener takes over the
//    decisions of an outer one that has gone, and overrides an outer `trace`.
// Neighbours: prepare.cc draws the key, kernel/raw.h passes it.
#pragma once

#include "base/result.h"
#include "calls/arch.h"
#include "filter/rules.h"
#include "kernel/raw.h"

namespace seclude::sandbox {

// What else the child has to do behind its filter, and so passes like execve.
enum class HandOver : uint8_t {
  Nothing,
  Listener,  // sendmsg: the listener goes to the supervisor
  Filters,   // seccomp: the filter is the first of a chain
};

// For the architecture of this program; an error when the rules do not list it.
[[nodiscard]] Result<filter::Rules> with_launch_rule(filter::Rules rules,
                                                     const kernel::raw::LaunchKey& key,
                                                     calls::Arch arch = calls::native(),
                                                     HandOver hand_over = HandOver::Nothing);

// `seccomp` with SECCOMP_FILTER_FLAG_NEW_LISTENER is denied with EPERM, on every architecture,
// unless something stricter is said already.
filter::Rules without_new_listeners(filter::Rules rules);

}  // namespace seclude::sandbox
