// That every text is checked, wherever it comes from. What is said is in tests/language.
#include "policy/validate.h"

#include <gtest/gtest.h>

#include "policy_support.h"

namespace seclude::policy {
namespace {

std::string said(const std::string& text) {
  test::Parsed parsed(text);
  EXPECT_EQ(parsed.messages(), "");
  validate(parsed.policy, parsed.diagnostics);
  return parsed.messages();
}

TEST(Validate, HasNothingAgainstCorrectTexts) {
  EXPECT_EQ(said("seclude 1\npolicy p\nparameter w : path = \".\"\nread $w/**\nlimit memory 1G\n"
                 "phase a {\n limit threads 2\n}\nphase b {\n allow read\n}\n"
                 "expect refused read /x during b\n"),
            "");
}

TEST(Validate, LooksIntoBlocks) {
  EXPECT_EQ(said("phase a {\n on x86_64 {\n  read /a//b\n }\n}\n"),
            "test.seclude:3:8: error: an empty name in a path; help: write one `/`, not two\n");
}

TEST(Validate, LetsOnlyTheFirstPhaseSetLimits) {
  EXPECT_EQ(said("phase a {\n limit memory 1G\n}\n"), "");
  EXPECT_NE(said("phase a {\n}\nphase b {\n limit memory 1G\n}\n"), "");
  EXPECT_NE(said("on x86_64 {\n limit memory 1G\n}\n"), "");
}

TEST(Validate, ComparesPhaseNamesOfTheWholeText) {
  EXPECT_EQ(said("expect refused read during late\nphase late {\n}\n"), "");
  EXPECT_NE(said("expect refused read during lat\nphase late {\n}\n"), "");
}

}  // namespace
}  // namespace seclude::policy
