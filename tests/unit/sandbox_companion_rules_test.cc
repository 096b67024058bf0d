// Companion rules: what the filter closes beside a Landlock domain, and what it leaves open.
#include "sandbox/rules/companion_rules.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "support/policy_text.h"

namespace seclude::sandbox {
namespace {

std::string verdict(const Domain& domain, const char* call, std::array<uint64_t, 6> args = {},
                    calls::Arch arch = calls::Arch::x86_64) {
  const test::PolicyText policy(
      "seclude 1\npolicy p\narchitectures x86_64, x86\notherwise allow\n");
  const filter::Rules rules = with_companions(policy.rules(), domain);
  const auto number = calls::number_of(*calls::find_call(call), arch);
  const filter::Input input{.number = *number, .arch = calls::info(arch).audit, .args = args};
  return filter::to_string(filter::meaning(rules, input).action, arch);
}

const Domain paths = {.confines_paths = true};
const Domain running = {.confines_paths = true, .runs = true};
const Domain connecting = {.confines_network = true};

TEST(CompanionRules, FilesAreChangedOnlyThroughWhatWasOpenedForIt) {
  for (const char* call : {"chmod", "fchmod", "fchown", "utimensat", "fsetxattr", "removexattr"})
    EXPECT_EQ(verdict(paths, call), "errno:EPERM") << call;
  EXPECT_EQ(verdict(paths, "ioctl", {3, 0x40086602}), "errno:EPERM");
  EXPECT_EQ(verdict(paths, "ioctl", {3, 0x40086602ull | 1ull << 40}), "errno:EPERM");
  EXPECT_EQ(verdict(paths, "ioctl", {3, 0x5000940e}), "errno:EPERM");  // BTRFS_IOC_SUBVOL_CREATE
  EXPECT_EQ(verdict(paths, "ioctl", {3, 0x40047211}), "errno:EPERM");  // FAT_IOCTL_SET_ATTRIBUTES
  EXPECT_EQ(verdict(paths, "ioctl", {3, 0x40049409}), "allow");        // FICLONE
  EXPECT_EQ(verdict(paths, "ioctl", {3, 0x5401}), "allow");
  EXPECT_EQ(verdict(paths, "openat"), "allow");
  EXPECT_EQ(verdict({.confines_paths = true, .changes_all = true}, "chmod"), "allow");
  EXPECT_EQ(verdict(connecting, "chmod"), "allow");
  const Domain mounted = {.confines_paths = true, .own_root = true, .attributes_by_mounts = true};
  EXPECT_EQ(verdict(mounted, "chmod"), "allow");
  EXPECT_EQ(verdict(mounted, "ioctl", {3, 0x40086602}), "errno:EPERM");
  EXPECT_EQ(verdict(mounted, "open_by_handle_at"), "errno:EPERM");
}

TEST(CompanionRules, WatchingIsReading) {
  EXPECT_EQ(verdict(paths, "inotify_add_watch"), "errno:EACCES");
  EXPECT_EQ(verdict({.confines_paths = true, .lists_all = true}, "inotify_add_watch"), "allow");
}

TEST(CompanionRules, ProgramsStartOnlyFromFilesAndOnlyWithRunLines) {
  EXPECT_EQ(verdict(paths, "execve"), "errno:EACCES");
  EXPECT_EQ(verdict(paths, "execveat"), "errno:EACCES");
  EXPECT_EQ(verdict(paths, "memfd_create"), "allow");
  EXPECT_EQ(verdict(running, "execve"), "allow");
  EXPECT_EQ(verdict(running, "memfd_create"), "errno:ENOSYS");
}

TEST(CompanionRules, OnlyTcpSocketsAreMade) {
  for (const uint64_t family : {AF_INET, AF_INET6}) {
    EXPECT_EQ(verdict(connecting, "socket", {family, SOCK_STREAM, 0}), "allow");
    EXPECT_EQ(verdict(connecting, "socket", {family, SOCK_STREAM | SOCK_CLOEXEC, 6}), "allow");
    EXPECT_EQ(verdict(connecting, "socket", {family, SOCK_DGRAM, 0}), "errno:EACCES");
    EXPECT_EQ(verdict(connecting, "socket", {family, SOCK_RAW, 6}), "errno:EACCES");
    EXPECT_EQ(verdict(connecting, "socket", {family, SOCK_STREAM, 262}), "errno:EACCES");
    EXPECT_EQ(verdict(connecting, "socket", {family, SOCK_STREAM, 256}), "errno:EACCES");
  }
  for (const uint64_t family : {AF_UNIX, AF_NETLINK, AF_PACKET, AF_VSOCK, 43})
    EXPECT_EQ(verdict(connecting, "socket", {family, SOCK_STREAM, 0}), "errno:EACCES");
  EXPECT_EQ(verdict(connecting, "socketcall", {}, calls::Arch::x86), "errno:ENOSYS");
  EXPECT_EQ(verdict(paths, "socket", {AF_UNIX, SOCK_DGRAM, 0}), "allow");
}

TEST(CompanionRules, PairsStayAmongThemselves) {
  EXPECT_EQ(verdict(connecting, "socketpair", {AF_UNIX, SOCK_STREAM, 0}), "allow");
  EXPECT_EQ(verdict(connecting, "socketpair", {AF_UNIX, SOCK_DGRAM, 0}), "errno:EACCES");
}

TEST(CompanionRules, NothingIsSentBeforeAConnection) {
  EXPECT_EQ(verdict(connecting, "sendto", {3, 0, 0, MSG_FASTOPEN}), "errno:EACCES");
  EXPECT_EQ(verdict(connecting, "sendmsg", {3, 0, MSG_FASTOPEN | 1}), "errno:EACCES");
  EXPECT_EQ(verdict(connecting, "sendmmsg", {3, 0, 1, MSG_FASTOPEN}), "errno:EACCES");
  EXPECT_EQ(verdict(connecting, "sendto", {3, 0, 0, MSG_NOSIGNAL}), "allow");
  EXPECT_EQ(verdict(connecting, "setsockopt", {3, 6, 31}), "errno:EACCES");
  EXPECT_EQ(verdict(connecting, "setsockopt", {3, 6, 1}), "allow");
}

TEST(CompanionRules, ListeningTakesALine) {
  EXPECT_EQ(verdict(connecting, "listen"), "errno:EACCES");
  EXPECT_EQ(verdict({.confines_network = true, .listens = true}, "listen"), "allow");
}

TEST(CompanionRules, WhereALineNamesEndsTheHelperListens) {
  const Domain named = {.confines_network = true, .listens = true, .listening = {{}}};
  EXPECT_EQ(verdict(named, "listen"), "ask");
  EXPECT_EQ(verdict(named, "setsockopt", {3, 0, 51}), "errno:EACCES");  // IP_LOCAL_PORT_RANGE
  EXPECT_EQ(verdict(named, "setsockopt", {3, 1ull << 32, 51 | 1ull << 32}), "errno:EACCES");
  EXPECT_EQ(verdict(named, "setsockopt", {3, 1, 51}), "allow");
  EXPECT_EQ(verdict({.confines_network = true, .listens = true}, "setsockopt", {3, 0, 51}),
            "allow");
  EXPECT_EQ(verdict(named, "connect"), "allow");
  const Domain at = {.confines_network = true,
                     .listens = true,
                     .listening = {{.addresses = policy::parse_range("127.0.0.1")}}};
  EXPECT_EQ(verdict(at, "connect"), "errno:EACCES");
  const test::PolicyText stricter(
      "seclude 1\npolicy p\notherwise deny\nallow listen where fd == 3\n");
  const filter::Rules rules = with_companions(stricter.rules(), named);
  const auto number = *calls::number_of(*calls::find_call("listen"), calls::native());
  const auto said = [&](uint64_t fd) {
    const filter::Input input{
        .number = number, .arch = calls::info(calls::native()).audit, .args = {fd}};
    return filter::to_string(filter::meaning(rules, input).action, calls::native());
  };
  EXPECT_EQ(said(3), "ask");
  EXPECT_EQ(said(4), "errno:EPERM");
}

TEST(CompanionRules, CallsThatNoFilterSeesAreNotMade) {
  EXPECT_EQ(verdict(paths, "io_uring_setup"), "errno:ENOSYS");
  EXPECT_EQ(verdict(connecting, "io_uring_setup"), "errno:ENOSYS");
}

}  // namespace
}  // namespace seclude::sandbox
