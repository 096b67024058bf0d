// Capabilities: the pieces of root's power, by number and name.
//
// In: nothing. Out: which ones this process holds, as a set of bits (bit n is capability n). Giving
// them up happens in a child, between clone and exec (raw.h).
// Neighbours: sandbox/rules/guard_capabilities.h decides which ones a confined program has no use
// for.
#pragma once

#include <cstdint>
#include <string>

namespace seclude::kernel {

// The kernel's own names without CAP_, for those that are decided about.
enum class Capability : uint8_t {
  DacReadSearch = 2,
  SysModule = 16,
  SysRawio = 17,
  SysPtrace = 19,
  SysPacct = 20,
  SysAdmin = 21,
  SysBoot = 22,
  SysResource = 24,
  SysTtyConfig = 26,
  Mknod = 27,
  AuditControl = 30,
  MacOverride = 32,
  MacAdmin = 33,
  Syslog = 34,
  AuditRead = 37,
  Perfmon = 38,
  Bpf = 39,
  CheckpointRestore = 40,
};

constexpr uint64_t bit_of(Capability capability) {
  return uint64_t{1} << static_cast<unsigned>(capability);
}

// Permitted to this process: what it could make use of.
uint64_t own_capabilities();

// "SYS_ADMIN, SYS_PTRACE"; those without a name here as numbers.
std::string show_capabilities(uint64_t set);

}  // namespace seclude::kernel
