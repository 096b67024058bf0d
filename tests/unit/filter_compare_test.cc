// Compare: no difference exactly between equal decisions, and every example is one.
#include "filter/compare.h"

#include <gtest/gtest.h>

#include "filter/lift.h"
#include "support/random_program.h"

namespace seclude::filter {
namespace {

using testing::Random;

uint32_t answer(const Store& store, const Decision& decision, const Input& input) {
  return store.evaluate(decision.at(input.arch, input.number), input);
}

TEST(Compare, EveryExampleIsAnsweredDifferently) {
  Random random(testing::seed_from_environment());
  Store store(1 << 18);
  size_t differing = 0, rounds = testing::rounds_from_environment(3000);
  for (size_t round = rounds; round > 0; --round) {
    store.clear();
    Program one = testing::compiled_program(random, 30), other = one;
    Instruction& changed = other[random() % other.size()];
    if (changed.code != op::ld_abs && changed.code != op::ja) changed.k ^= 1u << random() % 32;
    auto left = lift(store, one), right = lift(store, other);
    ASSERT_TRUE(std::holds_alternative<Decision>(left) && std::holds_alternative<Decision>(right));
    const Decision &first = std::get<Decision>(left), &second = std::get<Decision>(right);
    std::vector<RunDifference> all = differences(store, first, second);
    ASSERT_EQ(all.empty(), first == second);
    ASSERT_EQ(difference(store, first, second).has_value(), !all.empty());
    differing += !all.empty();
    for (const RunDifference& each : all) {
      const Input& input = each.example.input;
      ASSERT_NE(each.example.left, each.example.right);
      ASSERT_EQ(answer(store, first, input), each.example.left.ret);
      ASSERT_EQ(answer(store, second, input), each.example.right.ret);
      ASSERT_LE(each.first, each.last);
      if (each.audit) {
        ASSERT_EQ(*each.audit, input.arch);
      }
    }
    // What is in no difference is equal.
    for (int probe = 0; probe < 20; ++probe) {
      Input input = testing::random_input(random, one);
      if (answer(store, first, input) == answer(store, second, input)) continue;
      bool listed = false;
      for (const RunDifference& each : all) {
        bool arch_fits = each.audit ? *each.audit == input.arch
                                    : first.runs(input.arch) == first.other &&
                                          second.runs(input.arch) == second.other;
        listed |= arch_fits && each.first <= input.number && input.number <= each.last;
      }
      ASSERT_TRUE(listed || mixed(store, first) || mixed(store, second));
    }
  }
  EXPECT_GT(differing, rounds / 40) << "the changes hardly changed anything";
}

TEST(Compare, ListsStretchesOfNumbers) {
  Store store;
  Id yes = store.yes(), no = store.no(), odd = store.test(Group::Arg0, 4, 4, yes, no);
  Decision left{{{7, {{0, yes}, {10, no}, {20, yes}}}}, {{0, no}}};
  Decision right{{{7, {{0, yes}, {15, odd}, {30, no}}}}, {{0, odd}}};
  std::vector<RunDifference> all = differences(store, left, right);
  ASSERT_EQ(all.size(), 5u);
  auto expect = [&](const RunDifference& each, uint32_t first, uint32_t last, uint64_t arg) {
    EXPECT_EQ(each.first, first);
    EXPECT_EQ(each.last, last);
    EXPECT_EQ(each.example.input.number, first);
    EXPECT_EQ(each.example.input.args[0], arg);
  };
  expect(all[0], 10, 14, 0);          // no against yes
  expect(all[1], 15, 19, 4);          // no against odd
  expect(all[2], 20, 29, 0);          // yes against odd
  expect(all[3], 30, UINT32_MAX, 0);  // yes against no
  expect(all[4], 0, UINT32_MAX, 4);   // any other architecture
  EXPECT_FALSE(all[4].audit.has_value());
  EXPECT_EQ(all[4].example.input.arch, 0u) << "one that neither lists";
}

TEST(Compare, MixedDecisionsHaveAnExample) {
  Store store(1 << 20);
  Id yes = store.yes(), no = store.no();
  Decision plain{{}, {{0, no}}};
  Decision odd = split(store, store.test(Group::ArchNumber, 1, 1, yes, no));
  ASSERT_TRUE(mixed(store, odd));
  std::optional<Difference> found = difference(store, plain, odd);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->input.number, 1u);
  EXPECT_EQ(found->left.ret, 0u);
  EXPECT_EQ(found->right.ret, 1u);
  EXPECT_FALSE(difference(store, odd, odd).has_value());
}

}  // namespace
}  // namespace seclude::filter
