// Limits: see limits.h.
#include "kernel/limits.h"

#include <sys/resource.h>

#include <cerrno>

namespace seclude::kernel::limits {
namespace {

std::optional<uint64_t> finite(rlim_t value) {
  if (value == RLIM_INFINITY) return std::nullopt;
  return value;
}

}  // namespace

const int cpu_time = RLIMIT_CPU, file_size = RLIMIT_FSIZE, open_files = RLIMIT_NOFILE,
          processes = RLIMIT_NPROC, address_space = RLIMIT_AS, core_file = RLIMIT_CORE,
          data = RLIMIT_DATA, stack = RLIMIT_STACK;

Result<Limit> current(int resource) {
  struct rlimit limit;
  if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0)
    return fail("read resource limit " + std::to_string(resource), errno);
  return Limit{finite(limit.rlim_cur), finite(limit.rlim_max)};
}

}  // namespace seclude::kernel::limits
