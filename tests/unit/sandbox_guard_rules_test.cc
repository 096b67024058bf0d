// What guards the launcher, judged by the oracle: which calls it refuses, that it refuses no
// others, and that the policy's own refusals stay as they are.
#include "sandbox/rules/guard_rules.h"

#include <gtest/gtest.h>

#include <array>

#include "calls/calls.h"
#include "filter/meaning.h"

namespace seclude::sandbox {
namespace {

using calls::Arch;
using filter::Action;
using filter::Condition;

constexpr int launcher = 4000, helper = 4001, group = 3999;
constexpr Action eperm = Action::deny(1);

uint32_t number_of(const char* call) {
  return *calls::number_of(*calls::find_call(call), Arch::x86_64);
}

filter::Rules all(Action action, const char* call = nullptr, std::vector<filter::Rule> rules = {}) {
  filter::ArchRules of_arch{};
  of_arch.arch = Arch::x86_64;
  of_arch.unknown = Action::deny(38);
  for (const calls::Numbered& one : calls::numbers(Arch::x86_64)) {
    filter::NumberRules entry;
    entry.number = one.number;
    entry.otherwise = action;
    if (call != nullptr && one.number == number_of(call)) {
      of_arch.rules = rules;
      entry.end_rule = static_cast<uint32_t>(rules.size());
    }
    of_arch.numbers.push_back(entry);
  }
  filter::Rules result;
  result.archs.push_back(of_arch);
  return result;
}

Guarded guarded(SignalGuard signals) {
  return {.processes = {launcher, helper}, .groups = {group, helper}, .signals = signals};
}

Action answer(const filter::Rules& rules, const char* call, std::array<uint64_t, 6> args) {
  filter::Input input;
  input.number = number_of(call);
  input.arch = calls::info(Arch::x86_64).audit;
  input.args = args;
  return filter::meaning(rules, input).action;
}

uint64_t minus(int value) { return static_cast<uint32_t>(-value); }

TEST(GuardRules, NothingHidesFromAHelperThatFollows) {
  constexpr uint64_t untraced = 0x00800000, thread = 0x00010000;
  Guarded followed = guarded(SignalGuard::Landlock);
  const auto free = with_guard(all(Action::allow()), followed);
  EXPECT_EQ(answer(free, "clone", {untraced}), Action::allow());
  followed.followed = true;
  const auto rules = with_guard(all(Action::allow()), followed);
  EXPECT_EQ(answer(rules, "clone", {untraced | thread}), eperm);
  EXPECT_EQ(answer(rules, "clone", {untraced | uint64_t{1} << 40}), eperm);
  EXPECT_EQ(answer(rules, "clone", {thread}), Action::allow());
  EXPECT_EQ(answer(rules, "clone3", {}), Action::deny(38));
  EXPECT_FALSE(may_hide_processes(all(Action::allow())));
  // A rule that names clone3 wants it; the helper then knows that it may not see everything.
  const auto named = all(Action::deny(1), "clone3", {{Action::allow(), {}, {}}});
  EXPECT_EQ(answer(with_guard(named, followed), "clone3", {}), Action::allow());
  EXPECT_TRUE(may_hide_processes(named));
}

TEST(GuardRules, LimitsPrioritiesAndProcessorsOfTheGuardedAreOutOfReach) {
  const auto rules = with_guard(all(Action::allow()), guarded(SignalGuard::Landlock));
  for (const char* call : {"prlimit64", "sched_setaffinity", "sched_setattr", "sched_setparam",
                           "sched_setscheduler"}) {
    for (const uint64_t process : std::array<uint64_t, 2>{launcher, helper}) {
      EXPECT_EQ(answer(rules, call, {process}), eperm) << call;
      // The kernel reads 32 bits.
      EXPECT_EQ(answer(rules, call, {process | uint64_t{1} << 40}), eperm) << call;
    }
    for (const uint64_t process : std::array<uint64_t, 4>{0, 1, group, 4002}) {
      EXPECT_EQ(answer(rules, call, {process}), Action::allow()) << call << process;
    }
  }
  for (const uint64_t offset : std::array<uint64_t, 2>{0, 1}) {
    const char* call = offset == 0 ? "setpriority" : "ioprio_set";
    EXPECT_EQ(answer(rules, call, {offset, launcher}), eperm);
    EXPECT_EQ(answer(rules, call, {offset, helper}), eperm);
    EXPECT_EQ(answer(rules, call, {offset, 0}), Action::allow());
    EXPECT_EQ(answer(rules, call, {offset, 17}), Action::allow());
    EXPECT_EQ(answer(rules, call, {offset + 1, 0}), eperm);
    EXPECT_EQ(answer(rules, call, {offset + 1, group}), eperm);
    EXPECT_EQ(answer(rules, call, {offset + 1, 17}), Action::allow());
    EXPECT_EQ(answer(rules, call, {offset + 2, 65534}), eperm);
  }
}

TEST(GuardRules, SignalsAreLeftToLandlockOrRefused) {
  const auto by_landlock = with_guard(all(Action::allow()), guarded(SignalGuard::Landlock));
  const auto by_filter = with_guard(all(Action::allow()), guarded(SignalGuard::Filter));
  const std::array<uint64_t, 6> refused[] = {{launcher},      {helper}, {minus(group)},
                                             {minus(helper)}, {0},      {minus(1)}};
  for (const auto& args : refused) {
    EXPECT_EQ(answer(by_landlock, "kill", args), Action::allow());
    EXPECT_EQ(answer(by_filter, "kill", args), eperm) << args[0];
  }
  EXPECT_EQ(answer(by_filter, "kill", {17, 9}), Action::allow());
  EXPECT_EQ(answer(by_filter, "kill", {minus(17), 9}), Action::allow());
  for (const char* call : {"tgkill", "rt_tgsigqueueinfo"}) {
    EXPECT_EQ(answer(by_filter, call, {launcher, 17}), eperm);
    EXPECT_EQ(answer(by_filter, call, {17, helper}), eperm);
    EXPECT_EQ(answer(by_filter, call, {17, 18}), Action::allow());
  }
  EXPECT_EQ(answer(by_filter, "tkill", {launcher, 9}), eperm);
  EXPECT_EQ(answer(by_filter, "rt_sigqueueinfo", {helper, 9}), eperm);
  EXPECT_EQ(answer(by_filter, "pidfd_send_signal", {3, 9}), Action::deny(38));
  constexpr uint64_t set_owner = 8, set_owner_in_memory = 15, set_flags = 4;
  EXPECT_EQ(answer(by_filter, "fcntl", {3, set_owner, launcher}), eperm);
  EXPECT_EQ(answer(by_filter, "fcntl", {3, set_owner, minus(group)}), eperm);
  EXPECT_EQ(answer(by_filter, "fcntl", {3, set_owner, 17}), Action::allow());
  EXPECT_EQ(answer(by_filter, "fcntl", {3, set_owner_in_memory}), eperm);
  EXPECT_EQ(answer(by_filter, "fcntl", {3, set_flags, launcher}), Action::allow());
  EXPECT_EQ(answer(by_filter, "ioctl", {3, 0x8901}), eperm);
  EXPECT_EQ(answer(by_filter, "ioctl", {3, 0x8902}), eperm);
}

constexpr uint64_t type_into_terminal = 0x5412, read_size = 0x5413;

Condition command_is(filter::Compare op, std::vector<std::pair<uint64_t, uint64_t>> ranges) {
  Condition condition;
  condition.kind = Condition::Kind::Test;
  condition.test.field = {.bits = 32, .low = 1, .high = {}};
  condition.test.mask = 0xffffffff;
  condition.test.op = op;
  condition.test.value = ranges.front().first;
  condition.test.ranges = std::move(ranges);
  return condition;
}

TEST(GuardRules, TypingIntoTheTerminalTakesALineThatNamesIt) {
  const auto typing = [](const filter::Rules& rules, uint64_t command) {
    return answer(with_guard(rules, guarded(SignalGuard::Landlock)), "ioctl", {0, command});
  };
  using enum filter::Compare;
  constexpr auto otherwise = Action::deny(22);
  // Everything is allowed, or all commands, or a range that happens to hold this one.
  const filter::Rules unnamed[] = {
      all(Action::allow()), all(otherwise, "ioctl", {{Action::allow(), {}, Span()}}),
      all(otherwise, "ioctl", {{Action::allow(), command_is(In, {{0x5401, 0x54ff}}), Span()}}),
      all(otherwise, "ioctl", {{Action::allow(), command_is(NotEqual, {{1, 1}}), Span()}})};
  for (const filter::Rules& rules : unnamed) {
    EXPECT_EQ(typing(rules, type_into_terminal), eperm);
    EXPECT_EQ(typing(rules, type_into_terminal | uint64_t{1} << 40), eperm);
    EXPECT_EQ(typing(rules, read_size), Action::allow());
  }
  const auto value = std::pair(type_into_terminal, type_into_terminal);
  for (const auto& where : {command_is(Equal, {value}), command_is(In, {{1, 1}, value})}) {
    const auto rules = all(otherwise, "ioctl", {{Action::allow(), where, Span()}});
    EXPECT_EQ(typing(rules, type_into_terminal), Action::allow());
    EXPECT_EQ(typing(rules, 0x541c), otherwise);
  }
}

TEST(GuardRules, WhatThePolicyRefusesStaysRefusedInItsWay) {
  for (const Action action : {Action::kill(), Action::trap(5), Action::deny(77)}) {
    const auto stated = with_guard(all(Action::allow(), "prlimit64", {{action, {}, Span()}}),
                                   guarded(SignalGuard::Filter));
    EXPECT_EQ(answer(stated, "prlimit64", {launcher}), action);
    const auto otherwise = with_guard(all(action), guarded(SignalGuard::Filter));
    for (const char* call : {"prlimit64", "kill", "ioctl", "setpriority", "pidfd_send_signal"})
      EXPECT_EQ(answer(otherwise, call, {launcher, launcher}), action) << call;
  }
}

}  // namespace
}  // namespace seclude::sandbox
