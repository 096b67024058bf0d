// Namespaces: which of them a child leaves, and who this process is.
//
// In: a choice. Out: the kernel's flags, ids. The calls themselves are made in a child, between
// clone and exec (raw_namespaces.h); whether this user may make them is asked by features.h.
#pragma once

#include <cstdint>

namespace seclude::kernel {

struct Namespaces {
  bool user = false, mounts = false, processes = false, network = false, ipc = false;
  bool names = false, groups = false;  // uts, cgroup
};
// CLONE_NEW*
uint64_t flags_of(const Namespaces& namespaces);
// Those that are in both.
Namespaces common(const Namespaces& some, const Namespaces& others);

// Effective ids.
uint32_t own_user();
uint32_t own_group_id();

}  // namespace seclude::kernel
