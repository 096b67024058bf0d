// Which variables the program gets.
#include "sandbox/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/source.h"
#include "policy/parser.h"
#include "support/policy_text.h"

namespace seclude::sandbox {
namespace {

using Strings = std::vector<std::string>;

TEST(Environment, WithoutLinesEverythingIsPassedOnOrNothing) {
  EXPECT_EQ(make_environment({.inherited = {"B=2", "A=1"}, .clear = false, .named = {}}),
            (Strings{"B=2", "A=1"}));
  EXPECT_EQ(make_environment({.inherited = {"B=2", "A=1"}, .clear = true, .named = {}}), Strings{});
}

TEST(Environment, NamedOnesAreAllThereIs) {
  const Variables named = {
      {"A", std::nullopt}, {"C", "three"}, {"MISSING", std::nullopt}, {"B", ""}};
  EXPECT_EQ(
      make_environment(
          {.inherited = {"B=2", "A=1", "A=second", "SECRET=x"}, .clear = false, .named = named}),
      (Strings{"A=1", "B=", "C=three"}));
}

TEST(Environment, OurOwnIsReadAsItIs) {
  ::setenv("SECLUDE_TEST_VARIABLE", "a=b", 1);
  const Strings own = own_environment();
  EXPECT_EQ(std::count(own.begin(), own.end(), "SECLUDE_TEST_VARIABLE=a=b"), 1);
  ::unsetenv("SECLUDE_TEST_VARIABLE");
}

TEST(VariablesOf, NoLineMeansNoOpinion) {
  test::PolicyText policy("seclude 1\npolicy p\notherwise kill\n");
  EXPECT_EQ(variables_of(policy.texts, policy.diagnostics), std::nullopt);
}

TEST(VariablesOf, LinesOfAllTextsAdd) {
  test::PolicyText policy(
      "seclude 1\npolicy p\nuse ./more\notherwise kill\n"
      "environment HOME, LANG = \"C\"\nenvironment TERM\n",
      {{"./more", "environment HOME = \"/tmp\", TERM\n"}});
  EXPECT_EQ(variables_of(policy.texts, policy.diagnostics),
            (Variables{{"HOME", "/tmp"}, {"LANG", "C"}, {"TERM", std::nullopt}}));
  EXPECT_EQ(policy.messages(), "");
}

TEST(VariablesOf, TwoValuesForOneNameAreAnError) {
  test::PolicyText policy(
      "seclude 1\npolicy p\nuse ./same, ./other\notherwise kill\nenvironment A = \"1\"\n",
      {{"./same", "environment A = \"1\"\n"}, {"./other", "environment A = \"2\"\n"}});
  (void)variables_of(policy.texts, policy.diagnostics);
  EXPECT_EQ(policy.diagnostics.errors(), 1u) << policy.messages();
  EXPECT_NE(policy.messages().find("two values for the environment variable `A`"),
            std::string::npos)
      << policy.messages();
}

}  // namespace
}  // namespace seclude::sandbox
