// Seccomp: what the kernel's filter machine can do, and loading a program into it.
//
// In: a filter::Program. Out: the filter in force for this thread, or why not; which return
// actions and flags this kernel knows, found by asking it.
// Neighbours: raw.h loads in a child of the launcher; features.h collects the answers.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "filter/action.h"
#include "filter/program.h"

namespace seclude::kernel {

// SECCOMP_FILTER_FLAG_*, for the few that are asked about.
namespace filter_flag {
inline constexpr unsigned tsync = 1, log = 2, spec_allow = 4, new_listener = 8, tsync_esrch = 16,
                          wait_killable_recv = 32;
}

// Sets no_new_privs and puts the filter on this thread, for good.
[[nodiscard]] Result<void> confine_this_thread(std::span<const filter::Instruction> program);

// Whether the kernel acts on this kind of return value. An unknown kind is accepted at load and
// kills when it is returned (Linux 4.14 and later), so this has to be asked.
bool action_available(filter::Action action);
// Whether seccomp() takes these flags together.
bool flags_available(unsigned flags);
bool seccomp_available();

}  // namespace seclude::kernel
