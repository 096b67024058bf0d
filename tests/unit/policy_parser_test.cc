// What the parser makes of correct text, and how it stands up to text that is not. What it says
// about mistakes is in tests/language.
#include "policy/parser.h"

#include <gtest/gtest.h>

#include <chrono>

#include "policy_support.h"

namespace seclude::policy {
namespace {

using test::Parsed;

TEST(Parser, ReadsARule) {
  Parsed parsed(
      "deny openat, @mount with ENOSYS where flags & ~0x10 == O_RDONLY|O_CLOEXEC because \"so\"");
  ASSERT_EQ(parsed.messages(), "");
  const Rule& rule = parsed.body<Rule>(0);
  EXPECT_EQ(rule.action.word, ActionWord::Deny);
  EXPECT_EQ(rule.action.with->text, "ENOSYS");
  ASSERT_EQ(rule.calls.size(), 2u);
  EXPECT_EQ(rule.calls[1].kind, CallRef::Kind::Set);
  const policy::Test& test = rule.where->test;
  EXPECT_EQ(test.arg.text, "flags");
  EXPECT_EQ(test.mask->terms.at(0).prefix, Value::Term::Prefix::Complement);
  EXPECT_EQ(test.mask->terms.at(0).number, 16u);
  EXPECT_EQ(test.value.terms.size(), 2u);
  EXPECT_EQ(parsed.statement(0).because, "so");
}

TEST(Parser, AnArgumentMayBeNamedLikeAStatement) {
  Parsed parsed("allow get_mempolicy where (\n  policy == 0)\n");
  ASSERT_EQ(parsed.messages(), "");
}

TEST(Parser, KnowsWhereEverythingStands) {
  Parsed parsed("\notherwise deny with EPERM for socket\nexpect refused mmap where prot == 1\n");
  EXPECT_EQ(parsed.text(parsed.statement(0).keyword), "otherwise deny with EPERM");
  EXPECT_EQ(parsed.text(parsed.statement(0).span), "otherwise deny with EPERM for socket");
  EXPECT_EQ(parsed.text(parsed.body<Otherwise>(0).action.span), "deny with EPERM");
  EXPECT_EQ(parsed.text(parsed.statement(1).keyword), "expect refused mmap");
  const auto& subject = std::get<Rule>(parsed.body<Expect>(1).subject);
  EXPECT_EQ(parsed.text(subject.where->span), "prot == 1");
  EXPECT_EQ(parsed.text(subject.where->test.op_span), "==");
}

TEST(Parser, BindsAndTighterThanOr) {
  Parsed parsed("allow a where x == 1 or y == 2 and not z == 3 or (v == 4 or w == 5)");
  ASSERT_EQ(parsed.messages(), "");
  const Pred& pred = *parsed.body<Rule>(0).where;
  ASSERT_EQ(pred.kind, Pred::Kind::Or);
  ASSERT_EQ(pred.children.size(), 3u);
  EXPECT_EQ(pred.children[0].kind, Pred::Kind::Test);
  ASSERT_EQ(pred.children[1].kind, Pred::Kind::And);
  EXPECT_EQ(pred.children[1].children[1].kind, Pred::Kind::Not);
  EXPECT_EQ(pred.children[2].kind, Pred::Kind::Parentheses);
}

TEST(Parser, ReadsEveryOperator) {
  Parsed parsed(
      "allow a where p == 1 and p != 1 and p < 1 and p <= 1 and p > 1 and p >= 1 and p in (1, 2..3)"
      " and p not in (4) and p has 1 and p has all 1 and p has any 1 and p lacks 1 and p within 1");
  ASSERT_EQ(parsed.messages(), "");
  const Pred& pred = *parsed.body<Rule>(0).where;
  ASSERT_EQ(pred.children.size(), 13u);
  for (size_t i = 0; i < 13; i++) EXPECT_EQ(static_cast<size_t>(pred.children[i].test.op), i) << i;
  EXPECT_EQ(pred.children[6].test.items.at(1).high->terms.at(0).number, 3u);
}

TEST(Parser, TellsCallsFromPathsInExpectations) {
  Parsed parsed(
      "expect allow read\nexpect allow read, write\nexpect refused read /x\nexpect refused run "
      "\"/x\"\n"
      "expect refused connect\nexpect refused connect tcp a:1\nexpect allow kill where pid == 0\n");
  ASSERT_EQ(parsed.messages(), "");
  EXPECT_TRUE(std::holds_alternative<Rule>(parsed.body<Expect>(0).subject));
  EXPECT_EQ(std::get<Rule>(parsed.body<Expect>(1).subject).calls.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<Paths>(parsed.body<Expect>(2).subject));
  EXPECT_TRUE(std::holds_alternative<Paths>(parsed.body<Expect>(3).subject));
  EXPECT_TRUE(std::holds_alternative<Rule>(parsed.body<Expect>(4).subject));
  EXPECT_TRUE(std::holds_alternative<Network>(parsed.body<Expect>(5).subject));
  EXPECT_FALSE(parsed.body<Expect>(2).verdict.has_value());
}

TEST(Parser, ReadsPathsWithQuotesAndQuestionMarks) {
  Parsed parsed(R"(read /a/**?, "/b c"/**?, "$w/*", ~/x, "/q?")");
  ASSERT_EQ(parsed.messages(), "");
  const auto& patterns = parsed.body<Paths>(0).patterns;
  ASSERT_EQ(patterns.size(), 5u);
  EXPECT_EQ(patterns[0].text, "/a/**");
  EXPECT_TRUE(patterns[0].optional);
  EXPECT_EQ(patterns[1].text, "/b c/**");
  EXPECT_TRUE(patterns[1].optional && patterns[1].quoted);
  EXPECT_EQ(patterns[2].text, "$w/*");
  EXPECT_EQ(patterns[4].text, "/q?");
  EXPECT_FALSE(patterns[4].optional);
}

TEST(Parser, TakesEndsApart) {
  Parsed parsed("connect tcp [2001:db8::]/32:443, tcp [fe80::1]:*, udp *.a.b:$p, unix @x, unix /y");
  ASSERT_EQ(parsed.messages(), "");
  const auto& ends = parsed.body<Network>(0).ends;
  EXPECT_EQ(ends[0].host, "2001:db8::/32");
  EXPECT_EQ(ends[0].port, "443");
  EXPECT_EQ(ends[1].host, "fe80::1");
  EXPECT_EQ(ends[2].port, "$p");
  EXPECT_EQ(ends[3].host, "@x");
  EXPECT_EQ(ends[4].host, "/y");
}

TEST(Parser, GivesEveryCommentItsPlace) {
  Parsed parsed(
      "# before\n\nallow a, # inside\n  b # after\nphase p { # head\n  # first\n  allow c\n"
      "  # last\n} # behind\n# tail\n");
  ASSERT_EQ(parsed.messages(), "");
  const Statement& rule = parsed.statement(0);
  ASSERT_EQ(rule.before.size(), 2u);
  EXPECT_EQ(rule.before[0].text, "# before");
  EXPECT_EQ(rule.before[1].text, "");
  ASSERT_EQ(rule.inside.size(), 1u);
  EXPECT_EQ(rule.inside[0].text, "# inside");
  EXPECT_EQ(rule.after->text, "# after");
  const Statement& block = parsed.statement(1);
  ASSERT_EQ(block.inside.size(), 1u);
  EXPECT_EQ(block.inside[0].text, "# head");
  EXPECT_EQ(block.after->text, "# behind");
  const Phase& phase = parsed.body<Phase>(1);
  EXPECT_EQ(phase.body.at(0).before.at(0).text, "# first");
  EXPECT_EQ(phase.tail.at(0).text, "# last");
  EXPECT_EQ(parsed.policy.tail.at(0).text, "# tail");
}

TEST(Parser, GoesOnAfterEveryMistake) {
  Parsed parsed("alow a\nallow b\nallow c where\nallow d\nlimit\nallow e\n");
  EXPECT_EQ(parsed.diagnostics.errors(), 3u);
  EXPECT_EQ(parsed.policy.statements.size(), 3u);
}

TEST(Parser, StopsAtALaterVersion) {
  Parsed parsed("seclude 2\nnothing here is known\n");
  EXPECT_EQ(parsed.diagnostics.errors(), 1u);
}

TEST(Parser, RefusesBinaryData) {
  Parsed parsed(std::string("allow a\0b", 9));
  EXPECT_EQ(parsed.messages(),
            "test.seclude:1:8: error: this is not a policy but binary data: a NUL byte\n");
  EXPECT_TRUE(parsed.policy.statements.empty());
}

TEST(Parser, SaysEachBadByteOnce) {
  Parsed parsed("allow a\x01\nallow \xff\n");
  EXPECT_EQ(parsed.messages(),
            "test.seclude:1:8: error: control character in a policy: this byte is 0x01\n"
            "test.seclude:2:7: error: this is not UTF-8: the byte 0xff starts no character\n");
}

TEST(Parser, BoundsNestingInsteadOfTheStack) {
  for (const char* start : {"allow a where x == ", "allow a where "}) {
    Parsed fine(start + std::string(60, '(') + "y == 1" + std::string(60, ')'));
    std::string deep = start + std::string(1'000'000, '(');
    Parsed parsed(deep);
    EXPECT_EQ(parsed.diagnostics.errors(), 1u);
    EXPECT_NE(parsed.messages().find("too many parentheses"), std::string::npos);
  }
  std::string blocks;
  for (int i = 0; i < 100'000; i++) blocks += "on x86_64 {\n";
  EXPECT_TRUE(Parsed(blocks).diagnostics.has_errors());
}

// Linear time: hostile texts of 2 MB, each of a kind that a careless reader takes quadratic time
// for. The bound is generous (they take well under a second), but not quadratic.
TEST(Parser, IsLinear) {
  constexpr size_t size = 2'000'000;
  auto repeated = [](std::string_view piece) {
    std::string text;
    while (text.size() < size) text += piece;
    return text;
  };
  std::vector<std::string> texts = {repeated("x\n"),
                                    repeated("allow a\n"),
                                    "allow " + repeated("a, ") + "b",
                                    "allow a" + repeated("\n") + "where x == 1",
                                    "allow a where x == 1" + repeated("\n# c\nand y == 2"),
                                    repeated("\""),
                                    repeated("# c\n"),
                                    repeated("{"),
                                    "read " + repeated("/"),
                                    repeated("\xff"),
                                    "allow a where x in (" + repeated("1,\n")};
  auto start = std::chrono::steady_clock::now();
  for (std::string& text : texts) Parsed parsed(std::move(text));
  auto seconds = std::chrono::steady_clock::now() - start;
  EXPECT_LT(seconds, std::chrono::seconds(60));
}

TEST(Parser, TellsHowManyErrorsAreTooMany) {
  std::string text;
  for (int i = 0; i < 10'000; i++) text += "x\n";
  Parsed parsed(text);
  EXPECT_EQ(parsed.diagnostics.errors(), 501u);
}

}  // namespace
}  // namespace seclude::policy
