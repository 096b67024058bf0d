// Each lack is found and comes with the right thing to do.
#include "report/doctor.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

namespace seclude::report {
namespace {

using kernel::Features;
using State = Finding::State;

Features everything() {
  Features features;
  features.filters = {true, 0};
  features.actions = {{"SECCOMP_RET_ALLOW", filter::Action::allow(), true}};
  features.listener = features.wait_killable = features.tsync_errno = true;
  features.jit = 1;
  features.no_new_privileges = features.pidfd = features.pidfd_getfd = features.close_range =
      features.user_namespaces = features.ptrace = {true, 0};
  features.landlock_abi = 7;
  features.groups = {.mounted = true, .memory = 2, .tasks = 2, .cpu = 2};
  features.yama = 1;
  return features;
}

// The findings that are not good, by name; the fix of the only one is looked at.
Finding only_lack(const Features& features) {
  std::vector<Finding> lacks;
  for (const Finding& finding : findings(features)) {
    if (finding.state == State::Lacking || finding.state == State::Missing)
      lacks.push_back(finding);
  }
  EXPECT_EQ(lacks.size(), 1u) << to_text(lacks);
  return lacks.empty() ? Finding{} : lacks.front();
}

TEST(Doctor, NothingLacksWhereEverythingIs) {
  EXPECT_TRUE(all_good(findings(everything()))) << to_text(findings(everything()));
}

TEST(Doctor, NoFiltersIsFatal) {
  Features features = everything();
  features.filters = {false, ENOSYS};
  const Finding finding = only_lack(features);
  EXPECT_EQ(finding.state, State::Missing);
  EXPECT_NE(finding.fix.find("CONFIG_SECCOMP_FILTER"), std::string::npos);
}

TEST(Doctor, MissingActionsAreNamed) {
  Features features = everything();
  features.actions.push_back({"SECCOMP_RET_USER_NOTIF", filter::Action::ask(), false});
  EXPECT_NE(only_lack(features).detail.find("SECCOMP_RET_USER_NOTIF"), std::string::npos);
}

TEST(Doctor, WhatGuardsTheLauncherIsTold) {
  const auto guard = [](int abi) {
    Features features = everything();
    features.landlock_abi = abi;
    for (const Finding& finding : findings(features))
      if (finding.name == "launcher's guard") return finding;
    return Finding{};
  };
  EXPECT_EQ(guard(6).state, State::Good);
  EXPECT_EQ(guard(6).detail, "Landlock");
  EXPECT_EQ(guard(5).state, State::Note);
  EXPECT_NE(guard(0).detail.find("rules of each filter"), std::string::npos);
}

TEST(Doctor, LandlockTellsDisabledFromAbsentFromOld) {
  Features features = everything();
  features.landlock_abi = 0;
  features.landlock_errno = EOPNOTSUPP;
  EXPECT_NE(only_lack(features).fix.find("lsm="), std::string::npos);
  features.landlock_errno = ENOSYS;
  EXPECT_NE(only_lack(features).fix.find("CONFIG_SECURITY_LANDLOCK"), std::string::npos);
  features.landlock_abi = 4;
  EXPECT_EQ(only_lack(features).fix,
            "a newer kernel has device ioctls (Linux 6.10), scopes (Linux 6.12)");
}

TEST(Doctor, UserNamespacesNameTheSwitchThatIsOff) {
  Features features = everything();
  features.user_namespaces = {false, EPERM};
  EXPECT_NE(only_lack(features).fix.find("CLONE_NEWUSER"), std::string::npos);
  features.apparmor_restricts_userns = 1;
  EXPECT_NE(only_lack(features).fix.find("apparmor_restrict_unprivileged_userns=0"),
            std::string::npos);
  features.unprivileged_userns_clone = 0;
  EXPECT_EQ(only_lack(features).fix, "sysctl kernel.unprivileged_userns_clone=1");
  features.max_user_namespaces = 0;
  EXPECT_EQ(only_lack(features).fix, "sysctl user.max_user_namespaces=10000");
}

TEST(Doctor, EitherVersionOfControlGroupsWillDo) {
  Features features = everything();
  features.groups = {.mounted = true, .memory = 0, .tasks = 0, .cpu = 2};
  EXPECT_NE(only_lack(features).fix.find("Delegate=yes"), std::string::npos);
  EXPECT_EQ(only_lack(features).detail,
            "memory by none, processes by none, processor time by version 2");
  features.groups.memory = 1;
  only_lack(features);
  features.groups.tasks = 1;
  EXPECT_TRUE(all_good(findings(features)));
  features.groups = {};
  EXPECT_NE(only_lack(features).fix.find("mount -t cgroup2"), std::string::npos);
}

TEST(Doctor, TheJitAndOldNotificationsAreMended) {
  Features features = everything();
  features.jit = 0;
  EXPECT_EQ(only_lack(features).fix, "sysctl net.core.bpf_jit_enable=1");
  features.jit = 2;
  features.wait_killable = false;
  EXPECT_NE(only_lack(features).fix.find("5.19"), std::string::npos);
}

TEST(Doctor, YamaThatCannotBeLoweredIsSaid) {
  Features features = everything();
  features.ptrace = {false, EPERM};
  features.yama = 3;
  EXPECT_NE(only_lack(features).fix.find("boot again"), std::string::npos);
}

TEST(Doctor, JsonHoldsEveryFinding) {
  Features features = everything();
  features.jit = 0;
  const auto list = findings(features);
  const auto document = nlohmann::json::parse(to_json(list));
  EXPECT_EQ(document["all_good"], false);
  ASSERT_EQ(document["findings"].size(), list.size());
  EXPECT_EQ(document["findings"][4]["name"], "BPF JIT");
  EXPECT_EQ(document["findings"][4]["state"], "lacking");
  EXPECT_EQ(document["findings"][4]["fix"], "sysctl net.core.bpf_jit_enable=1");
}

}  // namespace
}  // namespace seclude::report
