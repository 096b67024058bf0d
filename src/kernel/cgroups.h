// Cgroups: where this process' control groups are, and whether it may make more below them.
//
// In: /proc/self/cgroup and /proc/self/mountinfo. Out: where the groups of a run can be made.
// Neighbours: features.cc asks; run_group.h makes the groups.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/features.h"

namespace seclude::kernel {

// A folder in which the group of a run can be made.
struct GroupPlace {
  std::string folder;
  bool version2 = false;
  // Version 2: controllers that have to be switched on for the groups in there.
  std::vector<std::string> enable = {};
  friend bool operator==(const GroupPlace&, const GroupPlace&) = default;
};

struct GroupPlaces {
  std::optional<GroupPlace> memory, pids;
  std::optional<GroupPlace> cpu;      // measures processor time
  std::optional<GroupPlace> unified;  // version 2, which can end all processes of a group at once
  // Every mount of a hierarchy: whoever writes there can leave the group.
  std::vector<std::string> mounts = {};
};
// All of version 2 are in one folder: a process is in one group of that hierarchy. Groups with
// processes cannot give controllers to groups below (cgroups(7), "no internal processes"), so the
// group beside this process' own is the usual place there.
GroupPlaces group_places();
GroupAnswers group_answers();

// The texts of the two files, for tests and for group_places.
struct CgroupTexts {
  std::string mounts;      // /proc/self/mountinfo
  std::string membership;  // /proc/self/cgroup
};
// Folder of the process' own group, or empty; `controller` empty: the unified hierarchy.
std::string cgroup_folder(const CgroupTexts& texts, std::string_view controller);

}  // namespace seclude::kernel
