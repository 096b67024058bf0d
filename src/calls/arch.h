// Arch: the architectures, and everything in which they differ beyond the tables.
//
// In: nothing. Out: one row of facts per architecture. Differences between architectures live here
// and in data/*.tsv (calls.h, constants.h), nowhere else.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace seclude::calls {

// Columns of data/*.tsv, in their order.
enum class Arch : uint8_t {
  x86_64,
  x32,
  x86,
  aarch64,
  arm,
  riscv64,
  ppc64le,
  s390x,
  loongarch64,
  mips64,
};
inline constexpr size_t arch_count = 10;
inline constexpr std::array<Arch, arch_count> all_archs = {
    Arch::x86_64,  Arch::x32,     Arch::x86,   Arch::aarch64,     Arch::arm,
    Arch::riscv64, Arch::ppc64le, Arch::s390x, Arch::loongarch64, Arch::mips64};

struct ArchInfo {
  Arch arch;
  std::string_view name;  // "x86_64", as in policies and flags
  uint32_t audit;         // AUDIT_ARCH_*, what seccomp_data.arch holds
  uint8_t word_bits;      // of a register as seccomp_data.args shows it: 32 or 64
  bool big_endian;        // byte order of seccomp_data and of the BPF program itself
  bool aligned_pairs;     // 32-bit: a 64-bit argument starts in an even register (arm, not x86)
  uint32_t number_bit;    // set in every call number (x32: 0x40000000), else 0
  uint32_t number_base;   // first number of the ABI (mips64 n64: 5000), else 0
};

const ArchInfo& info(Arch arch);

// By name or usual alias (amd64, i386, i686, arm64, ppc64el, mips64el is not mips64: nullopt).
std::optional<Arch> find_arch(std::string_view name);
std::span<const std::string_view> arch_names();

// The architecture this program was compiled for.
Arch native();

// Whether one kernel takes calls of both: x86_64 also those of x86 and x32, aarch64 those of arm.
bool share_a_kernel(Arch one, Arch other);

}  // namespace seclude::calls
