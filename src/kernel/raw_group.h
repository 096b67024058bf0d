// Raw, groups: joining, ending and removing the control groups of a run without a library.
//
// In: paths and descriptors that were prepared before. Out: 0 or an errno. The rules of raw.h hold:
// no allocation, no lock. The same code serves the child, the launcher, and the guardian, a process
// that shares the launcher's memory and outlives it.
// Neighbours: run_group.h prepares; sandbox/child.cc joins.
#pragma once

#include <cstddef>

namespace seclude::kernel::raw {

// One group, in one hierarchy.
struct GroupFolder {
  const char* folder = nullptr;
  const char* processes = nullptr;      // its cgroup.procs
  const char* kill = nullptr;           // version 2: its cgroup.kill
  const char* tasks_at_most = nullptr;  // its pids.max
};
struct GroupFolders {
  static constexpr size_t most = 4;
  GroupFolder list[most] = {};
  size_t count = 0;
};

// This process is in the group whose `cgroup.procs` or, in version 1, `tasks` is open there.
int join_group(int descriptor);

// SIGKILL to everything in there; nothing can be started there any more once it returns.
void end_group(const GroupFolders& folders);

// Removes the folders; what has just been killed may take a while to leave. EBUSY: somebody is
// still there after `patience` milliseconds.
int remove_group(const GroupFolders& folders, int patience);

struct GroupGuardian {
  GroupFolders folders = {};
  int launcher = -1;  // a pidfd
};
// Waits for the launcher's end, and then ends and removes what it has left. Never comes back.
[[noreturn]] void guard_group(const GroupGuardian& guardian);

}  // namespace seclude::kernel::raw
