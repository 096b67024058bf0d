// What the kernel is asked, held against what it does; control groups from given texts.
#include "kernel/features.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "calls/arch.h"
#include "kernel/cgroups.h"
#include "kernel/files.h"
#include "kernel/programs.h"

namespace seclude::kernel {
namespace {

TEST(Features, WhatThisTestRunNeedsIsThere) {
  const Features features = probe_features();
  EXPECT_TRUE(features.filters.yes);
  EXPECT_TRUE(features.no_new_privileges.yes);
  EXPECT_TRUE(features.pidfd.yes);
  EXPECT_TRUE(features.close_range.yes);
  ASSERT_EQ(features.actions.size(), 8u);
  EXPECT_EQ(features.landlock_abi == 0, features.landlock_errno != 0);
  EXPECT_EQ(features.user_namespaces.yes, features.user_namespaces.errno_value == 0);
}

TEST(Features, AskingChangesNothing) {
  const int lowest = ::open("/dev/null", O_RDONLY);
  ::close(lowest);
  const Features first = probe_features();
  EXPECT_EQ(first, probe_features());
  const int again = ::open("/dev/null", O_RDONLY);
  ::close(again);
  EXPECT_EQ(lowest, again);
  EXPECT_EQ(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 0);
  EXPECT_EQ(read_file("/proc/self/status")->find("TracerPid:\t0\n") != std::string::npos, true);
}

TEST(Programs, OnlyWhatRunsRuns) {
  EXPECT_FALSE(runs("not a program"));
  EXPECT_FALSE(runs("#!/bin/true\n"));
  std::string broken = smallest_i386_program();
  broken[18] = 0;  // e_machine: none
  EXPECT_FALSE(runs(broken));
}

constexpr const char* unified_mounts =
    "24 1 0:22 / /proc rw - proc proc rw\n"
    "31 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* hybrid_mounts =
    "40 23 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "41 23 0:31 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 master:1 - cgroup cgroup rw,cpu,cpuacct\n"
    "42 23 0:32 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n";

TEST(Cgroups, TheFolderIsMountAndGroup) {
  EXPECT_EQ(cgroup_folder({unified_mounts, "0::/user.slice/me.scope\n"}, ""),
            "/sys/fs/cgroup/user.slice/me.scope");
  EXPECT_EQ(cgroup_folder({unified_mounts, "0::/\n"}, ""), "/sys/fs/cgroup");
  EXPECT_EQ(cgroup_folder({unified_mounts, "4:memory:/a\n"}, ""), "");
  EXPECT_EQ(cgroup_folder({unified_mounts, "4:memory:/a\n0::/b\n"}, "memory"), "");
}

TEST(Cgroups, VersionOneIsFoundByController) {
  const CgroupTexts texts = {hybrid_mounts,
                             "7:pids:/docker/abc/job\n5:cpu,cpuacct:/c\n4:memory:/m\n0::/u\n"};
  EXPECT_EQ(cgroup_folder(texts, "memory"), "/sys/fs/cgroup/memory/m");
  EXPECT_EQ(cgroup_folder(texts, "cpuacct"), "/sys/fs/cgroup/cpu,cpuacct/c");
  EXPECT_EQ(cgroup_folder(texts, "pids"), "/sys/fs/cgroup/pids/job");  // a part is mounted
  EXPECT_EQ(cgroup_folder(texts, "cpus"), "");
  EXPECT_EQ(cgroup_folder(texts, ""), "");
}

TEST(Cgroups, OddTextsAreNoFolder) {
  for (const char* mounts :
       {"", "\n", " - ", "a b c - cgroup2 x", "31 23 0:26 / /x rw - cgroup2"}) {
    EXPECT_EQ(cgroup_folder({mounts, "0::/\n"}, ""), "") << mounts;
  }
  for (const char* membership : {"", ":", "0:", "::"}) {
    const std::string folder = cgroup_folder({unified_mounts, membership}, "");
    EXPECT_TRUE(folder.empty() || folder == "/sys/fs/cgroup") << membership;
  }
}

}  // namespace
}  // namespace seclude::kernel
