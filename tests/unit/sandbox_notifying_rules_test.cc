// Notifying rules: which refusals come to the supervisor, and which stay in the filter.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "calls/calls.h"
#include "filter/evaluate.h"
#include "sandbox/helper/capture.h"
#include "sandbox/launch_filter.h"
#include "sandbox/rules/notifying_rules.h"

namespace seclude::sandbox {
namespace {

using filter::Action;
using filter::Reason;

TEST(NotifyingRules, OnlyStatedDenialsAreExplainedAndEverythingRefusedIsAudited) {
  struct Row {
    Action action;
    Reason reason;
    bool explained, audited;
  };
  const Row rows[] = {
      {Action::deny(1), Reason::Stated, true, true},
      {Action::deny(0), Reason::Stated, true, true},
      {Action::deny(38), Reason::OpaqueTwin, false, true},
      {Action::deny(38), Reason::Unknown, false, true},
      {Action::deny(1), Reason::Launch, false, false},
      {Action::kill(), Reason::Stated, false, true},
      {Action::kill_thread(), Reason::Stated, false, true},
      {Action::trap(), Reason::Stated, false, true},
      {Action::allow(), Reason::Stated, false, false},
      {Action::log(), Reason::Stated, false, false},
      {Action::trace(), Reason::Stated, false, false},
      {Action::ask(), Reason::Listening, true, true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(is_notified(row.action, row.reason, Supervise::Explain), row.explained)
        << row.action.ret;
    EXPECT_EQ(is_notified(row.action, row.reason, Supervise::Audit), row.audited) << row.action.ret;
    EXPECT_EQ(is_notified(row.action, row.reason, Supervise::Hold), row.reason == Reason::Listening)
        << row.action.ret;
  }
}

filter::Rules one_call(const char* call, Action action, Action otherwise) {
  filter::ArchRules arch{};
  arch.arch = calls::Arch::x86_64;
  arch.unknown = Action::deny(38);
  filter::NumberRules entry;
  entry.number = *calls::number_of(*calls::find_call(call), arch.arch);
  entry.otherwise = otherwise;
  entry.end_rule = 1;
  arch.numbers.push_back(entry);
  filter::Rule rule;
  rule.action = action;
  arch.rules.push_back(rule);
  return {{arch}};
}

TEST(NotifyingRules, RulesAndOtherwiseAreChanged) {
  const auto rules =
      notifying(one_call("socket", Action::deny(2), Action::deny(3)), Supervise::Explain);
  EXPECT_EQ(rules.archs[0].rules[0].action, Action::ask());
  EXPECT_EQ(rules.archs[0].numbers[0].otherwise, Action::ask());
  EXPECT_EQ(rules.archs[0].unknown, Action::deny(38));
}

// What the program of one launch answers to sendmsg, with and without the launch's key.
TEST(NotifyingRules, OnlyTheLaunchMaySendTheListenerAway) {
  const kernel::raw::LaunchKey key = {0x11111111, 0x22222222, 0x33333333};
  filter::Rules rules = one_call("sendmsg", Action::deny(1), Action::allow());
  rules.archs[0].arch = calls::native();
  const uint32_t number = *calls::number_of(*calls::find_call("sendmsg"), calls::native());
  rules.archs[0].numbers[0].number = number;
  const auto answer = [&](std::optional<Supervise> supervise, bool with_key) {
    filter::Program program;
    if (supervise) {
      program = watched_filter(rules, key, *supervise).value().value();
    } else {
      program = launch_filters(rules, key).value().front();
    }
    filter::Input input;
    input.arch = calls::info(calls::native()).audit;
    input.number = number;
    if (with_key) std::copy(key.begin(), key.end(), input.args.begin() + 3);
    return filter::evaluate(program, input, calls::info(calls::native()).big_endian).ret;
  };
  EXPECT_EQ(answer(std::nullopt, false), Action::deny(1).ret);
  EXPECT_EQ(answer(std::nullopt, true), Action::deny(1).ret);
  EXPECT_EQ(answer(Supervise::Explain, false), Action::ask().ret);
  EXPECT_EQ(answer(Supervise::Explain, true), Action::allow().ret);
}

TEST(NotifyingRules, AProgramMayTraceWhenAnyRuleLetsItTrace) {
  EXPECT_TRUE(may_trace(one_call("ptrace", Action::allow(), Action::kill())));
  EXPECT_TRUE(may_trace(one_call("ptrace", Action::kill(), Action::log())));
  EXPECT_FALSE(may_trace(one_call("ptrace", Action::kill(), Action::deny(1))));
  EXPECT_FALSE(may_trace(one_call("socket", Action::allow(), Action::allow())));
}

TEST(Capture, SocketAddressesAsText) {
  using std::string;
  const auto bytes = [](std::initializer_list<int> list) {
    string text;
    for (const int byte : list) text += static_cast<char>(byte);
    return text;
  };
  EXPECT_EQ(show_socket_address(bytes({2, 0, 0, 80, 192, 0, 2, 1}) + string(8, '\0')),
            "192.0.2.1:80");
  EXPECT_EQ(show_socket_address(bytes({10, 0, 1, 187, 0, 0, 0, 0}) + string(15, '\0') + "\1" +
                                string(4, '\0')),
            "[::1]:443");
  EXPECT_EQ(show_socket_address(bytes({1, 0}) + "/run/x\0rest"), "unix:/run/x");
  EXPECT_EQ(show_socket_address(bytes({1, 0, 0}) + "name"), "unix:@name");
  EXPECT_EQ(show_socket_address(bytes({1, 0})), "unix:");
  EXPECT_EQ(show_socket_address(bytes({40, 0, 1, 2})), "family 40");
  EXPECT_EQ(show_socket_address(bytes({2, 0, 1})), "family 2");
  EXPECT_EQ(show_socket_address(bytes({2})), "no family");
}

}  // namespace
}  // namespace seclude::sandbox
