// Raw, namespaces: how a child leaves the launcher's namespaces, between clone and exec.
//
// In: plain numbers, texts and stacks that the parent prepared. Out: 0 or an errno. The rules of
// raw.h hold: no allocation, no lock. A first process of a process namespace has
// memory of its own, the others still share the launcher's.
// Neighbours: raw.h; raw_mounts.h fills a mount namespace; callers are sandbox/child.cc and
// new_namespaces.cc.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/gate.h"

namespace seclude::kernel::raw {

// Of CLONE_NEW* flags, in one call.
int leave_namespaces(uint64_t flags);
// Those that another process has made (new_namespaces.h), by its pidfd; of a process namespace for
// children only. Of CLONE_NEW* flags; Linux 5.8.
int join_namespaces(int process, uint64_t flags);
// The same as soon as the gate is open; ECANCELED where they were not made.
int join_when_made(int process, uint64_t flags, const Gate& made);
// Whoever waits for a process that may end without a word looks for it that often, in nanoseconds.
inline constexpr uint64_t between_looks = 2'000'000;
// The same, where a signal tells (PR_SET_PDEATHSIG) but for rare cases.
inline constexpr uint64_t between_looks_at_launcher = 2'000'000'000;
// After a user namespace was made: the text of uid_map and of gid_map. Groups can be given up no
// more, which the kernel asks of whoever has no privileges outside (user_namespaces(7)).
int map_ids(const char* users, const char* groups);
// The loopback device of this network namespace carries packets.
int raise_loopback();
// What uname tells inside this namespace of names.
int set_host_name(const char* name);
// Keys of whoever launches are not possessed any more. A filter outside that refuses this keeps the
// program from keys as well.
int join_new_keyring();

// Memory that a copy which only waits does without: where values are kept (cli/not_copied). It is
// most of what there is to copy, and what is not shared need not be separated at the next write.
struct NotCopied {
  void* begin = nullptr;
  size_t size = 0;
};
inline NotCopied not_copied;

struct Beginning {
  int (*entry)(void*) = nullptr;
  void* argument = nullptr;
  void* stack = nullptr;  // its upper end
};
// Both become children of this process' parent, which the new process cannot see, and write the new
// process' number, as this process counts, to `process` before it begins.
// With a copy of this memory, but for what is named here, in new namespaces (CLONE_NEW*).
int begin_copy(const Beginning& beginning, uint64_t namespaces, int* process);
// In this memory; comes back when the new process has executed a program or has ended.
int begin_sharing(const Beginning& beginning, int* process);

// What the first process of a process namespace and others tell each other, in memory that is not
// copied.
struct Guarded {
  Gate ready = {};  // opened by the first process, when it is all that it shall be
  Gate begun = {};  // opened by the program's process
  int program = 0;  // its number, as the namespace counts
};
// By the program's process.
int tell_own_number(Guarded& guarded);

// For the first process of a process namespace.
struct Guardian {
  int launcher = -1;  // a pidfd of the launcher
  Guarded* guarded = nullptr;
};
// Ends with the launcher or the program, knows nothing, holds nothing, and lets the kernel collect
// what ends: from when `ready` is open. Never comes back.
[[noreturn]] void guard_namespace(const Guardian& guardian);

}  // namespace seclude::kernel::raw
