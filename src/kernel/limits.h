// Limits: the numbers of the resource limits, by full words.
//
// In: nothing. Out: RLIMIT_* as the kernel numbers them here (they differ between architectures);
// raw.h sets them in a child, this reads the ones in force.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"

namespace seclude::kernel::limits {

extern const int cpu_time, file_size, open_files, processes, address_space, core_file, data, stack;

struct Limit {
  std::optional<uint64_t> soft, hard;  // nullopt: unlimited
  friend bool operator==(const Limit&, const Limit&) = default;
};
// Of this process.
[[nodiscard]] Result<Limit> current(int resource);

}  // namespace seclude::kernel::limits
