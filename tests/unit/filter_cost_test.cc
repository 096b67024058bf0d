// Cost: the kernel's bitmap rule, converted lengths and means, on programs small enough to count.
#include "filter/cost.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "filter/action.h"

namespace seclude::filter {
namespace {

constexpr uint32_t x86_64 = 0xc000003e;

// 0 and 1 allowed; 2 allowed when its first argument is 0; the rest denied.
Program sample() {
  return {{op::ld_abs, 0, 0, offset_arch},
          {op::jeq_k, 0, 6, x86_64},
          {op::ld_abs, 0, 0, offset_number},
          {op::jgt_k, 0, 3, 1},
          {op::jeq_k, 0, 3, 2},
          {op::ld_abs, 0, 0, offset_args},
          {op::jeq_k, 0, 1, 0},
          {op::ret_k, 0, 0, Action::allow_},
          {op::ret_k, 0, 0, 0x50001}};
}

TEST(Cost, TheBitmapHoldsWhatNoArgumentDecides) {
  Program program = sample();
  EXPECT_TRUE(is_constant_allow(program, x86_64, 0));
  EXPECT_TRUE(is_constant_allow(program, x86_64, 1));
  EXPECT_FALSE(is_constant_allow(program, x86_64, 2));  // looks at an argument
  EXPECT_FALSE(is_constant_allow(program, x86_64, 3));  // denied
  EXPECT_FALSE(is_constant_allow(program, 0x40000003, 0));
  EXPECT_EQ(constant_allows(program, calls::Arch::x86_64), (std::vector<uint32_t>{0, 1}));
}

TEST(Cost, DataOnAllowAndUnknownInstructionsSpoilTheBitmap) {
  Program data = {{op::ret_k, 0, 0, Action::allow_ | 1}};
  EXPECT_FALSE(is_constant_allow(data, x86_64, 0));
  Program masked = {{op::ld_abs, 0, 0, offset_number},
                    {op::and_k, 0, 0, 1},
                    {op::jset_k, 0, 1, 1},
                    {op::ja, 0, 0, 1},
                    {op::ret_k, 0, 0, 0},
                    {op::ret_k, 0, 0, Action::allow_}};
  EXPECT_TRUE(is_constant_allow(masked, x86_64, 5));
  EXPECT_FALSE(is_constant_allow(masked, x86_64, 4));
  EXPECT_FALSE(
      is_constant_allow({{{op::or_k, 0, 0, 1}, {op::ret_k, 0, 0, Action::allow_}}}, x86_64, 0));
  masked[1].code = op::add_k;
  EXPECT_FALSE(is_constant_allow(masked, x86_64, 5));
}

TEST(Cost, ConvertedLengthsFollowTheKernel) {
  auto length = [](Program program) { return converted_length(program) - 3; };
  EXPECT_EQ(length({{op::ret_k, 0, 0, 0}}), 2u);
  EXPECT_EQ(length({{op::ld_abs, 0, 0, 0}}), 1u);
  EXPECT_EQ(length({{op::jeq_k, 0, 5, 1}}), 1u);  // inverted
  EXPECT_EQ(length({{op::jeq_k, 5, 0, 1}}), 1u);
  EXPECT_EQ(length({{op::jeq_k, 5, 6, 1}}), 2u);
  EXPECT_EQ(length({{op::jset_k, 0, 6, 1}}), 2u);  // has no inverse
  EXPECT_EQ(length({{op::jset_k, 6, 0, 1}}), 1u);
  EXPECT_EQ(length({{op::jge_k, 5, 6, 0x80000000}}), 3u);  // does not fit the signed immediate
  EXPECT_EQ(length({{op::ja, 0, 0, 3}}), 1u);
}

TEST(Cost, MeansAreWeighted) {
  Program program = sample();
  WeightedInput often = {3, {}}, rarely = {1, {}};
  often.input.arch = rarely.input.arch = x86_64;
  rarely.input.number = 2;
  EXPECT_DOUBLE_EQ(expected_instructions(program, {}), 0);
  std::vector<WeightedInput> calls = {often, rarely};
  EXPECT_DOUBLE_EQ(expected_instructions(program, calls), (3 * 5 + 1 * 8) / 4.0);
}

TEST(Cost, LongerProgramsAndLongerWaysLoadSlower) {
  Program program = sample(), longer = sample();
  longer.push_back({op::ret_k, 0, 0, 0});
  double base = estimated_load_microseconds(program, calls::Arch::x86_64);
  EXPECT_GT(estimated_load_microseconds(longer, calls::Arch::x86_64), base);
  // The same length, but every native call passes one instruction more.
  Program deeper = longer;
  std::rotate(deeper.begin(), deeper.end() - 1, deeper.end());
  deeper[0] = {op::ja, 0, 0, 0};
  EXPECT_GT(emulated_instructions(deeper, calls::Arch::x86_64),
            emulated_instructions(longer, calls::Arch::x86_64));
}

}  // namespace
}  // namespace seclude::filter
