// Weights: the default table and recordings, as shares of call numbers.
#include "filter/code/weights.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace seclude::filter {
namespace {

using calls::Arch;

float share_of(const std::vector<CallWeight>& weights, uint32_t number) {
  for (const CallWeight& weight : weights)
    if (weight.number == number) return weight.share;
  return 0;
}

TEST(Weights, DefaultsAreSortedSharesOnEveryArchitecture) {
  for (Arch arch : calls::all_archs) {
    std::vector<CallWeight> weights = call_weights(arch, {});
    ASSERT_FALSE(weights.empty()) << calls::info(arch).name;
    float total = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      total += weights[i].share;
      if (i > 0) {
        EXPECT_LT(weights[i - 1].number, weights[i].number);
      }
    }
    EXPECT_NEAR(total, 1, 1e-3) << calls::info(arch).name;
  }
  EXPECT_GT(share_of(call_weights(Arch::x86_64, {}), 0), 0.01f);    // read
  EXPECT_GT(share_of(call_weights(Arch::aarch64, {}), 63), 0.01f);  // read
}

TEST(Weights, RecordingsReplaceTheDefaults) {
  std::vector<CallWeight> weights =
      call_weights(Arch::x86_64, {{"getpid", 3}, {"read", 1}, {"no_such_call", 9}});
  ASSERT_EQ(weights.size(), 2u);
  EXPECT_EQ(weights[0].number, 0u);
  EXPECT_FLOAT_EQ(weights[0].share, 0.25f);
  EXPECT_EQ(weights[1].number, 39u);
  EXPECT_FLOAT_EQ(weights[1].share, 0.75f);
}

TEST(Weights, ArgumentsOfOneCallOnly) {
  auto known = argument_weights(Arch::x86_64, 16);  // ioctl
  ASSERT_FALSE(known.empty());
  float total = 0;
  for (const ArgumentWeight& weight : known) {
    EXPECT_EQ(weight.number, 16u);
    if (weight.arg == 1) total += weight.share;
  }
  EXPECT_GT(total, 0.5f);
  EXPECT_LE(total, 1.001f);
  EXPECT_TRUE(argument_weights(Arch::x86_64, 39).empty());  // getpid
}

}  // namespace
}  // namespace seclude::filter
