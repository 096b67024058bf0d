// Input: one concrete call as a filter sees it (struct seccomp_data).
//
// What evaluate.h runs a program on, meaning.h and a diagram are asked about, and show.h prints.
// Nothing here knows what the numbers mean.
#pragma once

#include <array>
#include <cstdint>

namespace seclude::filter {

struct Input {
  uint32_t number = 0;
  uint32_t arch = 0;  // AUDIT_ARCH_*
  uint64_t instruction_pointer = 0;
  std::array<uint64_t, 6> args{};
  friend bool operator==(const Input&, const Input&) = default;
};

}  // namespace seclude::filter
