// The launcher's two additions, judged by the oracle: what they change, and that they change
// nothing else.
#include "sandbox/rules/launch_rule.h"

#include <gtest/gtest.h>

#include "calls/calls.h"
#include "filter/meaning.h"

namespace seclude::sandbox {
namespace {

using calls::Arch;
using filter::Action;
using filter::Condition;

constexpr kernel::raw::LaunchKey key = {0x1111222233334444, 0x5555666677778888, 0x9999aaaabbbbcccc};

uint32_t number_of(const char* call, Arch arch) {
  return *calls::number_of(*calls::find_call(call), arch);
}

Condition argument_is(uint8_t index, uint32_t value) {
  Condition condition;
  condition.kind = Condition::Kind::Test;
  condition.test.field = {.bits = 32, .low = index, .high = {}};
  condition.test.mask = 0xffffffff;
  condition.test.value = value;
  return condition;
}

struct Line {
  const char* call;
  Action action;
  Condition where = {};
};

filter::Rules rules_of(Arch arch, Action otherwise, std::vector<Line> lines) {
  filter::ArchRules rules{};
  rules.arch = arch;
  rules.unknown = Action::deny(38);
  std::map<uint32_t, std::vector<filter::Rule>> by_number;
  for (const Line& line : lines)
    by_number[number_of(line.call, arch)].push_back({line.action, line.where, Span()});
  for (const auto& [number, list] : by_number) {
    filter::NumberRules entry;
    entry.number = number;
    entry.otherwise = otherwise;
    entry.first_rule = static_cast<uint32_t>(rules.rules.size());
    rules.rules.insert(rules.rules.end(), list.begin(), list.end());
    entry.end_rule = static_cast<uint32_t>(rules.rules.size());
    rules.numbers.push_back(entry);
  }
  filter::Rules all;
  all.archs.push_back(rules);
  return all;
}

Action answer(const filter::Rules& rules, const char* call, std::array<uint64_t, 6> args,
              Arch arch = Arch::x86_64) {
  filter::Input input;
  input.number = number_of(call, arch);
  input.arch = calls::info(arch).audit;
  input.args = args;
  return filter::meaning(rules, input).action;
}

TEST(LaunchRule, ExactlyTheKeyPassesWhateverThePolicySays) {
  const std::vector<std::vector<Line>> policies = {
      {},
      {{"execve", Action::kill()}},
      {{"execve", Action::deny(1)}, {"execve", Action::trap(3), argument_is(0, 7)}},
      {{"execve", Action::allow(), argument_is(1, 9)}},
  };
  for (const auto& lines : policies) {
    const auto before = rules_of(Arch::x86_64, Action::kill(), lines);
    const auto after = with_launch_rule(before, key, Arch::x86_64);
    ASSERT_TRUE(after);
    for (const uint64_t first : {0, 7}) {
      for (const uint64_t second : {0, 9}) {
        EXPECT_EQ(answer(*after, "execve", {first, second, 3, key[0], key[1], key[2]}),
                  Action::allow());
        for (size_t bit = 0; bit < 192; ++bit) {
          std::array<uint64_t, 6> args = {first, second, 3, key[0], key[1], key[2]};
          args[3 + bit / 64] ^= uint64_t{1} << (bit % 64);
          ASSERT_EQ(answer(*after, "execve", args), answer(before, "execve", args)) << bit;
        }
      }
    }
  }
}

TEST(LaunchRule, OtherCallsAndNumbersKeepTheirAnswers) {
  const auto before = rules_of(Arch::x86_64, Action::kill(),
                               {{"execveat", Action::deny(2)}, {"read", Action::allow()}});
  const auto after = with_launch_rule(before, key, Arch::x86_64);
  for (const char* call : {"execveat", "read", "write", "openat"}) {
    const std::array<uint64_t, 6> args = {1, 2, 3, key[0], key[1], key[2]};
    EXPECT_EQ(answer(*after, call, args), answer(before, call, args)) << call;
  }
}

TEST(LaunchRule, ThirtyTwoBitRegistersHoldThreeHalves) {
  const auto after = with_launch_rule(rules_of(Arch::x86, Action::kill(), {}), key, Arch::x86);
  ASSERT_TRUE(after);
  const std::array<uint64_t, 6> args = {
      1, 2, 3, key[0] & 0xffffffff, key[1] & 0xffffffff, key[2] & 0xffffffff};
  EXPECT_EQ(answer(*after, "execve", args, Arch::x86), Action::allow());
  std::array<uint64_t, 6> wrong = args;
  wrong[5] ^= 0x80000000;
  EXPECT_EQ(answer(*after, "execve", wrong, Arch::x86), Action::deny(38));
}

TEST(LaunchRule, AnArchitectureThePolicyDoesNotListIsAnError) {
  const auto rules =
      with_launch_rule(rules_of(Arch::aarch64, Action::allow(), {}), key, Arch::x86_64);
  ASSERT_FALSE(rules);
  EXPECT_NE(rules.error().doing.find("x86_64"), std::string::npos);
}

TEST(NewListeners, AreRefusedAndNothingElseOfSeccompIs) {
  const auto rules =
      without_new_listeners(rules_of(Arch::x86_64, Action::allow(), {{"read", Action::allow()}}));
  // The entry was made from what unknown numbers get: ENOSYS, which refuses already.
  EXPECT_EQ(answer(rules, "seccomp", {1, 8}), Action::deny(38));
  const auto allowed = without_new_listeners(
      rules_of(Arch::x86_64, Action::allow(), {{"seccomp", Action::log(), argument_is(0, 3)}}));
  for (const uint64_t others : {0, 1, 4, 0x10}) {
    EXPECT_EQ(answer(allowed, "seccomp", {1, others | 8}), Action::deny(1));
    EXPECT_EQ(answer(allowed, "seccomp", {3, others | 8}), Action::deny(1));
    EXPECT_EQ(answer(allowed, "seccomp", {1, others}), Action::allow());
    EXPECT_EQ(answer(allowed, "seccomp", {3, others}), Action::log());
  }
  // The kernel reads 32 bits: what is above them hides nothing.
  EXPECT_EQ(answer(allowed, "seccomp", {1, (uint64_t{1} << 40) | 8}), Action::deny(1));
}

TEST(NewListeners, StricterAndOtherRefusalsKeepTheirSay) {
  const auto rules =
      without_new_listeners(rules_of(Arch::x86_64, Action::kill(),
                                     {{"seccomp", Action::allow(), argument_is(0, 1)},
                                      {"seccomp", Action::deny(9), argument_is(0, 5)},
                                      {"seccomp", Action::trap(), argument_is(0, 6)}}));
  EXPECT_EQ(answer(rules, "seccomp", {1, 8}), Action::deny(1));
  EXPECT_EQ(answer(rules, "seccomp", {1, 0}), Action::allow());
  EXPECT_EQ(answer(rules, "seccomp", {5, 8}), Action::deny(9));
  EXPECT_EQ(answer(rules, "seccomp", {6, 8}), Action::trap());
  EXPECT_EQ(answer(rules, "seccomp", {2, 8}), Action::kill());
}

}  // namespace
}  // namespace seclude::sandbox
