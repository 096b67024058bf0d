// Program: each rule of the kernel's check in words, bytes there and back, the disassembly.
// (tests/kernel holds the same rules against the running kernel.)
#include "filter/program.h"

#include <gtest/gtest.h>

#include "filter/action.h"

namespace seclude::filter {
namespace {

constexpr Instruction done{op::ret_k, 0, 0, Action::allow_};

// "INSTRUCTION: why", or "" for a valid program.
std::string judged(const Program& program) {
  std::optional<Invalid> found = invalid(program);
  return found ? std::to_string(found->at) + ": " + found->why : "";
}

TEST(Program, SaysWhyTheKernelWouldRefuse) {
  EXPECT_EQ(judged({done}), "");
  EXPECT_EQ(judged({}), "0: the program is empty");
  EXPECT_EQ(judged(Program(4096, done)), "");
  EXPECT_EQ(judged(Program(4097, done)), "4096: 4097 instructions are more than the kernel's 4096");
  EXPECT_EQ(judged({{0x94, 0, 0, 3}, done}), "0: opcode 0x94 is not allowed in a seccomp filter");
  EXPECT_EQ(judged({{op::ld_abs, 0, 0, 60}, done}), "");
  EXPECT_EQ(judged({{op::ld_abs, 0, 0, 64}, done}),
            "0: load at offset 64 is not an aligned word of the 64 bytes of call data");
  EXPECT_EQ(judged({{op::ld_abs, 0, 0, 2}, done}),
            "0: load at offset 2 is not an aligned word of the 64 bytes of call data");
  EXPECT_EQ(judged({{op::st, 0, 0, 16}, done}), "0: scratch word 16 does not exist (there are 16)");
  EXPECT_EQ(judged({{op::div_k, 0, 0, 0}, done}), "0: division by zero");
  EXPECT_EQ(judged({{op::rsh_k, 0, 0, 32}, done}), "0: shift by 32 in a word of 32 bits");
  EXPECT_EQ(judged({{op::ja, 0, 0, 0}, done}), "");
  EXPECT_EQ(judged({{op::ja, 0, 0, 1}, done}),
            "0: jump to instruction 2 is past the end (2 instructions)");
  EXPECT_EQ(judged({{op::ja, 0, 0, 0xffffffff}, done}),
            "0: jump to instruction 4294967296 is past the end (2 instructions)");
  EXPECT_EQ(judged({{op::jeq_k, 0, 1, 0}, done}),
            "0: jump to instruction 2 is past the end (2 instructions)");
  EXPECT_EQ(judged({done, {op::ld_imm, 0, 0, 1}}), "1: the last instruction is not a return");
}

TEST(Program, ScratchIsWrittenBeforeItIsRead) {
  Instruction write{op::st, 0, 0, 3}, read{op::ld_mem, 0, 0, 3};
  EXPECT_EQ(judged({write, read, done}), "");
  EXPECT_EQ(judged({read, done}), "0: scratch word 3 may be read before it is written");
  EXPECT_EQ(judged({{op::jeq_k, 0, 1, 0}, write, read, done}),
            "2: scratch word 3 may be read before it is written");
  EXPECT_EQ(judged({{op::jeq_k, 0, 2, 0}, write, {op::ja, 0, 0, 1}, write, read, done}), "");
  // The kernel lets what follows a jump inherit everything, what follows a return nothing new.
  EXPECT_EQ(judged({{op::ja, 0, 0, 1}, read, done}), "");
  EXPECT_EQ(judged({done, read, done}), "1: scratch word 3 may be read before it is written");
}

TEST(Program, GoesToBytesAndBack) {
  Program program{{op::ld_abs, 0, 0, 4}, {op::jeq_k, 1, 2, 0xc000003e}, done};
  std::string little = to_bytes(program, false), big = to_bytes(program, true);
  EXPECT_EQ(little.substr(8, 8), std::string("\x15\x00\x01\x02\x3e\x00\x00\xc0", 8));
  EXPECT_EQ(big.substr(8, 8), std::string("\x00\x15\x01\x02\xc0\x00\x00\x3e", 8));
  EXPECT_EQ(from_bytes(little, false), program);
  EXPECT_EQ(from_bytes(big, true), program);
  EXPECT_EQ(from_bytes("", false), Program{});
  EXPECT_FALSE(from_bytes(little.substr(1), false).has_value());
}

TEST(Disassemble, NamesWhatIsCertain) {
  Program program{
      {op::ld_abs, 0, 0, offset_arch},
      {op::jeq_k, 0, 9, 0xc000003e},
      {op::ld_abs, 0, 0, offset_number},
      {op::jge_k, 7, 0, 0x40000000},
      {op::jeq_k, 0, 5, 10},
      {op::ld_abs, 0, 0, offset_of_half(2, false, false)},
      {op::jset_k, 4, 0, 4},
      {op::and_k, 0, 0, 7},
      {op::jeq_k, 1, 0, 10},
      {op::ret_k, 0, 0, Action::errno_ | 1},
      {op::ret_k, 0, 0, Action::allow_},
      {op::ret_k, 0, 0, Action::kill_process},
  };
  EXPECT_EQ(disassemble(program, calls::Arch::x86_64),
            "   0: ld   arch\n"
            "   1: jeq  #0xc000003e (x86_64), 2, 11\n"
            "   2: ld   number\n"
            "   3: jge  #0x40000000 (read), 11, 4\n"
            "   4: jeq  #0xa (mprotect), 5, 10\n"
            "   5: ld   args[2].low (prot)\n"
            "   6: jset #0x4, 11, 7\n"
            "   7: and  #0x7\n"
            "   8: jeq  #0xa, 10, 9\n"
            "   9: ret  #0x50001 (errno:EPERM)\n"
            "  10: ret  #0x7fff0000 (allow)\n"
            "  11: ret  #0x80000000 (kill)\n");
}

TEST(Disassemble, NumbersBelongToTheArchitectureTested) {
  Program program{{op::ld_abs, 0, 0, offset_arch},   {op::jeq_k, 0, 2, 0xc00000b7},
                  {op::ld_abs, 0, 0, offset_number}, {op::jeq_k, 2, 2, 63},
                  {op::ld_abs, 0, 0, offset_number}, {op::jeq_k, 0, 0, 63},
                  {op::ret_k, 0, 0, 0x12345678}};
  std::string text = disassemble(program, calls::Arch::x86_64);
  EXPECT_NE(text.find("3: jeq  #0x3f (read), 6, 6"), std::string::npos) << text;
  EXPECT_NE(text.find("5: jeq  #0x3f (uname), 6, 6"), std::string::npos) << text;
  EXPECT_NE(text.find("6: ret  #0x12345678 (kill)"), std::string::npos) << text;
}

TEST(Disassemble, ShowsEveryOpcodeAndWhatIsNone) {
  Program program{{op::ldx_imm, 0, 0, 3}, {op::ld_len, 0, 0, 0}, {op::stx, 0, 0, 2},
                  {op::ldx_mem, 0, 0, 2}, {op::add_x, 0, 0, 0},  {op::rsh_k, 0, 0, 4},
                  {op::neg, 0, 0, 0},     {op::tax, 0, 0, 0},    {op::jge_x, 0, 1, 0},
                  {op::ja, 0, 0, 0},      {op::ret_a, 0, 0, 0},  {0x94, 1, 2, 3}};
  EXPECT_EQ(disassemble(program, calls::Arch::x86_64),
            "   0: ldx  #0x3\n"
            "   1: ld   length\n"
            "   2: stx  scratch[2]\n"
            "   3: ldx  scratch[2]\n"
            "   4: add  x\n"
            "   5: rsh  #0x4\n"
            "   6: neg\n"
            "   7: tax\n"
            "   8: jge  x, 9, 10\n"
            "   9: ja   10\n"
            "  10: ret  a\n"
            "  11: .raw 0x0094, 1, 2, 0x3\n");
}

}  // namespace
}  // namespace seclude::filter
