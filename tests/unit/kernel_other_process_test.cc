// What can be seen of other processes: which file an address belongs to.
#include "kernel/other_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "kernel/files.h"

namespace seclude::kernel {
namespace {

constexpr std::string_view maps =
    "00400000-00401000 r--p 00000000 fe:00 12                         /bin/a b\n"
    "00401000-00403000 r-xp 00001000 fe:00 12                         /bin/a b\n"
    "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"
    "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]\n"
    "7fff00000000-7fff";  // where the text was cut off

TEST(OtherProcess, AMappingIsFoundByAddress) {
  EXPECT_EQ(find_mapping(maps, 0x400000), (Mapped{"/bin/a b", 0}));
  EXPECT_EQ(find_mapping(maps, 0x400fff), (Mapped{"/bin/a b", 0xfff}));
  EXPECT_EQ(find_mapping(maps, 0x402004), (Mapped{"/bin/a b", 0x2004}));
  EXPECT_EQ(find_mapping(maps, 0x7f0000000008), (Mapped{"", 8}));
  EXPECT_EQ(find_mapping(maps, 0x7ffc00000000), (Mapped{"[stack]", 0}));
}

TEST(OtherProcess, OutsideEveryMappingThereIsNone) {
  for (const uint64_t address : {0UL, 0x3fffffUL, 0x403000UL, 0x7fff00000000UL, ~0UL})
    EXPECT_EQ(find_mapping(maps, address), std::nullopt) << address;
  EXPECT_EQ(find_mapping("", 0), std::nullopt);
  EXPECT_EQ(find_mapping("nonsense\n\n - \n", 0), std::nullopt);
}

TEST(OtherProcess, TheKernelAndItsTextAgree) {
  const auto here = reinterpret_cast<uint64_t>(&find_mapping);
  const auto asked = mapped_at(::getpid(), here);
  const auto text = read_file("/proc/self/maps");
  ASSERT_TRUE(asked && text);
  EXPECT_EQ(asked, find_mapping(*text, here));
  EXPECT_EQ(asked->file, std::filesystem::canonical("/proc/self/exe"));
  EXPECT_EQ(mapped_at(::getpid(), 8), std::nullopt);
  EXPECT_EQ(mapped_at(0x7fffffff, here), std::nullopt);
}

}  // namespace
}  // namespace seclude::kernel
