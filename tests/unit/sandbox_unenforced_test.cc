// Lines that nobody holds yet are found, each with its place; all others are not.
#include "sandbox/unenforced.h"

#include <gtest/gtest.h>

#include "support/policy_text.h"

namespace seclude::sandbox {
namespace {

// The lines found, as "line: what".
std::vector<std::string> found_in(const std::string& body) {
  const test::PolicyText policy("seclude 1\npolicy p\notherwise kill\n" + body);
  std::vector<std::string> found;
  for (const Unenforced& line : unenforced(policy.texts)) {
    found.push_back(std::to_string(policy.sources.position(line.span).line) + ": " + line.what);
  }
  return found;
}

using Lines = std::vector<std::string>;

TEST(Unenforced, RulesVariablesAndExpectationsAreHeld) {
  EXPECT_EQ(found_in("allow read\ndeny write with EIO\nkill ptrace\nlog open\ntrap socket\n"
                     "otherwise deny with ENOSYS for @clock\nset @x = read\nlet n = 3\n"
                     "environment HOME\nexpect refused ptrace\nuse dynamic-program\n"),
            Lines{});
}

TEST(Unenforced, EachOtherLayerIsNamed) {
  EXPECT_EQ(found_in("phase one {\n allow read\n}\n"), Lines{"4: phases"});
}

TEST(Unenforced, NobodyAnswersAskAndTrace) {
  EXPECT_EQ(found_in("ask open\ntrace write with 7\n"), (Lines{"4: `ask`", "5: `trace`"}));
  EXPECT_EQ(found_in("otherwise ask for socket\n"), Lines{"4: `ask`"});
}

TEST(Unenforced, LimitsAreJudgedWhereTheyAreHeld) {
  EXPECT_EQ(found_in("limit memory 1G\nlimit time 3s\n"), Lines{});
}

TEST(Unenforced, NamespacesAreMadeAtLaunch) {
  EXPECT_EQ(found_in("isolate network, processes, ipc, tmp\n"), Lines{});
}

TEST(Unenforced, BlocksForArchitecturesAreLookedInto) {
  EXPECT_EQ(found_in("on x86_64 {\n allow read\n ask write\n}\n"), Lines{"6: `ask`"});
}

TEST(Unenforced, PathsAndConnectionsAreJudgedElsewhere) {
  EXPECT_EQ(found_in("read /etc/**\nhide /etc/shadow\nconnect tcp 10.0.0.1:80\nresolve a.org\n"),
            Lines{});
}

TEST(Unenforced, UsedTextsCountToo) {
  const test::PolicyText policy("seclude 1\npolicy p\nuse ./more\notherwise kill\n",
                                {{"./more", "ask open\n"}});
  const auto found = unenforced(policy.texts);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(policy.sources.at(found[0].span.source).name, "./more");
  const Diagnostic diagnostic = diagnostic_of(found[0]);
  EXPECT_EQ(diagnostic.severity, Severity::Error);
  EXPECT_EQ(diagnostic.message, "`ask` cannot be enforced");
}

}  // namespace
}  // namespace seclude::sandbox
