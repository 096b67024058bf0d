// What holds a limit line, by the rules of its policy and by what the machine has.
#include "sandbox/limits/limits.h"

#include <gtest/gtest.h>

#include "kernel/landlock.h"
#include "sandbox/rules/limit_rules.h"
#include "support/policy_text.h"

namespace seclude::sandbox {
namespace {

using policy::Resource;

kernel::GroupPlaces version1() {
  return {.memory = kernel::GroupPlace{"/c/memory/job"},
          .pids = kernel::GroupPlace{"/c/pids"},
          .cpu = kernel::GroupPlace{"/c/cpuacct"},
          .unified = {},
          .mounts = {"/c/memory", "/c/pids", "/c/cpuacct"}};
}

kernel::GroupPlaces version2() {
  const kernel::GroupPlace place = {
      .folder = "/sys/fs/cgroup/user", .version2 = true, .enable = {"pids"}};
  return {
      .memory = place, .pids = place, .cpu = place, .unified = place, .mounts = {"/sys/fs/cgroup"}};
}

struct Case {
  std::string body;
  kernel::GroupPlaces places = {};
  std::map<std::string, std::string> files = {};  // what `use ./NAME` finds
  const Domain* domain = nullptr;
  bool isolates_processes = false;
  bool accounts = false;
};

HeldLimits hold(const Case& one) {
  const test::PolicyText policy("seclude 1\npolicy p\n" + one.body, one.files);
  EXPECT_EQ(policy.messages(), "");
  const auto lines = limit_lines(policy.texts, policy.sources);
  return hold_limits({.lines = lines,
                      .rules = policy.rules(),
                      .domain = one.domain,
                      .isolates_processes = one.isolates_processes,
                      .accounts = one.accounts,
                      .places = one.places});
}

// "cgroup v1"; "- rlimit" where only a part is held.
std::string layer(const HeldLimits& held, Resource resource) {
  const HeldResource* one = find(held, resource);
  if (one == nullptr) return "none";
  return (one->held ? "" : one->layer.empty() ? "-" : "- ") + one->layer;
}

std::string layer(const Case& one, Resource resource) { return layer(hold(one), resource); }

const std::string open = "otherwise allow\n";
const std::string alone = "otherwise kill\nallow read\n";

TEST(Limits, TheSmallestOfSeveralHolds) {
  const HeldLimits held =
      hold({.body = alone + "limit open-files 9\nuse ./one, ./other\n",
            .files = {{"./one", "limit open-files 7\n"}, {"./other", "limit open-files 8\n"}}});
  EXPECT_EQ(held.steps.rlimits, (std::vector<ResourceLimit>{{LimitedResource::OpenFiles, 7}}));
}

TEST(Limits, OneProcessIsHeldWithoutGroups) {
  const std::string lines =
      "limit memory 1G\nlimit processes 1\nlimit threads 1\n"
      "limit cpu-time 1500ms\nlimit time 2s\n";
  for (const kernel::GroupPlaces& places : {kernel::GroupPlaces{}, version1(), version2()}) {
    const HeldLimits held = hold({alone + lines, places});
    EXPECT_EQ(layer(held, Resource::Memory), "rlimit");
    EXPECT_EQ(layer(held, Resource::Processes), "seccomp");
    EXPECT_EQ(layer(held, Resource::Threads), "seccomp");
    EXPECT_EQ(layer(held, Resource::CpuTime), "launcher and rlimit");
    EXPECT_EQ(layer(held, Resource::Time), "launcher");
    EXPECT_FALSE(held.steps.group);
    EXPECT_TRUE(held.covered.empty());
    EXPECT_EQ(held.steps.time, (WatchTime{2'000'000'000, 1'500'000'000}));
    EXPECT_EQ(held.steps.rlimits,
              (std::vector<ResourceLimit>{{LimitedResource::AddressSpace, 1 << 30},
                                          {LimitedResource::CpuTime, 3}}));
  }
}

TEST(Limits, AReportMeasuresInAGroupIfThatCostsNoMount) {
  const Case reported{.body = alone + "limit memory 1G\n", .places = version1(), .accounts = true};
  EXPECT_EQ(layer(reported, Resource::Memory), "cgroup v1");
  EXPECT_TRUE(hold(reported).covered.empty());
  EXPECT_FALSE(hold(reported).steps.group->guarded);
  Case writing = reported;
  writing.body = alone + "allow openat\nlimit memory 1G\n";
  EXPECT_EQ(layer(writing, Resource::Memory), "rlimit");
}

TEST(Limits, ManyProcessesTakeGroups) {
  const std::string lines =
      "limit memory 1G\nlimit processes 8\nlimit cpu-time 1s\nlimit time 2s\n";
  const HeldLimits one = hold({open + lines, version1()});
  EXPECT_EQ(layer(one, Resource::Memory), "cgroup v1");
  EXPECT_EQ(layer(one, Resource::Processes), "cgroup v1");
  EXPECT_EQ(layer(one, Resource::CpuTime), "launcher, cgroup v1 and rlimit");
  EXPECT_EQ(layer(one, Resource::Time), "launcher and cgroup v1");
  ASSERT_EQ(one.steps.group->parts.size(), 3u);
  EXPECT_TRUE(one.steps.group->guarded);
  EXPECT_EQ(one.covered, (std::vector<std::string>{"/c/memory", "/c/pids", "/c/cpuacct"}));

  const HeldLimits two = hold({open + lines, version2()});
  EXPECT_EQ(layer(two, Resource::Time), "launcher and cgroup v2");
  ASSERT_EQ(two.steps.group->parts.size(), 1u);
  const kernel::GroupPart& part = two.steps.group->parts[0];
  EXPECT_EQ(part.enable, std::vector<std::string>{"pids"});
  const kernel::GroupSetting first = {"memory.max", "1073741824"}, last = {"pids.max", "8"};
  EXPECT_EQ(part.settings.front(), first);
  EXPECT_EQ(part.settings.back(), last);
  EXPECT_EQ(two.covered, std::vector<std::string>{"/sys/fs/cgroup"});
}

TEST(Limits, WithoutGroupsManyProcessesAreNotHeld) {
  const std::string lines = open +
                            "limit memory 1G\nlimit threads 8\nlimit cpu-time 1s\n"
                            "limit time 2s\nlimit file-size 1M\nlimit output 1M\n";
  const HeldLimits held = hold({lines});
  EXPECT_EQ(layer(held, Resource::Memory), "- rlimit");
  EXPECT_EQ(layer(held, Resource::Threads), "-");
  EXPECT_EQ(layer(held, Resource::CpuTime), "- launcher and rlimit");
  EXPECT_EQ(layer(held, Resource::Time), "- launcher");
  EXPECT_EQ(layer(held, Resource::FileSize), "rlimit");
  EXPECT_EQ(layer(held, Resource::Output), "launcher");
  for (const HeldResource& one : held.resources) EXPECT_EQ(one.why.empty(), one.held);
  EXPECT_EQ(layer({.body = lines, .isolates_processes = true}, Resource::Time),
            "launcher and namespaces");
}

TEST(Limits, ThreadsOfOneProcessAreNoProcesses) {
  const std::string threads =
      "otherwise kill\nallow clone where flags has all CLONE_VM | "
      "CLONE_THREAD and flags within CLONE_VM | CLONE_THREAD\n"
      "limit processes 1\nlimit threads 8\n";
  const HeldLimits held = hold({threads, version1()});
  EXPECT_EQ(layer(held, Resource::Processes), "seccomp");
  EXPECT_EQ(layer(held, Resource::Threads), "cgroup v1");
  const std::vector<kernel::GroupSetting> eight = {{"pids.max", "8"}};
  EXPECT_EQ(held.steps.group->parts[0].settings, eight);
}

TEST(Limits, WhatMayStartProcesses) {
  const auto by = [](const std::string& rules) {
    return layer({rules + "limit processes 1\n"}, Resource::Processes);
  };
  for (const char* rules :
       {"otherwise allow\nkill fork, vfork, clone, clone3\n",
        "otherwise kill\nallow clone where flags == CLONE_THREAD | CLONE_VM\n",
        "otherwise kill\nallow clone where flags has CLONE_THREAD or flags == CLONE_THREAD\n",
        "otherwise kill\ndeny fork\nallow vfork\nkill vfork\n"})
    EXPECT_EQ(by(rules), "seccomp") << rules;
  for (const char* rules :
       {"otherwise allow\nkill fork, vfork, clone\n", "otherwise kill\nallow vfork\n",
        "otherwise kill\nlog fork\n", "otherwise kill\nallow clone3\n",
        "otherwise kill\nallow clone where flags lacks CLONE_THREAD\n",
        "otherwise kill\nallow clone where flags has CLONE_THREAD or flags has CLONE_VM\n",
        "otherwise kill\nallow clone where flags has any CLONE_THREAD | CLONE_VM\n",
        "otherwise kill\nallow clone where not flags has CLONE_THREAD\n",
        "otherwise kill\nallow fork\nkill clone\n"})
    EXPECT_EQ(by(rules), "-") << rules;
}

TEST(Limits, WhoMayWriteFilesIsKeptFromTheGroups) {
  const auto covered = [](const std::string& rules, const Domain* domain = nullptr) {
    const std::string body = rules + "allow fork\nlimit memory 1G\n";
    return !hold({.body = body, .places = version2(), .domain = domain}).covered.empty();
  };
  const std::string closed = "otherwise kill\n";
  EXPECT_FALSE(covered(closed));
  EXPECT_FALSE(covered(closed + "allow openat where flags & (O_ACCMODE | O_CREAT) == O_RDONLY\n"));
  EXPECT_FALSE(covered(closed + "allow open where flags in (O_RDONLY, O_RDONLY | O_CLOEXEC)\n"));
  EXPECT_FALSE(covered(closed + "allow openat where flags within O_CLOEXEC | O_DIRECTORY\n"));
  for (const char* rule :
       {"allow openat\n", "allow open where flags & O_ACCMODE == O_WRONLY\n",
        "allow open where flags in (O_RDONLY, O_RDWR)\n", "allow creat\n", "allow openat2\n",
        "allow io_uring_setup\n", "allow mkdirat\n", "allow openat where flags lacks O_CREAT\n",
        "allow openat where flags != O_RDWR\n"})
    EXPECT_TRUE(covered(closed + rule)) << rule;

  const auto domain = [](std::string path, uint64_t rights) {
    return Domain{.confines_paths = true, .paths = {{std::move(path), rights}}};
  };
  namespace right = kernel::file_right;
  const Domain reading = domain("/", right::read_file | right::read_dir | right::execute);
  const Domain elsewhere = domain("/sys/fs/cgroups", right::write_file);
  EXPECT_FALSE(covered(open, &reading));
  EXPECT_FALSE(covered(open, &elsewhere));
  for (const char* path : {"/", "/sys", "/sys/fs/cgroup", "/sys/fs/cgroup/user/x"}) {
    const Domain writing = domain(path, right::write_file);
    const Domain making = domain(path, right::make_dir);
    EXPECT_TRUE(covered(open, &writing)) << path;
    EXPECT_TRUE(covered(open, &making)) << path;
  }
}

TEST(Limits, NothingLeavesItsGroupByAnotherCall) {
  const test::PolicyText policy("seclude 1\npolicy p\notherwise allow\nallow clone3\n");
  const filter::Rules rules = keeping_in_group(policy.rules());
  const auto answer = [&](const char* call, std::array<uint64_t, 6> args) {
    const auto number = calls::number_of(*calls::find_call(call), calls::Arch::x86_64);
    const filter::Input input = {
        .number = *number, .arch = calls::info(calls::Arch::x86_64).audit, .args = args};
    return filter::to_string(filter::meaning(rules, input).action, calls::Arch::x86_64);
  };
  constexpr uint64_t namespaces = 0x2000000, sigchld = 17;
  EXPECT_EQ(answer("clone3", {1, 88}), "errno:ENOSYS");
  EXPECT_EQ(answer("unshare", {namespaces}), "errno:EPERM");
  EXPECT_EQ(answer("unshare", {namespaces | 0x20000}), "errno:EPERM");
  EXPECT_EQ(answer("unshare", {0x20000}), "allow");
  EXPECT_EQ(answer("clone", {namespaces | sigchld}), "errno:EPERM");
  EXPECT_EQ(answer("clone", {namespaces | sigchld | uint64_t{1} << 40}), "errno:EPERM");
  EXPECT_EQ(answer("clone", {sigchld}), "allow");
}

}  // namespace
}  // namespace seclude::sandbox
