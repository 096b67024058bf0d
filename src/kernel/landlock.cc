// Landlock: see landlock.h.
#include "kernel/landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace seclude::kernel {

LandlockVersion landlock_version() {
  constexpr unsigned ask_for_version = 1;  // LANDLOCK_CREATE_RULESET_VERSION
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, ask_for_version);
  if (abi < 0) return {.errno_value = errno};
  return {.abi = static_cast<int>(abi)};
}

}  // namespace seclude::kernel
