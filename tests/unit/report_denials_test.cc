// Denials reported: the diagnosis of one, the summary of many, and their JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "calls/calls.h"
#include "evidence/diagnose.h"
#include "policy/load.h"
#include "report/denials.h"

namespace seclude::report {
namespace {

using evidence::diagnose;
using filter::Action;
using sandbox::ArgDetail;
using sandbox::Denial;
using testing::HasSubstr;

Denial denial_of(const char* call, std::array<uint64_t, 6> args = {},
                 Action action = Action::deny(1)) {
  Denial denial;
  denial.call.arch = calls::info(calls::Arch::x86_64).audit;
  denial.call.number = *calls::number_of(*calls::find_call(call), calls::Arch::x86_64);
  denial.call.args = args;
  denial.verdict.action = action;
  denial.verdict.otherwise = true;
  denial.thread_name = "worker";
  denial.process = denial.thread = 12;
  return denial;
}

struct Policy {
  SourceMap sources;
  policy::Texts texts;
  explicit Policy(const std::string& text) {
    Diagnostics diagnostics;
    texts = policy::load(Source{.name = "site.seclude", .text = text}, policy::built_in, sources,
                         diagnostics);
  }
  // Of the statement on this line.
  Span keyword(size_t index) const { return texts.policies[0].statements.at(index).keyword; }
};

TEST(Diagnose, TheCodeThatMadeTheCallIsShownByItsFileEscapedAndBounded) {
  Denial denial = denial_of("socket", {10, 2, 0});
  denial.object = "/opt/lib/lib\033[2J" + std::string(1000, 'x');
  denial.object_offset = 0x8a10;
  const std::string text = diagnose(denial, {.texts = {}}).message;
  EXPECT_THAT(text, HasSubstr("in `worker`, from lib\\x1b[2Jxxxx"));
  EXPECT_THAT(text, HasSubstr("+0x8a10"));
  EXPECT_LT(text.size(), 300u);
  denial.object = "anonymous memory";
  EXPECT_THAT(diagnose(denial, {.texts = {}}).message, HasSubstr(", from anonymous memory+0x8a10"));
}

TEST(Diagnose, ARuleIsNamedWithItsReason) {
  const Policy policy("seclude 1\ndeny socket because \"no\\nnetwork\"\n");
  Denial denial = denial_of("socket", {10, 2, 0});
  denial.verdict.otherwise = false;
  denial.verdict.origin = policy.keyword(1);
  denial.thread = 13;
  EXPECT_EQ(render(diagnose(denial, {.texts = policy.texts}), policy.sources),
            "denied: socket(family: AF_INET6, type: SOCK_DGRAM, protocol: 0) in `worker`, thread "
            "13\n"
            " --> site.seclude:2:1\n"
            "  |\n"
            "2 | deny socket because \"no\\nnetwork\"\n"
            "  | ^^^^^^^^^^^ because no\\x0anetwork\n"
            "  = help: if wanted: except it from this line with `where`; the program got EPERM\n");
}

TEST(Diagnose, ReasonsInsideBlocksAreFound) {
  const Policy policy("seclude 1\non x86_64 {\n  deny socket because \"inside\"\n}\n");
  Denial denial = denial_of("socket");
  const auto& block =
      std::get<policy::OnArchitectures>(policy.texts.policies[0].statements[1].body);
  denial.verdict.origin = block.body.at(0).keyword;
  EXPECT_THAT(diagnose(denial, {.texts = policy.texts}).label, HasSubstr("because inside"));
}

TEST(Diagnose, WhatNoRuleMentionsIsOfferedWithTheArgumentThatSaysWhatItDoes) {
  const policy::Texts texts;
  const auto socket = diagnose(denial_of("socket", {10, 2, 0}), {.texts = texts});
  EXPECT_EQ(socket.message,
            "socket(family: AF_INET6, type: SOCK_DGRAM, protocol: 0) in `worker`: no rule mentions "
            "`socket`");
  EXPECT_EQ(socket.helps.at(0),
            "if wanted: `allow socket where family == AF_INET6`; the program got EPERM");
  EXPECT_EQ(evidence::wanted_rule(denial_of("getpid")), "allow getpid");
  Denial unknown = denial_of("getpid");
  unknown.call.number = 99999;
  EXPECT_EQ(evidence::wanted_rule(unknown), "allow nr:99999");
}

TEST(Diagnose, CallsOfAnotherArchitectureAreToldApart) {
  const policy::Texts texts;
  Denial denial = denial_of("getpid");
  denial.call.arch = calls::info(calls::Arch::x86).audit;
  denial.call.number = 20;
  denial.verdict = {.action = Action::kill(), .origin = {}, .reason = filter::Reason::Unknown};
  const Diagnostic diagnostic = diagnose(denial, {.texts = texts});
  EXPECT_EQ(diagnostic.message, "getpid() in `worker`: the policy does not list x86");
  EXPECT_EQ(diagnostic.helps.at(0),
            "if wanted: add x86 to `architectures`; the program was killed (SIGSYS)");
}

TEST(Diagnose, EveryConsequenceIsSaid) {
  const auto said = [](Action action, bool audit = false) {
    return evidence::consequence(denial_of("getpid", {}, action), audit);
  };
  EXPECT_EQ(said(Action::deny(2)), "the program got ENOENT");
  EXPECT_EQ(said(Action::deny(4000)), "the program got errno 4000");
  EXPECT_EQ(said(Action::deny(0)), "the program got a pretended success");
  EXPECT_EQ(said(Action::trap()), "the program got SIGSYS");
  EXPECT_EQ(said(Action::kill()), "the program was killed (SIGSYS)");
  EXPECT_EQ(said(Action::kill_thread()), "the thread was killed (SIGSYS)");
  EXPECT_EQ(said(Action::kill(), true), "the program would have been killed (SIGSYS)");
  EXPECT_EQ(said(Action::deny(1), true), "the program would have got EPERM");
}

TEST(Diagnose, TextsFromInsideDoNotEndTheirQuotes) {
  Denial denial = denial_of("mkdir", {0x7000, 0});
  denial.details = {{0, ArgDetail::Kind::Path, "q\"), in `other`"}};
  denial.thread_name = "a`, from b";
  const policy::Texts texts;
  EXPECT_THAT(diagnose(denial, {.texts = texts}).message,
              HasSubstr("mkdir(pathname: \"q\\\"), in `other`\", mode: 0) in `a\\`, from b`"));
}

TEST(Diagnose, DetailsStandAtTheirArguments) {
  Denial denial = denial_of("connect", {3, 0x7000, 16});
  denial.details = {{1, ArgDetail::Kind::Socket, "192.0.2.1:80"},
                    {0, ArgDetail::Kind::File, "socket:[5]\033"}};
  EXPECT_EQ(evidence::show_call(denial),
            "connect(fd: 3 (socket:[5]\\x1b), uservaddr: 192.0.2.1:80, addrlen: 16)");
  denial.details = {{1, ArgDetail::Kind::Unreadable}};
  EXPECT_THAT(evidence::show_call(denial), HasSubstr("uservaddr: 0x7000 (unreadable)"));
}

TEST(Diagnose, CommandLinesAreShownWordByWord) {
  using Kind = ArgDetail::Kind;
  Denial denial = denial_of("execve", {0x7000, 0x8000, 0});
  denial.details = {{0, Kind::Path, "/bin/sh"},
                    {1, Kind::Word, "sh"},
                    {1, Kind::Word, "a\"\n"},
                    {1, Kind::Word, "c", true},
                    {1, Kind::UnreadableWord}};
  EXPECT_EQ(
      evidence::show_call(denial),
      R"(execve(filename: "/bin/sh", argv: ["sh", "a\"\x0a", "c"..., unreadable], envp: 0))");
  denial.details.resize(2);
  denial.details.push_back({1, Kind::MoreWords});
  EXPECT_THAT(evidence::show_call(denial), HasSubstr("argv: [\"sh\", ...]"));
  denial.details.resize(1);
  for (int i = 0; i < 16; ++i) denial.details.push_back({1, Kind::Word, std::string(200, 'x')});
  EXPECT_LT(evidence::show_call(denial).size(), 500u);
}

TEST(Summary, SaysWhatWasNotSaidYet) {
  sandbox::Denials denials;
  EXPECT_EQ(summary(denials, 20), std::nullopt);
  denials.seen.push_back(denial_of("socket"));
  EXPECT_EQ(summary(denials, 20), std::nullopt);
  denials.seen[0].times = 3;
  EXPECT_EQ(summary(denials, 20), "3 calls denied: socket 3");
  denials.seen.push_back(denial_of("getpid"));
  denials.counted.push_back(
      {.arch = denials.seen[1].call.arch, .number = denials.seen[1].call.number, .times = 8});
  denials.uncounted = 5;
  EXPECT_EQ(summary(denials, 20), "17 calls denied: getpid 9, socket 3, others 5");
  denials = {};
  denials.seen.assign(21, denial_of("getpid"));
  EXPECT_EQ(summary(denials, 20), "21 calls denied: getpid 21");
}

TEST(DenialsJson, OneRowForEachWithEverything) {
  const Policy policy("seclude 1\notherwise deny with EPERM\n");
  sandbox::Denials denials;
  denials.seen.push_back(denial_of("openat", {4, 0x1000, 0}));
  denials.seen[0].verdict.origin = policy.keyword(1);
  denials.seen[0].details = {{1, ArgDetail::Kind::Path, "/etc/\xff", true},
                             {2, ArgDetail::Kind::Word, "ls"},
                             {2, ArgDetail::Kind::UnreadableWord},
                             {2, ArgDetail::Kind::MoreWords}};
  denials.counted.push_back({.arch = 1, .number = 7, .times = 2});
  const auto json = to_json(denials, {.texts = policy.texts}, policy.sources);
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["call"], "openat");
  EXPECT_EQ(json[0]["arch"], "x86_64");
  EXPECT_EQ(json[0]["action"], "errno:EPERM");
  EXPECT_EQ(json[0]["decided_by"]["line"], 2);
  EXPECT_EQ(json[0]["details"][0]["kind"], "path");
  EXPECT_EQ(json[0]["details"][0]["cut"], true);
  EXPECT_EQ(json[0]["details"][1],
            nlohmann::ordered_json({{"argument", 2}, {"kind", "word"}, {"text", "ls"}}));
  EXPECT_EQ(json[0]["details"][2],
            nlohmann::ordered_json({{"argument", 2}, {"kind", "unreadable_word"}}));
  EXPECT_EQ(json[0]["details"][3],
            nlohmann::ordered_json({{"argument", 2}, {"kind", "more_words"}}));
  EXPECT_EQ(json[0]["times"], 1);
  EXPECT_EQ(json[1]["call"], "nr:7");
  EXPECT_EQ(json[1]["times"], 2);
}

}  // namespace
}  // namespace seclude::report
