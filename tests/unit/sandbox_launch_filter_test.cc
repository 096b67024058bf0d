// The filter of a launch, made from nothing or from the draft of an earlier one.
#include "sandbox/launch_filter.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "filter/resolve.h"
#include "policy/load.h"

namespace seclude::sandbox {
namespace {

using kernel::raw::LaunchKey;

constexpr LaunchKey first_key = {0x1111222233334444, 0x5555666677778888, 0x9999aaaabbbbcccc};
constexpr LaunchKey second_key = {0x0123456789abcdef, 0xfedcba9876543210, 0x13579bdf02468ace};

filter::Rules rules_of(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  const auto find = [](const policy::Wanted& wanted) { return policy::built_in(wanted); };
  const policy::Texts texts =
      policy::load({.name = "test", .text = text}, find, sources, diagnostics);
  filter::Resolved resolved = filter::resolve(texts, {}, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors());
  return resolved.phases.front().rules;
}

const std::string strict = "policy a\nuse strict\notherwise kill\n";
const std::string loose = "policy a\nallow socket where family == AF_UNIX\notherwise deny\n";

FilterDraft draft_of(const filter::Rules& rules) {
  auto program = launch_filter(rules, first_key);
  EXPECT_TRUE(program);
  return {std::move(*program), first_key};
}

size_t mentions(const filter::Program& program, const LaunchKey& key) {
  size_t count = 0;
  for (const uint64_t word : key) {
    for (const uint64_t half : {word & 0xffffffff, word >> 32})
      count += static_cast<size_t>(std::count_if(program.begin(), program.end(),
                                                 [&](const auto& one) { return one.k == half; }));
  }
  return count;
}

TEST(LaunchFilter, ADraftGetsTheNewKeyAndNothingElse) {
  const filter::Rules rules = rules_of(loose);
  const FilterDraft draft = draft_of(rules);
  ASSERT_EQ(mentions(draft.program, first_key), 6u);
  auto program = launch_filter(rules, second_key, {}, {}, &draft);
  ASSERT_TRUE(program);
  EXPECT_EQ(mentions(*program, first_key), 0u);
  EXPECT_EQ(mentions(*program, second_key), 6u);
  ASSERT_EQ(program->size(), draft.program.size());
  size_t changed = 0;
  for (size_t i = 0; i < program->size(); i++) changed += (*program)[i] != draft.program[i];
  EXPECT_EQ(changed, 6u);
}

TEST(LaunchFilter, ADraftThatDoesNotFitIsNotUsed) {
  const FilterDraft other = draft_of(rules_of(strict));
  const filter::Rules rules = rules_of(loose);
  auto with_draft = launch_filter(rules, second_key, {}, {}, &other);
  auto without = launch_filter(rules, second_key);
  ASSERT_TRUE(with_draft && without);
  EXPECT_EQ(*with_draft, *without);
}

// One constant of the draft is changed: the launch must notice, and come to the right program.
TEST(LaunchFilter, AWrongDraftIsFoundOutByTheProof) {
  const filter::Rules rules = rules_of(loose);
  FilterDraft draft = draft_of(rules);
  const auto found = std::find_if(
      draft.program.begin(), draft.program.end(),
      [](const filter::Instruction& one) { return one.k == filter::Action::deny(1).ret; });
  ASSERT_NE(found, draft.program.end());
  found->k = filter::Action::allow().ret;
  auto program = launch_filter(rules, second_key, {}, {}, &draft);
  ASSERT_TRUE(program);
  EXPECT_EQ(*program, *launch_filter(rules, second_key));
}

}  // namespace
}  // namespace seclude::sandbox
