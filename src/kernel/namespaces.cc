// Namespaces: see namespaces.h.
#include "kernel/namespaces.h"

#include <sched.h>
#include <unistd.h>

namespace seclude::kernel {

uint64_t flags_of(const Namespaces& namespaces) {
  uint64_t flags = 0;
  if (namespaces.user) flags |= CLONE_NEWUSER;
  if (namespaces.mounts) flags |= CLONE_NEWNS;
  if (namespaces.processes) flags |= CLONE_NEWPID;
  if (namespaces.network) flags |= CLONE_NEWNET;
  if (namespaces.ipc) flags |= CLONE_NEWIPC;
  if (namespaces.names) flags |= CLONE_NEWUTS;
  if (namespaces.groups) flags |= CLONE_NEWCGROUP;
  return flags;
}

Namespaces common(const Namespaces& some, const Namespaces& others) {
  return {.user = some.user && others.user,
          .mounts = some.mounts && others.mounts,
          .processes = some.processes && others.processes,
          .network = some.network && others.network,
          .ipc = some.ipc && others.ipc,
          .names = some.names && others.names,
          .groups = some.groups && others.groups};
}

uint32_t own_user() { return ::geteuid(); }

uint32_t own_group_id() { return ::getegid(); }

}  // namespace seclude::kernel
