// Raw BPF: read in the right byte order, refused with the instruction that is wrong.
#include "formats/raw_bpf.h"

#include <gtest/gtest.h>

#include "formats/formats.h"

namespace seclude::formats {
namespace {

using calls::Arch;

const filter::Program program = {{filter::op::ld_abs, 0, 0, 4},
                                 {filter::op::jeq_k, 0, 1, 0xc000003e},
                                 {filter::op::ret_k, 0, 0, 0x7fff0000},
                                 {filter::op::ret_k, 0, 0, 0}};

TEST(RawBpf, ReadsBothByteOrders) {
  for (Arch arch : {Arch::x86_64, Arch::s390x}) {
    bool big_endian = calls::info(arch).big_endian;
    auto read = read_raw_bpf(filter::to_bytes(program, big_endian), arch);
    ASSERT_TRUE(read) << read.error().why;
    EXPECT_EQ(*read, program);
    auto turned = read_raw_bpf(filter::to_bytes(program, !big_endian), arch);
    ASSERT_FALSE(turned);
    EXPECT_NE(turned.error().help.find(big_endian ? "--arch x86_64" : "--arch s390x"),
              std::string::npos);
  }
}

TEST(RawBpf, NamesTheInstruction) {
  filter::Program wrong = program;
  wrong[1].jf = 200;
  auto read = read_raw_bpf(filter::to_bytes(wrong, false), Arch::x86_64);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().why.find("instruction 1: "), 0u) << read.error().why;
  EXPECT_EQ(read.error().help, "");
  read = read_raw_bpf(std::string_view("\6\0\0\0\0\0\0", 7), Arch::x86_64);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().why.find("7 bytes"), std::string::npos);
}

TEST(Formats, AreToldFromTheContent) {
  EXPECT_EQ(format_of(filter::to_bytes(program, false)).name, "bpf");
  EXPECT_EQ(format_of("seclude 1\npolicy a\n").name, "seclude");
  EXPECT_EQ(format_of("anything else").kind, Kind::Policy);
  EXPECT_EQ(all_formats().back().name, "seclude") << "the one that takes everything is last";
}

}  // namespace
}  // namespace seclude::formats
