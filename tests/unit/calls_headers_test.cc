// The tables against the system's kernel headers: call numbers of <asm/unistd*.h> in both
// directions, audit numbers of <linux/audit.h>, constants of all the headers that define them.
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/version.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "calls/calls.h"
#include "calls/constants.h"
#include "unit/calls_headers.h"

namespace seclude::calls {
namespace {

constexpr KernelVersion header_version{LINUX_VERSION_CODE >> 16, LINUX_VERSION_CODE >> 8 & 0xff};

// name -> number, from lines like "#define __NR_read 0" or "(__X32_SYSCALL_BIT + 512)".
std::map<std::string, uint32_t> numbers_in(const std::string& path) {
  std::map<std::string, uint32_t> found;
  std::ifstream file(path);
  std::regex define(R"(#define __NR_(\w+)\s+(\(__X32_SYSCALL_BIT \+ )?(\d+)\)?)");
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, define)) continue;
    uint32_t number = static_cast<uint32_t>(std::stoul(match[3]));
    found[match[1]] = match[2].matched ? number | 0x40000000 : number;
  }
  return found;
}

struct Header {
  Arch arch;
  const char* path;
};

class UnistdHeader : public testing::TestWithParam<Header> {
 protected:
  std::map<std::string, uint32_t> read() {
    auto found = numbers_in(std::string("/usr/include/x86_64-linux-gnu/") + GetParam().path);
    return found.empty() ? numbers_in(std::string("/usr/include/") + GetParam().path) : found;
  }
};

TEST_P(UnistdHeader, EveryNumberIsInTheTable) {
  auto header = read();
  if (header.empty()) GTEST_SKIP() << "no " << GetParam().path << " here";
  for (const auto& [name, number] : header) {
    auto id = find_call(name);
    ASSERT_TRUE(id) << name;
    EXPECT_EQ(number_of(*id, GetParam().arch), number) << name;
    EXPECT_EQ(call_at(GetParam().arch, number), id) << name;
  }
}

TEST_P(UnistdHeader, EveryNumberOfTheTableIsThereOrNewer) {
  auto header = read();
  if (header.empty()) GTEST_SKIP() << "no " << GetParam().path << " here";
  for (const Numbered& row : numbers(GetParam().arch)) {
    if (since(row.call, GetParam().arch) > header_version) continue;
    EXPECT_TRUE(header.contains(std::string(name_of(row.call)))) << name_of(row.call);
  }
}

INSTANTIATE_TEST_SUITE_P(Asm, UnistdHeader,
                         testing::Values(Header{Arch::x86_64, "asm/unistd_64.h"},
                                         Header{Arch::x86, "asm/unistd_32.h"},
                                         Header{Arch::x32, "asm/unistd_x32.h"}),
                         [](const auto& test) {
                           return std::string(calls::info(test.param.arch).name);
                         });

TEST(CallsHeaders, AuditNumbersAreTheKernels) {
  const std::pair<Arch, uint32_t> expected[] = {
      {Arch::x86_64, AUDIT_ARCH_X86_64},   {Arch::x32, AUDIT_ARCH_X86_64},
      {Arch::x86, AUDIT_ARCH_I386},        {Arch::aarch64, AUDIT_ARCH_AARCH64},
      {Arch::arm, AUDIT_ARCH_ARM},         {Arch::riscv64, AUDIT_ARCH_RISCV64},
      {Arch::ppc64le, AUDIT_ARCH_PPC64LE}, {Arch::s390x, AUDIT_ARCH_S390X},
      {Arch::mips64, AUDIT_ARCH_MIPS64},   {Arch::loongarch64, AUDIT_ARCH_LOONGARCH64},
  };
  EXPECT_EQ(std::size(expected), arch_count);
  for (const auto& [arch, audit] : expected) EXPECT_EQ(info(arch).audit, audit) << info(arch).name;
  for (Arch arch : all_archs) {
    bool little = (info(arch).audit & __AUDIT_ARCH_LE) != 0;
    bool wide = (info(arch).audit & __AUDIT_ARCH_64BIT) != 0;
    EXPECT_EQ(info(arch).big_endian, !little) << info(arch).name;
    EXPECT_EQ(info(arch).word_bits, wide ? 64 : 32) << info(arch).name;
  }
}

// Ends of lists and sums of all flags: they grow with every kernel.
bool moves_with_the_kernel(std::string_view name) {
  static const std::set<std::string_view> names = {"MOVE_MOUNT__MASK", "AF_MAX", "SCHED_FLAG_ALL",
                                                   "RWF_SUPPORTED", "FUTEX_CMD_MASK"};
  return names.contains(name);
}

TEST(CallsHeaders, ConstantsAreTheKernels) {
  if (native() != Arch::x86_64) GTEST_SKIP() << "compared on x86_64 only";
  EXPECT_GT(header_constants().size(), 1000u);
  for (const HeaderConstant& header : header_constants()) {
    auto index = find_constant(header.name);
    ASSERT_TRUE(index) << header.name;
    if (moves_with_the_kernel(header.name)) continue;
    auto value = value_of(*index, Arch::x86_64);
    ASSERT_TRUE(value) << header.name;
    // A macro may be an int or unsigned: what counts is its low half, and the rest for 64-bit ones.
    bool same = *value == header.value ||
                ((header.value >> 32 == 0 || header.value >> 31 == 0x1ffffffff) &&
                 static_cast<uint32_t>(*value) == static_cast<uint32_t>(header.value));
    EXPECT_TRUE(same) << header.name << std::hex << " " << *value << " " << header.value;
  }
}

}  // namespace
}  // namespace seclude::calls
