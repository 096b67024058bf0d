// What path patterns match, and what path statements grant for all paths of a pattern.
#include "policy/paths.h"

#include <gtest/gtest.h>

#include <random>

#include "policy_support.h"

namespace seclude::policy {
namespace {

Glob glob(
    std::string text, const Bindings& bindings = [](auto) { return std::nullopt; }) {
  Diagnostics diagnostics;
  PathPattern pattern;
  pattern.text = text;
  auto parsed = parse_glob(pattern, bindings, diagnostics);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Glob{});
}

TEST(Glob, MatchesNamesStarsAndDepth) {
  struct Case {
    const char* pattern;
    const char* path;
    bool expected;
  };
  for (const Case& one : std::initializer_list<Case>{{"/a/b", "/a/b", true},
                                                     {"/a/b", "/a/b/c", false},
                                                     {"/a/b", "/a", false},
                                                     {"/a/*", "/a/b", true},
                                                     {"/a/*", "/a/.b", true},
                                                     {"/a/*", "/a", false},
                                                     {"/a/*", "/a/b/c", false},
                                                     {"/a/b*d", "/a/bd", true},
                                                     {"/a/b*d", "/a/bxdxd", true},
                                                     {"/a/b*d", "/a/bxdx", false},
                                                     {"/a/**", "/a", true},
                                                     {"/a/**", "/a/b/c", true},
                                                     {"/a/**", "/ab", false},
                                                     {"/**", "/", true},
                                                     {"/**", "/x/y", true},
                                                     {"/", "/", true},
                                                     {"/", "/x", false},
                                                     {"/a/**/z", "/a/z", true},
                                                     {"/a/**/z", "/a/b/c/z", true},
                                                     {"/a/**/z", "/a/b/zz", false},
                                                     {"/**/.env", "/x/.env", true},
                                                     {"/a/**/b/**/c", "/a/b/x/b/c", true},
                                                     {"/a\\*", "/a*", true},
                                                     {"/a\\*", "/ab", false},
                                                     {"/*a*b*", "/xaxbx", true},
                                                     {"/*a*b*", "/xbxax", false}})
    EXPECT_EQ(matches(glob(one.pattern), one.path), one.expected) << one.pattern << " " << one.path;
}

TEST(Glob, BindsParameters) {
  Bindings bindings = [](std::string_view name) -> std::optional<std::string> {
    if (name == "work") return "/srv//job*7/./x/";
    if (name == "~") return "/home/me";
    if (name == "here") return ".";
    if (name == "up") return "/a/../b";
    return std::nullopt;
  };
  EXPECT_EQ(print(glob("$work/**", bindings)), "/srv/job\\*7/x/**");
  EXPECT_TRUE(matches(glob("$work/a", bindings), "/srv/job*7/x/a"));
  EXPECT_EQ(print(glob("~/.ssh", bindings)), "/home/me/.ssh");
  EXPECT_EQ(print(glob("~", bindings)), "/home/me");
  // What is not known yet stands for itself.
  for (const char* name : {"$here", "$up", "$other"})
    EXPECT_EQ(print(glob(std::string(name) + "/a", bindings)), "/" + std::string(name) + "/a");
}

TEST(Glob, KnowsLiteralPaths) {
  EXPECT_TRUE(is_literal(glob("/a\\*/b")));
  EXPECT_EQ(literal_path(glob("/a\\*/b")), "/a*/b");
  EXPECT_EQ(literal_path(glob("/")), "/");
  EXPECT_FALSE(is_literal(glob("/a*")));
  EXPECT_FALSE(is_literal(glob("/a/**")));
}

// "read /a, hide /a/b" as rules.
std::vector<PathRule> rules(const std::string& text) {
  test::Parsed parsed(text);
  EXPECT_EQ(parsed.messages(), "");
  std::vector<PathRule> all;
  for (const Statement& statement : parsed.policy.statements) {
    const Paths& paths = std::get<Paths>(statement.body);
    for (const PathPattern& pattern : paths.patterns)
      all.push_back({paths.verb, glob(pattern.text)});
  }
  return all;
}

PathAnswer ask(const std::string& text, std::string_view pattern, Access access) {
  return decide_paths(rules(text), glob(std::string(pattern)), access);
}

TEST(Paths, ImplyWeakerAccess) {
  struct Case {
    const char* verb;
    bool read, write, create, run;
  };
  for (const Case& one : std::initializer_list<Case>{{"read", true, false, false, false},
                                                     {"write", true, true, false, false},
                                                     {"create", true, true, true, false},
                                                     {"run", true, false, false, true},
                                                     {"protect", true, false, false, false},
                                                     {"hide", false, false, false, false}}) {
    std::string text = std::string(one.verb) + " /a\n";
    auto granted = [&](Access access) { return ask(text, "/a", access).coverage == Coverage::All; };
    EXPECT_EQ(granted(Access::Read), one.read) << one.verb;
    EXPECT_EQ(granted(Access::Write), one.write) << one.verb;
    EXPECT_EQ(granted(Access::Create), one.create) << one.verb;
    EXPECT_EQ(granted(Access::Run), one.run) << one.verb;
  }
}

TEST(Paths, CoverAllSomeOrNone) {
  EXPECT_EQ(ask("read /a/**\n", "/a/b/*", Access::Read).coverage, Coverage::All);
  EXPECT_EQ(ask("read /a/**\n", "/b/**", Access::Read).coverage, Coverage::None);
  EXPECT_EQ(ask("read /a/*.c\n", "/a/*", Access::Read).coverage, Coverage::Some);
  EXPECT_EQ(ask("read /a/*\n", "/a/*.c", Access::Read).coverage, Coverage::All);
  EXPECT_EQ(ask("read /a, /a/*, /a/*/**\n", "/a/**", Access::Read).coverage, Coverage::All);
  EXPECT_EQ(ask("read /a, /a/*/**\n", "/a/**", Access::Read).coverage, Coverage::All);
  EXPECT_EQ(ask("read /a/*/**\n", "/a/**", Access::Read).coverage, Coverage::Some);
  EXPECT_EQ(ask("read /**/x\n", "/a/**/x", Access::Read).coverage, Coverage::All);
  EXPECT_EQ(ask("read /a*, /*b\n", "/a*b", Access::Read).coverage, Coverage::All);
  EXPECT_EQ(ask("", "/", Access::Read).coverage, Coverage::None);
}

TEST(Paths, GiveAnExampleOfEachKind) {
  PathAnswer answer = ask("read /a/**\nhide /a/secret\n", "/a/**", Access::Read);
  EXPECT_EQ(answer.coverage, Coverage::Some);
  EXPECT_EQ(answer.granted, "/a");
  EXPECT_EQ(answer.granted_by, 0u);
  EXPECT_EQ(answer.refused, "/a/secret");
  EXPECT_EQ(answer.refused_by, 1u);
  answer = ask("read /a\n", "/b", Access::Read);
  EXPECT_EQ(answer.refused, "/b");
  EXPECT_FALSE(answer.refused_by.has_value());
}

TEST(Paths, ProtectBeatsWritingAndHideBeatsAll) {
  std::string text =
      "create /w/**\nprotect /w/.git/config, /w/**/hooks/**\nhide /w/**/.env, /w/keys\n";
  EXPECT_EQ(ask(text, "/w/.git/config", Access::Write).coverage, Coverage::None);
  EXPECT_EQ(ask(text, "/w/.git/config", Access::Read).coverage, Coverage::All);
  EXPECT_EQ(ask(text, "/w/x/hooks/y", Access::Create).coverage, Coverage::None);
  EXPECT_EQ(ask(text, "/w/x/.env", Access::Read).coverage, Coverage::None);
  EXPECT_EQ(ask(text, "/w/keys/below", Access::Read).coverage, Coverage::None);
  EXPECT_EQ(ask(text, "/w/src/**", Access::Write).coverage, Coverage::Some);
}

TEST(Paths, KeepUnboundParametersApart) {
  EXPECT_EQ(ask("read $a/**\n", "$a/x", Access::Read).coverage, Coverage::All);
  EXPECT_EQ(ask("read $a/**\n", "$b/x", Access::Read).coverage, Coverage::None);
  EXPECT_EQ(ask("read /home/**\n", "~/x", Access::Read).coverage, Coverage::None);
  EXPECT_EQ(ask("read /**\n", "~/x", Access::Read).coverage, Coverage::All);
}

// Random rules over a tiny alphabet, held against every path up to three names.
TEST(Paths, AgreeWithEveryShortPath) {
  std::mt19937 random(7);
  auto below = [&](int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random); };
  std::vector<std::string> names = {"a", "b", "ab", "ba", "aa", "x"};
  std::vector<std::string> paths = {"/"};
  for (size_t from = 0, depth = 0; depth < 3; depth++) {
    size_t end = paths.size();
    for (; from < end; from++)
      for (const std::string& name : names)
        paths.push_back((paths[from] == "/" ? "" : paths[from]) + "/" + name);
  }
  auto pattern = [&] {
    static const char* const pieces[] = {"a", "b", "*", "a*", "*b", "**", "ab"};
    std::string text;
    for (int i = below(3) + 1; i > 0; i--) text += std::string("/") + pieces[below(7)];
    return text;
  };
  for (int round = 0; round < 2000; round++) {
    std::vector<PathRule> all;
    for (int i = below(4); i > 0; i--)
      all.push_back({static_cast<PathVerb>(below(6)), glob(pattern())});
    Glob asked = glob(pattern());
    Access access = static_cast<Access>(below(4));
    bool granted = false, refused = false;
    for (const std::string& path : paths) {
      if (!matches(asked, path)) continue;
      Glob one = glob(path);
      Coverage coverage = decide_paths(all, one, access).coverage;
      (coverage == Coverage::All ? granted : refused) = true;
      ASSERT_TRUE(coverage == Coverage::All || coverage == Coverage::None);
    }
    PathAnswer answer = decide_paths(all, asked, access);
    // Longer paths may show what these do not, never the reverse.
    if (granted) {
      ASSERT_NE(answer.coverage, Coverage::None);
    }
    if (refused) {
      ASSERT_NE(answer.coverage, Coverage::All);
    }
    for (bool kind : {true, false}) {
      const std::string& example = kind ? answer.granted : answer.refused;
      if (example.empty()) continue;
      ASSERT_TRUE(matches(asked, example)) << example;
      ASSERT_EQ(decide_paths(all, glob(example), access).coverage,
                kind ? Coverage::All : Coverage::None);
    }
  }
}

// Which of 18 letters has a name shown so far? There are 2^18 answers; the search gives up before.
TEST(Paths, SayWhenTheyCannotDecide) {
  std::vector<PathRule> all = {{PathVerb::Read, glob("/*")}};
  for (char letter = 'a'; letter < 'a' + 18; letter++)
    all.push_back({PathVerb::Read, glob(std::string("/*") + letter + "*")});
  EXPECT_EQ(decide_paths(all, glob("/*"), Access::Read).coverage, Coverage::Undecided);
  EXPECT_EQ(decide_paths(all, glob("/abc"), Access::Read).coverage, Coverage::All);
  EXPECT_EQ(decide_paths(all, glob("/*"), Access::Write).coverage, Coverage::None);
}

}  // namespace
}  // namespace seclude::policy
