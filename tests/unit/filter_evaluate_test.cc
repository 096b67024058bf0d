// Evaluate: each instruction by itself, the data's layout in both byte orders, what is counted.
// (Whole random programs are held against the running kernel in tests/kernel.)
#include "filter/evaluate.h"

#include <gtest/gtest.h>

namespace seclude::filter {
namespace {

uint32_t run(const Program& program, const Input& input = {}, bool big_endian = false) {
  EXPECT_FALSE(invalid(program).has_value());
  return evaluate(program, input, big_endian).ret;
}

// What one operation makes of A = a and X = x.
uint32_t operation(uint16_t code, uint32_t a, uint32_t k_or_x) {
  return run({{op::ldx_imm, 0, 0, k_or_x},
              {op::ld_imm, 0, 0, a},
              {code, 0, 0, k_or_x},
              {op::ret_a, 0, 0, 0}});
}

TEST(Evaluate, Calculates) {
  struct Case {
    uint16_t with_k, with_x;
    uint32_t a, b, result;
  };
  for (const Case& each : {Case{op::add_k, op::add_x, 0xffffffff, 2, 1},
                           {op::sub_k, op::sub_x, 1, 2, 0xffffffff},
                           {op::mul_k, op::mul_x, 0x10001, 0x10001, 0x20001},
                           {op::div_k, op::div_x, 0xffffffff, 10, 429496729},
                           {op::or_k, op::or_x, 5, 3, 7},
                           {op::and_k, op::and_x, 5, 3, 1},
                           {op::xor_k, op::xor_x, 5, 3, 6},
                           {op::lsh_k, op::lsh_x, 0x80000001, 4, 0x10},
                           {op::rsh_k, op::rsh_x, 0x80000001, 4, 0x08000000}}) {
    EXPECT_EQ(operation(each.with_k, each.a, each.b), each.result) << each.with_k;
    EXPECT_EQ(operation(each.with_x, each.a, each.b), each.result) << each.with_x;
  }
  EXPECT_EQ(operation(op::neg, 1, 0), 0xffffffffu);
  EXPECT_EQ(operation(op::lsh_x, 1, 33), 2u) << "the low five bits of X";
  EXPECT_EQ(operation(op::rsh_x, 4, 33), 2u);
  EXPECT_EQ(operation(op::div_x, 7, 0), 0u) << "ends the program with 0";
}

TEST(Evaluate, Branches) {
  auto taken = [](uint16_t code, uint32_t a, uint32_t b) {
    uint32_t answer = run({{op::ldx_imm, 0, 0, b},
                           {op::ld_imm, 0, 0, a},
                           {code, 1, 0, b},
                           {op::ret_k, 0, 0, 10},
                           {op::ret_k, 0, 0, 11}});
    return answer == 11;
  };
  struct Case {
    uint16_t with_k, with_x;
    bool less, same, more;  // for A = 4, 5, 0x80000005 against 5
  };
  for (const Case& each : {Case{op::jeq_k, op::jeq_x, false, true, false},
                           {op::jgt_k, op::jgt_x, false, false, true},
                           {op::jge_k, op::jge_x, false, true, true},
                           {op::jset_k, op::jset_x, true, true, true}}) {
    for (uint16_t code : {each.with_k, each.with_x}) {
      EXPECT_EQ(taken(code, 4, 5), each.less) << code;
      EXPECT_EQ(taken(code, 5, 5), each.same) << code;
      EXPECT_EQ(taken(code, 0x80000005, 5), each.more) << code;
    }
  }
  EXPECT_FALSE(taken(op::jset_k, 2, 5));
  EXPECT_EQ(run({{op::ja, 0, 0, 1}, {op::ret_k, 0, 0, 1}, {op::ret_k, 0, 0, 2}}), 2u);
}

TEST(Evaluate, MovesRegistersAndScratch) {
  EXPECT_EQ(run({{op::ret_a, 0, 0, 0}}), 0u) << "A begins as 0";
  EXPECT_EQ(run({{op::txa, 0, 0, 0}, {op::ret_a, 0, 0, 0}}), 0u) << "so does X";
  EXPECT_EQ(run({{op::ld_len, 0, 0, 0}, {op::ret_a, 0, 0, 0}}), 64u);
  EXPECT_EQ(run({{op::ldx_len, 0, 0, 0}, {op::txa, 0, 0, 0}, {op::ret_a, 0, 0, 0}}), 64u);
  EXPECT_EQ(run({{op::ld_imm, 0, 0, 7},
                 {op::tax, 0, 0, 0},
                 {op::stx, 0, 0, 15},
                 {op::ld_imm, 0, 0, 1},
                 {op::st, 0, 0, 0},
                 {op::ld_mem, 0, 0, 15},
                 {op::ret_a, 0, 0, 0}}),
            7u);
  EXPECT_EQ(run({{op::ld_imm, 0, 0, 9},
                 {op::st, 0, 0, 3},
                 {op::ldx_mem, 0, 0, 3},
                 {op::ld_imm, 0, 0, 1},
                 {op::add_x, 0, 0, 0},
                 {op::ret_a, 0, 0, 0}}),
            10u);
}

TEST(Evaluate, ReadsEveryWordOfTheCall) {
  Input input;
  input.number = 0x11;
  input.arch = 0x22;
  input.instruction_pointer = 0x3000000040;
  for (size_t i = 0; i < 6; ++i) input.args[i] = (100 + i) << 32 | (200 + i);
  auto word = [&](uint32_t offset, bool big_endian) {
    return run({{op::ld_abs, 0, 0, offset}, {op::ret_a, 0, 0, 0}}, input, big_endian);
  };
  for (bool big_endian : {false, true}) {
    EXPECT_EQ(word(offset_number, big_endian), 0x11u);
    EXPECT_EQ(word(offset_arch, big_endian), 0x22u);
    for (uint8_t i = 0; i < 6; ++i) {
      EXPECT_EQ(word(offset_of_half(i, true, big_endian), big_endian), 100u + i);
      EXPECT_EQ(word(offset_of_half(i, false, big_endian), big_endian), 200u + i);
    }
  }
  EXPECT_EQ(word(offset_ip, false), 0x40u);
  EXPECT_EQ(word(offset_ip, true), 0x30u);
  EXPECT_EQ(offset_of_half(1, false, false), 24u);
  EXPECT_EQ(offset_of_half(1, false, true), 28u);
}

TEST(Evaluate, CountsWhatItExecuted) {
  Program program{{op::ld_abs, 0, 0, offset_number},
                  {op::jeq_k, 2, 0, 5},
                  {op::ld_imm, 0, 0, 1},
                  {op::ret_k, 0, 0, 7},
                  {op::ret_k, 0, 0, 8}};
  Input five;
  five.number = 5;
  Evaluation short_way = evaluate(program, five), long_way = evaluate(program, {});
  EXPECT_EQ(short_way.ret, 8u);
  EXPECT_EQ(short_way.executed, 3u);
  EXPECT_EQ(short_way.last, 4u);
  EXPECT_EQ(long_way.executed, 4u);
  EXPECT_EQ(long_way.last, 3u);
}

}  // namespace
}  // namespace seclude::filter
