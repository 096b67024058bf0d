// Companion rules: see companion_rules.h.
#include "sandbox/rules/companion_rules.h"

#include <algorithm>

#include "sandbox/rules/added_rules.h"

namespace seclude::sandbox {
namespace {

using filter::ArchRules;
using filter::Condition;

constexpr uint16_t eperm = 1, eacces = 13, enosys = 38;

// The low bits of an argument under a mask are this.
Condition masked(uint8_t argument, uint32_t mask, uint32_t value) {
  filter::Test test;
  test.field = {.bits = 32, .low = argument, .high = {}};
  test.mask = mask;
  test.value = value;
  return test_of(std::move(test));
}

Condition has_bit(uint8_t argument, uint32_t bit) { return masked(argument, bit, bit); }

// ---- paths --------------------------------------------------------------------------------------

void refuse_attributes(ArchRules& rules) {
  for (const char* call :
       {"chmod",        "fchmod",       "fchmodat",      "fchmodat2",       "chown",
        "chown32",      "fchown",       "fchown32",      "fchownat",        "lchown",
        "lchown32",     "utime",        "utimes",        "futimesat",       "utimensat",
        "setxattr",     "lsetxattr",    "fsetxattr",     "setxattrat",      "removexattr",
        "lremovexattr", "fremovexattr", "removexattrat", "utimensat_time64"})
    refuse(rules, {.call = call, .where = {}, .errno_value = eperm});
}

void refuse_flags(ArchRules& rules) {
  refuse(rules, {.call = "file_setattr", .where = {}, .errno_value = eperm});
  std::vector<uint32_t> commands =
      values_of({"FS_IOC_SETFLAGS", "FS_IOC_FSSETXATTR", "FS_IOC_SETVERSION", "FS_IOC_SETFSLABEL",
                 "FS_IOC_SET_ENCRYPTION_POLICY"},
                rules.arch);
  commands.insert(commands.end(), {0x40806685, 0x80806685});  // FS_IOC_ENABLE_VERITY; of mips
  commands.insert(commands.end(), {0x40047211, 0x80047211});  // FAT_IOCTL_SET_ATTRIBUTES
  refuse(rules, {.call = "ioctl", .where = argument_in(1, commands), .errno_value = eperm});
}

// btrfs makes and removes subvolumes in folders that were opened for reading. Of its commands (type
// 0x94) only those that other file systems have, and that take a file opened for writing, remain.
void refuse_subvolumes(ArchRules& rules) {
  const Condition shared = argument_in(
      1, values_of({"FICLONE", "FICLONERANGE", "FIDEDUPERANGE", "FS_IOC_GETFSLABEL"}, rules.arch));
  refuse(rules, {.call = "ioctl",
                 .where = all_of({masked(1, 0xff00, 0x9400), negation(shared)}),
                 .errno_value = eperm});
}

void guard_paths(ArchRules& rules, const Domain& domain) {
  if (!domain.changes_all) {
    if (!domain.attributes_by_mounts) refuse_attributes(rules);
    refuse_flags(rules);
    refuse_subvolumes(rules);
  }
  // Handles lead to everything in a file system, whatever part of it a mount shows.
  if (domain.own_root)
    refuse(rules, {.call = "open_by_handle_at", .where = {}, .errno_value = eperm});
  if (!domain.lists_all) {
    for (const char* call : {"inotify_add_watch", "fanotify_mark"})
      refuse(rules, {.call = call, .where = {}, .errno_value = eacces});
  }
  if (domain.runs) {
    refuse(rules, {.call = "memfd_create", .where = {}, .errno_value = enosys});
    return;
  }
  for (const char* call : {"execve", "execveat"})
    refuse(rules, {.call = call, .where = {}, .errno_value = eacces});
}

// ---- network ------------------------------------------------------------------------------------

Condition type_in(const ArchRules& rules, std::initializer_list<std::string_view> names) {
  constexpr uint32_t type_mask = 0xf;  // SOCK_TYPE_MASK; above it are SOCK_CLOEXEC, SOCK_NONBLOCK
  std::vector<Condition> types;
  for (const uint32_t value : values_of(names, rules.arch))
    types.push_back(masked(1, type_mask, value));
  return any_of(std::move(types));
}

bool names_addresses(const Domain& domain) {
  return std::any_of(domain.listening.begin(), domain.listening.end(),
                     [](const ListenEnd& end) { return end.addresses.has_value(); });
}

void guard_network(ArchRules& rules, const Domain& domain) {
  const auto refused = [&](const char* call, Condition where) {
    refuse(rules, {.call = call, .where = std::move(where), .errno_value = eacces});
  };
  const Condition tcp = all_of({argument_in(0, values_of({"AF_INET", "AF_INET6"}, rules.arch)),
                                type_in(rules, {"SOCK_STREAM"}),
                                argument_in(2, {0, 6})});  // 0: of the type; IPPROTO_TCP
  refused("socket", negation(tcp));
  // Connected to each other for good; a datagram socket could be sent elsewhere.
  const Condition pair = all_of({argument_in(0, values_of({"AF_UNIX"}, rules.arch)),
                                 type_in(rules, {"SOCK_STREAM", "SOCK_SEQPACKET"})});
  refused("socketpair", negation(pair));
  // Its arguments are in memory; libcs use the calls above.
  refuse(rules, {.call = "socketcall", .where = {}, .errno_value = enosys});
  constexpr uint32_t fast_open = 0x20000000;  // MSG_FASTOPEN
  refused("sendto", has_bit(3, fast_open));
  refused("sendmsg", has_bit(2, fast_open));
  refused("sendmmsg", has_bit(3, fast_open));
  // TCP_ULP can put another protocol in place of TCP.
  refused("setsockopt", all_of({argument_in(1, {6}), argument_in(2, {31})}));
  if (!domain.listens) refused("listen", {});
  if (domain.listening.empty()) return;
  leave_to_helper(rules, "listen", filter::Reason::Listening);
  // The helper sets IP_LOCAL_PORT_RANGE while it listens.
  refused("setsockopt", all_of({argument_in(1, {0}), argument_in(2, {51})}));
  // Landlock would refuse every connection; this is about ending one (AF_UNSPEC).
  if (names_addresses(domain)) refused("connect", {});
}

}  // namespace

filter::Rules with_companions(filter::Rules rules, const Domain& domain) {
  for (ArchRules& of_arch : rules.archs) {
    if (domain.confines_paths) guard_paths(of_arch, domain);
    if (domain.confines_network) guard_network(of_arch, domain);
    refuse(of_arch, {.call = "io_uring_setup", .where = {}, .errno_value = enosys});
  }
  return rules;
}

}  // namespace seclude::sandbox
