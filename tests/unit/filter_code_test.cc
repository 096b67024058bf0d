// Code: equal tails are one node, unless they belong to different contents of the accumulator.
#include "filter/code/code.h"

#include <gtest/gtest.h>

namespace seclude::filter {
namespace {

constexpr Holds number = {0, 0xffffffff}, argument = {16, 0xffffffff}, masked = {16, 0xff};

TEST(Code, EqualNodesAreOne) {
  Code code;
  CodeId allow = code.give(0x7fff0000), deny = code.give(0x50001);
  EXPECT_EQ(code.give(0x7fff0000), allow);
  EXPECT_NE(allow, deny);
  CodeId test = code.jump(op::jeq_k, 3, number, allow, deny);
  EXPECT_EQ(code.jump(op::jeq_k, 3, number, allow, deny), test);
  EXPECT_NE(code.jump(op::jeq_k, 3, number, deny, allow), test);
  EXPECT_NE(code.jump(op::jge_k, 3, number, allow, deny), test);
  EXPECT_NE(code.jump(op::jeq_k, 4, number, allow, deny), test);
  EXPECT_EQ(code.load(0, test), code.load(0, test));
  EXPECT_NE(code.load(0, test), code.load(4, test));
}

TEST(Code, ComparisonsOfDifferentWordsAreNeverShared) {
  Code code;
  CodeId allow = code.give(0x7fff0000), deny = code.give(0x50001);
  CodeId of_number = code.jump(op::jeq_k, 3, number, allow, deny);
  CodeId of_argument = code.jump(op::jeq_k, 3, argument, allow, deny);
  CodeId of_masked = code.jump(op::jeq_k, 3, masked, allow, deny);
  EXPECT_NE(of_number, of_argument);
  EXPECT_NE(of_argument, of_masked);
  EXPECT_NE(code.mask(0xff, argument, of_masked), code.mask(0xff, number, of_masked));
}

TEST(Code, NothingIsAskedWhereBothWaysAreOne) {
  Code code;
  CodeId allow = code.give(0x7fff0000);
  size_t size = code.size();
  EXPECT_EQ(code.jump(op::jeq_k, 3, number, allow, allow), allow);
  EXPECT_EQ(code.size(), size);
}

TEST(Code, WeightIsNoPartOfIdentity) {
  Code code;
  CodeId allow = code.give(0x7fff0000), deny = code.give(0x50001);
  CodeId test = code.jump(op::jeq_k, 3, number, allow, deny);
  code.add_weight(test, 0.5f);
  code.add_weight(code.jump(op::jeq_k, 3, number, allow, deny), 0.25f);
  EXPECT_EQ(code.at(test).weight, 0.75f);
}

}  // namespace
}  // namespace seclude::filter
