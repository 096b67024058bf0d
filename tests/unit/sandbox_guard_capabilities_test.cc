// Which capabilities a policy leaves to a program that runs as root.
#include "sandbox/rules/guard_capabilities.h"

#include <gtest/gtest.h>

#include "calls/calls.h"
#include "kernel/capabilities.h"

namespace seclude::sandbox {
namespace {

using filter::Action;
using kernel::Capability;

filter::Rules stating(const char* call, Action action, Action otherwise) {
  filter::ArchRules rules{};
  rules.arch = calls::Arch::x86_64;
  rules.unknown = otherwise;
  rules.rules.push_back({action, {}, Span()});
  filter::NumberRules entry;
  entry.number = *calls::number_of(*calls::find_call(call), rules.arch);
  entry.end_rule = 1;
  entry.otherwise = otherwise;
  rules.numbers.push_back(entry);
  filter::Rules all;
  all.archs.push_back(rules);
  return all;
}

bool given_up(const filter::Rules& rules, Capability capability) {
  return (capabilities_to_give_up(rules) & kernel::bit_of(capability)) != 0;
}

TEST(GuardCapabilities, ALineThatPermitsACallKeepsWhatItIsOfNoUseWithout) {
  const auto mounting = stating("mount", Action::allow(), Action::deny(1));
  EXPECT_FALSE(given_up(mounting, Capability::SysAdmin));
  EXPECT_TRUE(given_up(mounting, Capability::SysPtrace));
  EXPECT_TRUE(given_up(mounting, Capability::SysModule));
  EXPECT_FALSE(given_up(stating("ptrace", Action::log(), Action::kill()), Capability::SysPtrace));
  EXPECT_FALSE(given_up(stating("bpf", Action::allow(), Action::kill()), Capability::Bpf));
  EXPECT_FALSE(given_up(stating("reboot", Action::allow(), Action::kill()), Capability::SysBoot));
}

TEST(GuardCapabilities, NeitherOtherwiseNorARefusalKeepsAny) {
  const auto everything =
      capabilities_to_give_up(stating("read", Action::allow(), Action::allow()));
  EXPECT_EQ(capabilities_to_give_up(stating("mount", Action::deny(1), Action::allow())),
            everything);
  for (const Capability one :
       {Capability::SysAdmin, Capability::SysPtrace, Capability::SysModule, Capability::SysRawio,
        Capability::Bpf, Capability::Perfmon, Capability::Mknod, Capability::CheckpointRestore})
    EXPECT_NE(everything & kernel::bit_of(one), 0u) << static_cast<int>(one);
}

TEST(GuardCapabilities, MakingNodesAndPolicingTheMachineAreNeverKept) {
  EXPECT_TRUE(given_up(stating("mknod", Action::allow(), Action::allow()), Capability::Mknod));
}

TEST(GuardCapabilities, WhatServersNeedStays) {
  const uint64_t set = capabilities_to_give_up(stating("read", Action::allow(), Action::kill()));
  // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE,
  // NET_ADMIN, NET_RAW, IPC_LOCK, SYS_CHROOT, SYS_NICE, SYS_RESOURCE, AUDIT_WRITE, SETFCAP.
  for (const int kept : {0, 1, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 18, 23, 24, 29, 31})
    EXPECT_EQ((set >> kept) & 1, 0u) << kept;
}

}  // namespace
}  // namespace seclude::sandbox
