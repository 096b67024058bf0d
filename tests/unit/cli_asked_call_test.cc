// Calls as words, as registers: what `eval` asks must be what a filter would see.
#include "cli/asked_call.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace seclude::cli {
namespace {

using calls::Arch;

Result<AskedCall> asked(std::string_view line, Arch arch = Arch::x86_64) {
  std::vector<std::string_view> words = split(line, ' ');
  return asked_call(words, arch);
}

TEST(AskedCall, NumbersConstantsAndMissingArguments) {
  auto call = asked("openat AT_FDCWD 0x10 O_RDWR|O_CLOEXEC 0o644");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->name, "openat");
  EXPECT_EQ(call->input.number, 257u);
  EXPECT_EQ(call->input.arch, 0xc000003eu);
  EXPECT_EQ(call->input.args,
            (std::array<uint64_t, 6>{static_cast<uint64_t>(-100), 0x10, 0x80002, 0644, 0, 0}));
}

TEST(AskedCall, NegativeAndComplement) {
  EXPECT_EQ(asked("close -1")->input.args[0], UINT64_MAX);
  EXPECT_EQ(asked("close ~0x1")->input.args[0], ~uint64_t{1});
}

TEST(AskedCall, ConstantsAreTheArchitectures) {
  EXPECT_EQ(asked("socket AF_INET SOCK_NONBLOCK", Arch::x86_64)->input.args[1], 0x800u);
  EXPECT_EQ(asked("socket AF_INET SOCK_NONBLOCK", Arch::mips64)->input.args[1], 0x80u);
}

TEST(AskedCall, WordsOf32BitsAreCut) {
  EXPECT_EQ(asked("close -1", Arch::arm)->input.args[0], 0xffffffffu);
}

TEST(AskedCall, WideArgumentsTakeTwoRegisters) {
  // ftruncate64(fd, u64 length): on arm a pair starts at an even register, on x86 it does not.
  auto arm = asked("ftruncate64 3 0x1122334455667788", Arch::arm);
  auto x86 = asked("ftruncate64 3 0x1122334455667788", Arch::x86);
  ASSERT_TRUE(arm && x86);
  EXPECT_EQ(arm->input.args, (std::array<uint64_t, 6>{3, 0, 0x55667788, 0x11223344, 0, 0}));
  EXPECT_EQ(x86->input.args, (std::array<uint64_t, 6>{3, 0x55667788, 0x11223344, 0, 0, 0}));
}

TEST(AskedCall, ArgumentsInMemoryStayOut) {
  // mmap of x86 takes the address of its six arguments.
  EXPECT_EQ(asked("mmap 0 4096 PROT_EXEC", Arch::x86)->input.args, (std::array<uint64_t, 6>{}));
}

TEST(AskedCall, RawNumbersTakeRegisters) {
  auto known = asked("nr:1 7 8", Arch::x86_64);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->name, "write");
  EXPECT_EQ(known->input.args[1], 8u);
  EXPECT_EQ(asked("nr:99999")->name, "nr:99999");
  EXPECT_EQ(asked("nr:0x40000001")->input.number, 0x40000001u);
}

TEST(AskedCall, WhatIsWrongIsSaid) {
  EXPECT_EQ(asked("wirte 1").error().hint, "did you mean `write`?");
  EXPECT_EQ(asked("open 0", Arch::aarch64).error().doing, "`open` does not exist on aarch64");
  EXPECT_EQ(asked("read O_RDONYL").error().hint, "did you mean `O_RDONLY`?");
  EXPECT_EQ(asked("read 1|").error().doing, "`` is no number and no constant");
  EXPECT_FALSE(asked("nr:"));
  EXPECT_FALSE(asked("nr:0x100000000"));
  EXPECT_FALSE(asked("read 1 2 3 4 5 6 7"));
  EXPECT_FALSE(asked("read 0x10000000000000000"));
}

}  // namespace
}  // namespace seclude::cli
