// Cgroups: where this process' control groups are, and whether it may make more below them.
//
// In: /proc/self/cgroup and /proc/self/mountinfo. Out: one CgroupAnswer per hierarchy.
// Neighbours: features.cc asks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/features.h"

namespace seclude::kernel {

// The unified hierarchy.
CgroupAnswer find_cgroup2();
// Version 1 hierarchies that hold one of these controllers, each with the ones it holds.
std::vector<CgroupAnswer> find_cgroup1(const std::vector<std::string>& controllers);

// The texts of the two files, for tests and for find_*: a folder, or empty.
struct CgroupTexts {
  std::string mounts;      // /proc/self/mountinfo
  std::string membership;  // /proc/self/cgroup
};
// Folder of the process' own group; `controller` empty: the unified hierarchy.
std::string cgroup_folder(const CgroupTexts& texts, std::string_view controller);

}  // namespace seclude::kernel
