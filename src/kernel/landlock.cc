// Landlock: see landlock.h. Structs and constants are written out: the headers of Debian 12 end at
// ABI 2.
#include "kernel/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "kernel/raw_call.h"

namespace seclude::kernel {
namespace {

constexpr int path_beneath = 1, net_port = 2;  // LANDLOCK_RULE_*
constexpr uint64_t scope_signal = 2;           // LANDLOCK_SCOPE_SIGNAL

constexpr uint64_t of_files = file_right::execute | file_right::write_file | file_right::read_file |
                              file_right::truncate | file_right::ioctl_dev;

struct __attribute__((packed)) PathBeneath {
  uint64_t rights;
  int32_t parent;
};

struct NetPort {
  uint64_t rights, port;
};

// For a child, too (raw_mounts.h). Where raw calls are made, libc's struct is the kernel's.
int look_at(int place, struct stat& status) {
  if constexpr (raw::leaves_errno_alone)
    return raw::errno_of(raw::call(SYS_fstat, place, &status));
  else
    return ::fstat(place, &status) == 0 ? 0 : errno;
}

Result<Fd> away_from_standard_streams(int number) {
  Fd descriptor(number);
  if (number > 2) return descriptor;
  const int moved = ::fcntl(number, F_DUPFD_CLOEXEC, 3);
  if (moved < 0) return fail("move a descriptor", errno);
  return Fd(moved);
}

}  // namespace

uint64_t LandlockVersion::file_rights() const {
  if (abi < 1) return 0;
  uint64_t rights = (file_right::make_sym << 1) - 1;
  if (abi >= 2) rights |= file_right::refer;
  if (abi >= 3) rights |= file_right::truncate;
  if (abi >= 5) rights |= file_right::ioctl_dev;
  return rights;
}

LandlockVersion landlock_version() {
  constexpr unsigned ask_for_version = 1;  // LANDLOCK_CREATE_RULESET_VERSION
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, ask_for_version);
  if (abi < 0) return {.errno_value = errno};
  return {.abi = static_cast<int>(abi)};
}

Result<Fd> make_ruleset(const RulesetAttributes& attributes) {
  // Older kernels take the longer struct as long as what they do not know is 0.
  const struct {
    uint64_t files, network, scoped;
  } raw = {attributes.files, attributes.network, attributes.signals ? scope_signal : 0};
  const long number = ::syscall(SYS_landlock_create_ruleset, &raw, sizeof raw, 0);
  if (number < 0) return fail("landlock_create_ruleset", errno);
  return away_from_standard_streams(static_cast<int>(number));
}

int add_path_rule(int ruleset, int place, uint64_t rights) {
  struct stat status;
  if (const int reason = look_at(place, status)) return reason;
  const PathBeneath rule = {S_ISDIR(status.st_mode) ? rights : rights & of_files, place};
  if (rule.rights == 0) return 0;
  return raw::errno_of(raw::call(SYS_landlock_add_rule, ruleset, path_beneath, &rule, 0));
}

Result<void> allow_below(const Fd& ruleset, const std::string& path, uint64_t rights) {
  const int number = ::openat(AT_FDCWD, path.c_str(), O_PATH | O_CLOEXEC);
  if (number < 0) return fail("open " + path, errno);
  const Fd place(number);
  if (const int reason = add_path_rule(ruleset.number(), place.number(), rights))
    return fail("landlock_add_rule for " + path, reason);
  return {};
}

Result<void> allow_port(const Fd& ruleset, uint16_t port, uint64_t rights) {
  const NetPort rule = {rights, port};
  if (::syscall(SYS_landlock_add_rule, ruleset.number(), net_port, &rule, 0) != 0)
    return fail("landlock_add_rule for port " + std::to_string(port), errno);
  return {};
}

}  // namespace seclude::kernel
