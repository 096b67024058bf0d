// Landlock: what this kernel's Landlock can do, and rulesets that a child enters.
//
// In: rights, paths, ports. Out: the ABI version, found by asking; a ruleset as a descriptor.
// Rulesets are made in the launcher, where a failure can be explained; entering one (raw.h) happens
// in the child, between clone and exec.
// Neighbours: features.h reports the version, sandbox/plan.h decides by it.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "kernel/fd.h"

namespace seclude::kernel {

// LANDLOCK_ACCESS_FS_*: the bits of struct landlock_ruleset_attr, which are the same everywhere.
namespace file_right {
inline constexpr uint64_t execute = 1 << 0;
inline constexpr uint64_t write_file = 1 << 1;
inline constexpr uint64_t read_file = 1 << 2;
inline constexpr uint64_t read_dir = 1 << 3;
inline constexpr uint64_t remove_dir = 1 << 4;
inline constexpr uint64_t remove_file = 1 << 5;
inline constexpr uint64_t make_char = 1 << 6;
inline constexpr uint64_t make_dir = 1 << 7;
inline constexpr uint64_t make_reg = 1 << 8;
inline constexpr uint64_t make_sock = 1 << 9;
inline constexpr uint64_t make_fifo = 1 << 10;
inline constexpr uint64_t make_block = 1 << 11;
inline constexpr uint64_t make_sym = 1 << 12;
inline constexpr uint64_t refer = 1 << 13;      // ABI 2, Linux 5.19
inline constexpr uint64_t truncate = 1 << 14;   // ABI 3, Linux 6.2
inline constexpr uint64_t ioctl_dev = 1 << 15;  // ABI 5, Linux 6.10
}  // namespace file_right

// LANDLOCK_ACCESS_NET_*, ABI 4, Linux 6.7.
namespace port_right {
inline constexpr uint64_t bind_tcp = 1 << 0;
inline constexpr uint64_t connect_tcp = 1 << 1;
}  // namespace port_right

struct LandlockVersion {
  int abi = 0;          // 0: none
  int errno_value = 0;  // why none
  // A domain can keep signals inside (LANDLOCK_SCOPE_SIGNAL, ABI 6, Linux 6.12).
  bool scopes_signals() const { return abi >= 6; }
  // Without TRUNCATE, what may not be written could still be emptied.
  bool confines_paths() const { return abi >= 3; }
  bool confines_ports() const { return abi >= 4; }
  // Every right to files that this version knows.
  uint64_t file_rights() const;
};

LandlockVersion landlock_version();

struct RulesetAttributes {
  uint64_t files = 0, network = 0;  // rights that are refused unless a rule grants them
  bool signals = false;             // they stay inside
};
// Close-on-exec and never 0, 1 or 2.
[[nodiscard]] Result<Fd> make_ruleset(const RulesetAttributes& attributes);
// Grants rights to what the path leads to and all below it; of a file, those that files have.
[[nodiscard]] Result<void> allow_below(const Fd& ruleset, const std::string& path, uint64_t rights);
// The same for a place that is open (O_PATH), without allocation: 0 or an errno.
int add_path_rule(int ruleset, int place, uint64_t rights);
[[nodiscard]] Result<void> allow_port(const Fd& ruleset, uint16_t port, uint64_t rights);

}  // namespace seclude::kernel
