// Call differences: every way in which two decisions differ, and nothing else.
#include "filter/inspection/call_differences.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "filter/lift.h"
#include "support/random_program.h"

namespace seclude::filter {
namespace {

using testing::Random;

uint32_t answer(const Store& store, const Decision& decision, const Input& input) {
  return store.evaluate(decision.at(input.arch, input.number), input);
}

bool covers(const CallDifference& one, const Input& input, Action left, Action right) {
  bool numbers = one.first <= input.number && input.number <= one.last;
  bool arch = !one.audit || *one.audit == input.arch;
  return numbers && arch && one.left == left && one.right == right;
}

// Whatever a random input shows to be different is listed with the same two answers, and every
// listed example is answered as it says.
TEST(CallDifferences, ListEveryPairOfAnswers) {
  Random random(testing::seed_from_environment());
  Store store(1 << 20);
  size_t listed = 0, seen = 0;
  const size_t rounds = testing::rounds_from_environment(600);
  for (size_t round = rounds; round > 0; --round) {
    store.clear();
    Program one = testing::compiled_program(random, 30), other = one;
    for (int i = 0; i < 3; i++) {
      Instruction& changed = other[random() % other.size()];
      if (changed.code != op::ld_abs && changed.code != op::ja) changed.k ^= 1u << random() % 32;
    }
    auto left = lift(store, one), right = lift(store, other);
    ASSERT_TRUE(std::holds_alternative<Decision>(left) && std::holds_alternative<Decision>(right));
    const Decision &first = std::get<Decision>(left), &second = std::get<Decision>(right);
    std::vector<CallDifference> all = call_differences(store, first, second);
    ASSERT_FALSE(store.exhausted());
    ASSERT_EQ(all.empty(), first == second);
    listed += all.size();
    for (const CallDifference& each : all) {
      ASSERT_NE(each.left, each.right);
      ASSERT_EQ(answer(store, first, each.example), each.left.ret);
      ASSERT_EQ(answer(store, second, each.example), each.right.ret);
      if (each.call) {
        ASSERT_EQ(calls::number_of(*each.call, *each.arch), each.example.number);
      }
    }
    for (int probe = 0; probe < 40; ++probe) {
      Input input = testing::random_input(random, probe % 2 == 0 ? one : other);
      Action a{answer(store, first, input)}, b{answer(store, second, input)};
      if (a == b) continue;
      seen++;
      ASSERT_TRUE(std::any_of(all.begin(), all.end(), [&](const CallDifference& each) {
        return covers(each, input, a, b);
      }));
    }
  }
  EXPECT_GT(listed, rounds / 10);
  EXPECT_GT(seen, 20u);
}

TEST(CallDifferences, CutStretchesAtCalls) {
  Store store;
  uint32_t audit = calls::info(calls::Arch::x86_64).audit;
  Id allow = store.terminal(Action::allow().ret), deny = store.terminal(Action::deny(1).ret);
  Id some = store.test(Group::Arg0, 0xffffffff, 3, allow, deny);
  Decision left{{{audit, {{0, deny}}}}, {{0, store.terminal(Action::kill().ret)}}};
  Decision right{{{audit, {{0, some}, {2, deny}, {460, allow}}}}, left.other};
  std::vector<CallDifference> all = call_differences(store, left, right);
  ASSERT_GT(all.size(), 4u);
  EXPECT_EQ(calls::name_of(*all[0].call), "read");
  EXPECT_EQ(calls::name_of(*all[1].call), "write");
  EXPECT_TRUE(all[0].some_arguments);
  EXPECT_EQ(all[0].example.args[0], 3u);
  EXPECT_EQ(all[2].first, 460u);
  EXPECT_FALSE(all[2].some_arguments);
  EXPECT_FALSE(all.back().call.has_value());
  EXPECT_EQ(all.back().first, 0x80000000u) << "x32 numbers stand apart";
  EXPECT_EQ(all.back().last, UINT32_MAX);
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const CallDifference& one) {
    return one.arch == calls::Arch::x32 && one.call;
  }));
}

// Forty errnos on either side are too many pairs for an example each; what widens is found all the
// same, also where the number enters the conditions.
TEST(CallDifferences, FindWhatWidensAmongManyPairs) {
  Store store(1 << 20);
  Group args = Group::Arg1;
  Id left = store.terminal(Action::deny(200).ret), right = left;
  right = store.test(args, 0xffffffff, 1000, store.terminal(Action::allow().ret), right);
  for (uint16_t i = 0; i < 40; i++) {
    Action one = Action::deny(static_cast<uint16_t>(10 + i));
    Action other = Action::deny(static_cast<uint16_t>(60 + i));
    left = store.test(args, 0xffffffff, i, store.terminal(one.ret), left);
    right = store.test(args, 0xffffffff, i, store.terminal(other.ret), right);
  }
  Id odd = store.test(Group::ArchNumber, 1, 1, store.yes(), store.no());
  for (bool mixed : {false, true}) {
    if (mixed) left = store.ite(odd, left, store.no());
    if (mixed) right = store.ite(odd, right, store.no());
    std::vector<CallDifference> all =
        call_differences(store, {{}, {{0, left}}}, {{}, {{0, right}}});
    ASSERT_FALSE(store.exhausted());
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const CallDifference& one) {
      return one.left == Action::deny(200) && one.right == Action::allow() &&
             one.example.args[1] == 1000;
    }));
    for (const CallDifference& one : all) {
      EXPECT_EQ(store.evaluate(left, one.example), one.left.ret);
      EXPECT_EQ(store.evaluate(right, one.example), one.right.ret);
    }
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const CallDifference& one) {
      return one.left.refuses() && one.right.refuses();
    })) << "other errnos differ, too";
  }
}

TEST(CallDifferences, WiderMeansMoreHappens) {
  EXPECT_TRUE(wider(Action::kill(), Action::allow()));
  EXPECT_TRUE(wider(Action::deny(1), Action::log()));
  EXPECT_TRUE(wider(Action::deny(0), Action::allow()));
  EXPECT_TRUE(wider(Action::ask(), Action::allow()));
  EXPECT_TRUE(wider(Action::trace(3), Action::log()));
  EXPECT_TRUE(wider(Action::mediated(), Action::allow()));
  EXPECT_FALSE(wider(Action::log(), Action::allow()));
  EXPECT_FALSE(wider(Action::allow(), Action::log()));
  EXPECT_FALSE(wider(Action::kill(), Action::deny(1)));
  EXPECT_FALSE(wider(Action::deny(1), Action::deny(38)));
  EXPECT_FALSE(wider(Action::allow(), Action::kill()));
}

}  // namespace
}  // namespace seclude::filter
