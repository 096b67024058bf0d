// Guard capabilities: see guard_capabilities.h.
#include "sandbox/rules/guard_capabilities.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "kernel/capabilities.h"
#include "sandbox/rules/added_rules.h"

namespace seclude::sandbox {
namespace {

using kernel::Capability;
using Calls = std::span<const std::string_view>;

constexpr std::string_view handles[] = {"open_by_handle_at"};
constexpr std::string_view modules[] = {"init_module", "finit_module", "delete_module"};
constexpr std::string_view ports[] = {"iopl", "ioperm"};
constexpr std::string_view tracing[] = {
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "process_madvise"};
constexpr std::string_view accounting[] = {"acct"};
constexpr std::string_view administration[] = {
    "mount",          "umount2",        "umount",      "pivot_root",    "move_mount",
    "fsopen",         "fspick",         "fsmount",     "open_tree",     "mount_setattr",
    "setns",          "unshare",        "sethostname", "setdomainname", "swapon",
    "swapoff",        "quotactl",       "quotactl_fd", "fanotify_init", "bpf",
    "lookup_dcookie", "perf_event_open"};
constexpr std::string_view booting[] = {"reboot", "kexec_load", "kexec_file_load"};
constexpr std::string_view hanging_up[] = {"vhangup"};
constexpr std::string_view kernel_log[] = {"syslog"};
constexpr std::string_view measuring[] = {"perf_event_open", "bpf"};
constexpr std::string_view programs[] = {"bpf"};

// With the calls that are of no use without it; none: it is always given up. (mknod also makes
// pipes and sockets, which take no capability.)
struct Dangerous {
  Capability capability;
  Calls needed_by;
};
constexpr Dangerous all_dangerous[] = {
    {Capability::DacReadSearch, handles},
    {Capability::SysModule, modules},
    {Capability::SysRawio, ports},
    {Capability::SysPtrace, tracing},
    {Capability::SysPacct, accounting},
    {Capability::SysAdmin, administration},
    {Capability::SysBoot, booting},
    {Capability::SysTtyConfig, hanging_up},
    {Capability::Mknod, {}},
    {Capability::AuditControl, {}},
    {Capability::MacOverride, {}},
    {Capability::MacAdmin, {}},
    {Capability::Syslog, kernel_log},
    {Capability::AuditRead, {}},
    {Capability::Perfmon, measuring},
    {Capability::Bpf, programs},
    {Capability::CheckpointRestore, {}},
};

bool stated_permission(const filter::Rule& rule) {
  return rule.reason == filter::Reason::Stated && !rule.action.refuses();
}

bool permits(const filter::ArchRules& rules, std::string_view call) {
  const auto number = number_of(call, rules.arch);
  const auto* entry = number ? filter::find_number(rules, *number) : nullptr;
  if (entry == nullptr) return false;
  const auto found = filter::rules_of(rules, *entry);
  return std::any_of(found.begin(), found.end(), stated_permission);
}

bool permits_one(const filter::Rules& rules, Calls calls) {
  return std::any_of(rules.archs.begin(), rules.archs.end(), [&](const auto& of_arch) {
    return std::any_of(calls.begin(), calls.end(),
                       [&](std::string_view call) { return permits(of_arch, call); });
  });
}

}  // namespace

uint64_t capabilities_to_give_up(const filter::Rules& rules) {
  uint64_t set = 0;
  for (const Dangerous& one : all_dangerous) {
    if (!permits_one(rules, one.needed_by)) set |= kernel::bit_of(one.capability);
  }
  return set;
}

}  // namespace seclude::sandbox
