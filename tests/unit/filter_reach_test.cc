// Reach: against trying every value of a 16-bit argument.
#include "filter/rules/reach.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace seclude::filter {
namespace {

TEST(Reach, IsWhatTryingEveryValueFinds) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; round++) {
    Field field{.bits = 16, .low = 0, .high = std::nullopt, .is_signed = round % 2 == 0};
    uint64_t mask = random() & (round % 3 == 0 ? random() : ~0u) & 0xffff;
    std::set<uint64_t> values;
    for (uint64_t x = 0; x <= 0xffff; x++) values.insert(ordered(x & mask, field));
    Reach reach(field, mask);
    ASSERT_EQ(reach.least(), *values.begin()) << mask;
    ASSERT_EQ(reach.greatest(), *values.rbegin()) << mask;
    for (uint64_t bound = 0; bound <= 0x10000; bound += 1 + random() % 16) {
      auto found = values.lower_bound(bound);
      auto wanted = found == values.end() ? std::nullopt : std::optional<uint64_t>(*found);
      ASSERT_EQ(reach.at_least(bound), wanted) << mask << " " << bound;
    }
  }
}

TEST(Reach, ReachesTheEndsOf64Bits) {
  Field field{.bits = 64, .low = 0, .high = std::nullopt, .is_signed = true};
  Reach all(field, ~uint64_t{0});
  EXPECT_EQ(all.least(), 0u);
  EXPECT_EQ(all.greatest(), ~uint64_t{0});
  EXPECT_EQ(all.at_least(~uint64_t{0}), ~uint64_t{0});
  Reach one(field, 1);
  EXPECT_EQ(one.least(), uint64_t{1} << 63) << "0, with the sign turned over";
  EXPECT_EQ(one.at_least((uint64_t{1} << 63) + 2), std::nullopt);
}

}  // namespace
}  // namespace seclude::filter
