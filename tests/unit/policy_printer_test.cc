// Canonical layout: what it looks like, that it loses nothing, and that it is its own fixed point.
#include "policy/printer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "policy_support.h"

namespace seclude::policy {
namespace {

using test::ModelText;
using test::Parsed;

// Prints, parses again, and holds both against each other.
std::string print_checked(const std::string& text) {
  Parsed first(text);
  EXPECT_EQ(first.messages(), "") << text;
  std::string printed = first.printed();
  Parsed second(printed);
  EXPECT_EQ(second.messages(), "") << text << "\nprinted as\n" << printed;
  EXPECT_EQ(first.model(), second.model()) << text << "\nprinted as\n" << printed;
  EXPECT_EQ(ModelText::comments_of(first.policy), ModelText::comments_of(second.policy)) << printed;
  EXPECT_EQ(second.printed(), printed);
  return printed;
}

TEST(Printer, WritesEveryStatementInItsForm) {
  std::string text =
      "seclude 1\n"
      "policy all-of-them\n"
      "parameter work : path = \"/srv/a b\"\n"
      "parameter size : number = 0x10\n"
      "use strict, ./x.seclude without mmap, @clock\n"
      "architectures x86_64, aarch64\n"
      "kernel 6.1\n"
      "set @mine = read, @clock without clock_settime\n"
      "let both = O_CLOEXEC | ~(O_APPEND | -1)\n"
      "otherwise kill-thread\n"
      "otherwise deny with ENOTTY for ioctl, @mine because \"so\"\n"
      "trace read with 7 where fd & 0xff in (1, 2..3) and not (count == 0 or count > $size)\n"
      "protect $work/**?, \"/a b\"/**, ~/.ssh\n"
      "connect tcp [2001:db8::/32]:1..2, unix @name, unix \"/a b\"\n"
      "resolve example.org\n"
      "environment PATH, X = \"a\\\"b\"\n"
      "limit memory 8G\n"
      "isolate network, tmp\n"
      "phase one {\n"
      "    on x86_64 {\n"
      "        allow nr:425\n"
      "    } because \"no name\"\n"
      "}\n"
      "expect refused socket where family == AF_INET on x86_64 during one\n"
      "expect allow read /a, /b during one\n";
  EXPECT_EQ(print_checked(text), text);
}

TEST(Printer, ReplacesTheAuthorsAlignment) {
  EXPECT_EQ(print_checked("allow   read  ,write   where  fd==1|2   #  why\n"),
            "allow read, write where fd == 1 | 2  #  why\n");
  EXPECT_EQ(print_checked("phase x{allow a}"), "phase x {\n    allow a\n}\n");
}

TEST(Printer, KeepsBlankLinesButOneInARowAndNoneAtEdges) {
  EXPECT_EQ(print_checked("\n\nallow a\n\n\n# c\n\nphase x {\n\n  allow b\n\n}\n\n\n"),
            "allow a\n\n# c\n\nphase x {\n    allow b\n}\n");
}

TEST(Printer, BreaksLongLinesWhereTheLanguageGoesOn) {
  std::string calls = "allow ";
  for (int i = 0; i < 40; i++)
    calls += (i > 0 ? ", call_number_" : "call_number_") + std::to_string(i);
  std::string printed = print_checked(calls + " where flags lacks A | B and mode == 0 because \"" +
                                      std::string(80, 'x') + "\"\n");
  std::stringstream lines(printed);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  EXPECT_NE(printed.find(",\n    call_number_"), std::string::npos);
  EXPECT_NE(printed.find("\n    because \"x"), std::string::npos);
}

TEST(Printer, KeepsCommentsBesideTheElementTheyFollowed) {
  EXPECT_EQ(print_checked("allow read, # in\n  write # out\n  where fd <= 2 # three\n"),
            "allow read,  # in\n    write  # out\n    where fd <= 2  # three\n");
  EXPECT_EQ(print_checked("allow a,\n# one\n# two\nb\n"), "allow a,  # one\n    # two\n    b\n");
  EXPECT_EQ(print_checked("allow a where x in (1, # one\n2 # two\n) # three\n"),
            "# two\nallow a where x in (1,  # one\n    2)  # three\n");
}

TEST(Printer, AcceptsCarriageReturnsAndWritesNone) {
  EXPECT_EQ(print_checked("allow a\r\n# c\r\nallow b\r\n"), "allow a\n# c\nallow b\n");
}

TEST(Printer, PutsParenthesesWhereAModelNeedsThem) {
  Parsed parsed("allow a where x == 1 or y == 2");
  Pred both;
  both.kind = Pred::Kind::And;
  both.children = {*parsed.body<Rule>(0).where, *parsed.body<Rule>(0).where};
  EXPECT_EQ(print(both), "(x == 1 or y == 2) and (x == 1 or y == 2)");
  Pred negated;
  negated.kind = Pred::Kind::Not;
  negated.children = {both};
  EXPECT_EQ(print(negated), "not ((x == 1 or y == 2) and (x == 1 or y == 2))");
}

TEST(Printer, PrintsPieces) {
  Parsed parsed("deny a, @b with EPERM where x == 1 # c");
  const Rule& rule = parsed.body<Rule>(0);
  EXPECT_EQ(print(rule.action), "deny with EPERM");
  EXPECT_EQ(print(rule.calls), "a, @b");
  EXPECT_EQ(print(*rule.where), "x == 1");
  EXPECT_EQ(print(rule.where->test.value), "1");
  EXPECT_EQ(print(parsed.statement(0)), "deny a, @b with EPERM where x == 1");
}

TEST(Printer, MakesCommentsOfWhatProgramsAttach) {
  Parsed parsed("allow a");
  parsed.policy.statements[0].before.push_back({"no mark\nallow b", {}});
  parsed.policy.statements[0].inside.push_back({"# lost?", {}});
  EXPECT_EQ(parsed.printed(), "# no mark allow b\nallow a  # lost?\n");
}

TEST(Printer, RoundTripsEveryPolicyOfTheProject) {
  namespace fs = std::filesystem;
  size_t count = 0;
  for (const char* folder : {"profiles", "profiles/sets", "examples", "tests/policies"}) {
    fs::path path = fs::path(SECLUDE_SOURCE_DIR) / folder;
    if (!fs::exists(path)) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
      if (entry.path().extension() != ".seclude") continue;
      SCOPED_TRACE(entry.path().string());
      std::ifstream file(entry.path());
      std::stringstream text;
      text << file.rdbuf();
      print_checked(text.str());
      count++;
    }
  }
  EXPECT_GE(count, 20u);
}

// ---- random texts -------------------------------------------------------------------------------

// Correct texts in careless layout: random statements, breaks wherever the language lets a
// statement go on, comments and blank lines wherever a line may end.
class RandomText {
 public:
  explicit RandomText(uint32_t seed) : random_(seed) {}

  std::string text() {
    std::string out;
    for (int i = below(12) + 1; i > 0; i--) out += gap() + statement(2) + end();
    return out + gap();
  }

 private:
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  bool chance(int percent) { return below(100) < percent; }
  std::string pick(std::initializer_list<const char*> words) {
    return *(words.begin() + below(static_cast<int>(words.size())));
  }
  std::string comment() {
    return "# comment " + std::to_string(count_++) + pick({"", "  ", " #", " \""});
  }
  std::string gap() {
    std::string out;
    while (chance(30)) out += pick({"", " ", "\t"}) + (chance(50) ? comment() : "") + "\n";
    return out;
  }
  std::string end() { return (chance(20) ? " " + comment() : "") + "\n"; }
  // Between two words; a line may end here.
  std::string broken() {
    if (chance(75)) return pick({" ", " ", "  ", "\t"});
    return (chance(40) ? " " + comment() : "") + "\n" + gap() + pick({"", "    "});
  }
  std::string space() { return pick({" ", " ", "  ", ""}); }
  template <typename Element>
  std::string list(Element element, const std::string& mark = ",") {
    std::string out = element();
    while (chance(40)) out += space() + mark + broken() + element();
    return out;
  }

  std::string name() { return pick({"read", "write", "openat", "a-b", "x_1", "mmap", "kill"}); }
  std::string call() { return chance(20) ? pick({"@time", "@x-y"}) : chance(5) ? "nr:12" : name(); }
  std::string calls() {
    return list([&] { return call(); });
  }
  std::string term(int depth) {
    std::string out = pick({"", "", "", "~", "-"});
    if (depth > 0 && chance(20)) return out + "(" + broken() + value(depth - 1) + ")";
    return out + pick({"1", "0x1f", "0b11", "0o17", "O_RDONLY", "$size", "18446744073709551615"});
  }
  std::string value(int depth) {
    return list([&] { return term(depth); }, " |");
  }
  std::string item() { return value(0) + (chance(30) ? " .. " + value(0) : ""); }
  std::string test() {
    std::string out = pick({"fd", "flags", "arg_2"});
    if (chance(20)) out += space() + "&" + space() + value(1);
    if (chance(25))
      return out + pick({" in", " not in"}) + space() + "(" + broken() +
             list([&] { return item(); }) + ")";
    return out + " " +
           pick(
               {"==", "!=", "<", "<=", ">", ">=", "has", "has all", "has any", "lacks", "within"}) +
           " " + value(2);
  }
  std::string unit(int depth) {
    if (depth == 0 || chance(60)) return test();
    if (chance(30)) return "not " + (chance(50) ? test() : "(" + broken() + pred(depth - 1) + ")");
    return "(" + broken() + pred(depth - 1) + ")";
  }
  std::string pred(int depth) {
    std::string out = unit(depth);
    while (chance(35)) out += broken() + pick({"and", "or"}) + broken() + unit(depth);
    return out;
  }
  std::string path() {
    return pick({"/", "/a", "/a/b.c/**", "~", "~/x", "$w/*", "\"/q w\"", "\"/q, {}#\"/**",
                 "/**/\xc3\xa9", "\"/s\\*r\\x01\""}) +
           pick({"", "?"});
  }
  std::string end_of_network() {
    return pick({"tcp a.b:1", "tcp *:*", "udp *.x:1..2", "tcp [::1]:80", "tcp 10.0.0.0/8:$p",
                 "unix @n", "unix /run/x", "unix \"/a b\""});
  }
  std::string quoted() {
    return pick({"\"\"", "\"because\"", "\"a \\\" \\\\ \\n \\xff # b\"", "\"\xc3\xa9\""});
  }
  std::string action() {
    return pick({"allow", "log", "trace", "ask", "deny", "trap", "kill-thread", "kill"});
  }

  std::string statement(int depth) {
    std::string out = body(depth);
    if (chance(15)) out += (out.back() == '}' ? " " : broken()) + "because " + quoted();
    return out;
  }
  std::string block(int depth) {
    std::string out = " {" + (chance(50) ? end() : std::string(" "));
    int count = below(3);
    for (int i = 0; i < count; i++) out += gap() + statement(depth - 1) + end();
    return out + gap() + "}";
  }
  std::string with() {
    return chance(30) ? broken() + "with " + pick({"EPERM", "7", "success"}) : "";
  }
  std::string where() { return chance(50) ? broken() + "where " + pred(2) : ""; }
  std::string body(int depth) {
    switch (below(depth > 0 ? 18 : 16)) {
      case 0:
        return "parameter p" + std::to_string(below(9)) + " : " +
               pick({"path = \"/x\"", "number = 7 | X", "string"});
      case 1:
        return "use " + list([&] {
                 return pick({"strict", "./a.seclude", "\"./b c\""});
               }) +
               (chance(30) ? broken() + "without " + calls() : "");
      case 2:
        return "architectures " + list([&] { return pick({"x86_64", "aarch64"}); });
      case 3:
        return "kernel 6.1";
      case 4:
        return "set @s = " + calls() + (chance(30) ? broken() + "without " + calls() : "");
      case 5:
        return "let l = " + value(2);
      case 6:
        return "otherwise " + action() + with() + (chance(50) ? broken() + "for " + calls() : "");
      case 7:
      case 8:
        return action() + " " + calls() + with() + where();
      case 9:
        return pick({"read ", "write ", "create ", "run ", "protect ", "hide "}) +
               list([&] { return path(); });
      case 10:
        return pick({"connect ", "listen "}) + list([&] { return end_of_network(); });
      case 11:
        return "environment " + list([&] { return chance(50) ? "HOME" : "X = " + quoted(); });
      case 12:
        return "limit memory 8G";
      case 13:
        return "isolate " + list([&] { return pick({"network", "tmp"}); });
      case 14:
        return "expect " + pick({"allow ", "refused "}) + calls() + where() +
               pick({"", " on x86_64"});
      case 15:
        return "expect refused " + pick({"read ", "run "}) + "/x during p";
      case 16:
        return "phase p" + block(depth);
      default:
        return "on " + list([&] { return pick({"x86_64", "arm"}); }) + block(depth);
    }
  }

  std::mt19937 random_;
  int count_ = 0;
};

TEST(Printer, RoundTripsRandomTexts) {
  for (uint32_t seed = 0; seed < 3000; seed++) {
    std::string text = RandomText(seed).text();
    print_checked(text);
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace seclude::policy
