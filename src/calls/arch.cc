// Arch: the facts of each architecture (arch.h).
//
// In: nothing. Out: one visible table. Audit numbers are those of <linux/audit.h>; a test compares.
#include "calls/arch.h"

#include <bit>
#include <utility>

namespace seclude::calls {
namespace {

// x32 shares x86_64's audit number and entry; it differs by bit 30 of the number. Its registers are
// 64 bits wide, and so are its loff_t arguments.
constexpr std::array<ArchInfo, arch_count> infos = {{
    {Arch::x86_64, "x86_64", 0xc000003e, 64, false, false, 0, 0},
    {Arch::x32, "x32", 0xc000003e, 64, false, false, 0x40000000, 0},
    {Arch::x86, "x86", 0x40000003, 32, false, false, 0, 0},
    {Arch::aarch64, "aarch64", 0xc00000b7, 64, false, false, 0, 0},
    {Arch::arm, "arm", 0x40000028, 32, false, true, 0, 0},
    {Arch::riscv64, "riscv64", 0xc00000f3, 64, false, false, 0, 0},
    {Arch::ppc64le, "ppc64le", 0xc0000015, 64, false, false, 0, 0},
    {Arch::s390x, "s390x", 0x80000016, 64, true, false, 0, 0},
    {Arch::loongarch64, "loongarch64", 0xc0000102, 64, false, false, 0, 0},
    {Arch::mips64, "mips64", 0x80000008, 64, true, false, 0, 5000},
}};

constexpr std::array<std::string_view, arch_count> names = [] {
  std::array<std::string_view, arch_count> result;
  for (size_t i = 0; i < arch_count; ++i) result[i] = infos[i].name;
  return result;
}();

constexpr std::pair<std::string_view, Arch> aliases[] = {
    {"amd64", Arch::x86_64},
    {"x86-64", Arch::x86_64},
    {"i386", Arch::x86},
    {"i486", Arch::x86},
    {"i586", Arch::x86},
    {"i686", Arch::x86},
    {"arm64", Arch::aarch64},
    {"armhf", Arch::arm},
    {"armel", Arch::arm},
    {"armv7l", Arch::arm},
    {"ppc64el", Arch::ppc64le},
    {"powerpc64le", Arch::ppc64le},
    {"loong64", Arch::loongarch64},
};

}  // namespace

const ArchInfo& info(Arch arch) { return infos[static_cast<size_t>(arch)]; }

std::optional<Arch> find_arch(std::string_view name) {
  for (const ArchInfo& row : infos) {
    if (row.name == name) return row.arch;
  }
  for (const auto& [alias, arch] : aliases) {
    if (alias == name) return arch;
  }
  return std::nullopt;
}

std::span<const std::string_view> arch_names() { return names; }

bool share_a_kernel(Arch one, Arch other) {
  auto kernel_of = [](Arch arch) {
    if (arch == Arch::x86 || arch == Arch::x32) return Arch::x86_64;
    return arch == Arch::arm ? Arch::aarch64 : arch;
  };
  return kernel_of(one) == kernel_of(other);
}

// The only place that asks the compiler where it is.
Arch native() {
#if defined(__x86_64__) && defined(__ILP32__)
  return Arch::x32;
#elif defined(__x86_64__)
  return Arch::x86_64;
#elif defined(__i386__)
  return Arch::x86;
#elif defined(__aarch64__)
  return Arch::aarch64;
#elif defined(__arm__)
  return Arch::arm;
#elif defined(__riscv) && __riscv_xlen == 64
  return Arch::riscv64;
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
  return Arch::ppc64le;
#elif defined(__s390x__)
  return Arch::s390x;
#elif defined(__loongarch64)
  return Arch::loongarch64;
#elif defined(__mips64) && defined(__MIPSEB__)
  return Arch::mips64;
#else
#error "seclude does not know this architecture's system calls: add it to calls/arch and data/*.tsv"
#endif
}

}  // namespace seclude::calls
