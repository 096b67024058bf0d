// Capabilities: see capabilities.h.
#include "kernel/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "base/text.h"

namespace seclude::kernel {
namespace {

static_assert(static_cast<int>(Capability::DacReadSearch) == CAP_DAC_READ_SEARCH);
static_assert(static_cast<int>(Capability::SysModule) == CAP_SYS_MODULE);
static_assert(static_cast<int>(Capability::SysRawio) == CAP_SYS_RAWIO);
static_assert(static_cast<int>(Capability::SysPtrace) == CAP_SYS_PTRACE);
static_assert(static_cast<int>(Capability::SysPacct) == CAP_SYS_PACCT);
static_assert(static_cast<int>(Capability::SysAdmin) == CAP_SYS_ADMIN);
static_assert(static_cast<int>(Capability::SysBoot) == CAP_SYS_BOOT);
static_assert(static_cast<int>(Capability::SysResource) == CAP_SYS_RESOURCE);
static_assert(static_cast<int>(Capability::SysTtyConfig) == CAP_SYS_TTY_CONFIG);
static_assert(static_cast<int>(Capability::Mknod) == CAP_MKNOD);
static_assert(static_cast<int>(Capability::AuditControl) == CAP_AUDIT_CONTROL);
static_assert(static_cast<int>(Capability::MacOverride) == CAP_MAC_OVERRIDE);
static_assert(static_cast<int>(Capability::MacAdmin) == CAP_MAC_ADMIN);
static_assert(static_cast<int>(Capability::Syslog) == CAP_SYSLOG);
static_assert(static_cast<int>(Capability::AuditRead) == CAP_AUDIT_READ);
static_assert(static_cast<int>(Capability::Perfmon) == CAP_PERFMON);
static_assert(static_cast<int>(Capability::Bpf) == CAP_BPF);
static_assert(static_cast<int>(Capability::CheckpointRestore) == CAP_CHECKPOINT_RESTORE);

std::string name_of(unsigned number) {
  switch (static_cast<Capability>(number)) {
    case Capability::DacReadSearch:
      return "DAC_READ_SEARCH";
    case Capability::SysModule:
      return "SYS_MODULE";
    case Capability::SysRawio:
      return "SYS_RAWIO";
    case Capability::SysPtrace:
      return "SYS_PTRACE";
    case Capability::SysPacct:
      return "SYS_PACCT";
    case Capability::SysAdmin:
      return "SYS_ADMIN";
    case Capability::SysBoot:
      return "SYS_BOOT";
    case Capability::SysResource:
      return "SYS_RESOURCE";
    case Capability::SysTtyConfig:
      return "SYS_TTY_CONFIG";
    case Capability::Mknod:
      return "MKNOD";
    case Capability::AuditControl:
      return "AUDIT_CONTROL";
    case Capability::MacOverride:
      return "MAC_OVERRIDE";
    case Capability::MacAdmin:
      return "MAC_ADMIN";
    case Capability::Syslog:
      return "SYSLOG";
    case Capability::AuditRead:
      return "AUDIT_READ";
    case Capability::Perfmon:
      return "PERFMON";
    case Capability::Bpf:
      return "BPF";
    case Capability::CheckpointRestore:
      return "CHECKPOINT_RESTORE";
  }
  return std::to_string(number);
}

}  // namespace

uint64_t own_capabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return 0;
  return data[0].permitted | uint64_t{data[1].permitted} << 32;
}

std::string show_capabilities(uint64_t set) {
  std::vector<std::string> names;
  for (unsigned number = 0; number < 64; ++number) {
    if ((set >> number) & 1) names.push_back(name_of(number));
  }
  return join(names, ", ");
}

}  // namespace seclude::kernel
