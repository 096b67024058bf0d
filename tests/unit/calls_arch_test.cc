// Architectures: names, aliases, facts that everything else relies on.
#include <gtest/gtest.h>

#include <set>

#include "calls/arch.h"

namespace seclude::calls {
namespace {

TEST(CallsArch, EveryArchitectureIsFoundByItsName) {
  for (Arch arch : all_archs) {
    EXPECT_EQ(info(arch).arch, arch);
    EXPECT_EQ(find_arch(info(arch).name), arch);
    EXPECT_EQ(arch_names()[static_cast<size_t>(arch)], info(arch).name);
  }
  EXPECT_EQ(arch_names().size(), arch_count);
}

TEST(CallsArch, UsualAliasesAreFound) {
  EXPECT_EQ(find_arch("amd64"), Arch::x86_64);
  EXPECT_EQ(find_arch("i386"), Arch::x86);
  EXPECT_EQ(find_arch("i686"), Arch::x86);
  EXPECT_EQ(find_arch("arm64"), Arch::aarch64);
  EXPECT_EQ(find_arch("ppc64el"), Arch::ppc64le);
}

TEST(CallsArch, OtherNamesAreNot) {
  EXPECT_EQ(find_arch("mips64el"), std::nullopt);  // little-endian: another byte order
  EXPECT_EQ(find_arch("X86_64"), std::nullopt);
  EXPECT_EQ(find_arch(""), std::nullopt);
}

TEST(CallsArch, KernelsTakeTheCallsOfTheirOwnKind) {
  EXPECT_TRUE(share_a_kernel(Arch::x86, Arch::x86_64));
  EXPECT_TRUE(share_a_kernel(Arch::x32, Arch::x86));
  EXPECT_TRUE(share_a_kernel(Arch::arm, Arch::aarch64));
  EXPECT_FALSE(share_a_kernel(Arch::aarch64, Arch::x86_64));
  for (Arch arch : all_archs) EXPECT_TRUE(share_a_kernel(arch, arch));
}

TEST(CallsArch, OnlyX32SharesAnAuditNumber) {
  std::set<uint32_t> audits;
  for (Arch arch : all_archs) audits.insert(info(arch).audit);
  EXPECT_EQ(audits.size(), arch_count - 1);
  EXPECT_EQ(info(Arch::x32).audit, info(Arch::x86_64).audit);
  EXPECT_EQ(info(Arch::x32).number_bit, 0x40000000u);
  EXPECT_EQ(info(Arch::x86_64).number_bit, 0u);
}

TEST(CallsArch, PairsAreAlignedOnArmOnly) {
  for (Arch arch : all_archs) EXPECT_EQ(info(arch).aligned_pairs, arch == Arch::arm);
}

}  // namespace
}  // namespace seclude::calls
