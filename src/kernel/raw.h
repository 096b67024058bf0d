// Raw: the calls a child makes between clone and exec.
//
// In: plain numbers and pointers that the parent prepared. Out: 0 or an errno. Nothing here
// allocates, locks, throws or touches stdio: the child shares the parent's memory (vfork-style),
// where another thread may have held any lock at the moment of the clone.
// Neighbours: sandbox/child.cc is the only caller; process.h makes the child.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "filter/program.h"
#include "kernel/processors.h"

namespace seclude::kernel::raw {

// Ends this process when the thread that made it ends; ESRCH when that has happened already.
int die_with_parent(int signal, int expected_parent);
// Back to those that it was kept off (processors.h).
void use_processors(const ProcessorSet& set);
int new_session();
int change_directory(const char* path);
int set_file_mask(unsigned mask);
// Makes `to` refer to what `from` is; the copy survives execve.
int place_descriptor(int from, int to);
// Clears close-on-exec.
int keep_descriptor(int number);
// Closes first..last, both included.
int close_descriptors(unsigned first, unsigned last);
// Bit n-1 of `keep_ignored` is signal n: it stays ignored if it is. All others get their default
// action, and nothing is blocked any more.
int reset_signals(uint64_t keep_ignored);
int set_limit(int resource, uint64_t soft, uint64_t hard);
int set_no_new_privileges();
// Enters a Landlock domain that signals and traces only what is inside it, and changes nothing
// else: no access to files or networks is handled. Needs no_new_privs.
int keep_signals_inside();
// The same with a ruleset that was made before (landlock.h).
int enter_domain(int ruleset);
// From here on execve gives root no capabilities, whatever else holds it, and none can be made
// ambient (securebits, locked). Takes SETPCAP.
int lock_privileges();
// Bit n is capability n; this process and all it will start can never use it again. Needs
// no_new_privs.
int give_up_capabilities(uint64_t set);

// A filter that is already in force lets a call of the launch pass because it carries the key in
// the three argument registers that the call does not use.
using LaunchKey = std::array<unsigned long, 3>;
// The key is for the second filter of a chain and those after it.
int load_filter(const filter::Instruction* program, size_t length, const LaunchKey& key);
int execute(const char* path, char* const* argv, char* const* environment, const LaunchKey& key);

// exit_group, and if a filter refuses even that, an illegal instruction.
[[noreturn]] void leave(int status);

}  // namespace seclude::kernel::raw
