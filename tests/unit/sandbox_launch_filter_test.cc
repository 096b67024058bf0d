// The filter of a launch, made from nothing or from the draft of an earlier one.
#include "sandbox/launch_filter.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include "calls/calls.h"
#include "filter/evaluate.h"
#include "filter/lift.h"
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
  auto programs = launch_filters(rules, first_key);
  EXPECT_TRUE(programs);
  return {std::move(*programs), first_key};
}

// The only program of a launch.
std::optional<filter::Program> launch_filter(const filter::Rules& rules,
                                             const FilterDraft* draft = nullptr) {
  auto programs = launch_filters(rules, second_key, {}, draft);
  EXPECT_TRUE(programs);
  if (!programs || programs->size() != 1) return std::nullopt;
  return std::move(programs->front());
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
  ASSERT_EQ(mentions(draft.programs.front(), first_key), 6u);
  auto program = launch_filter(rules, &draft);
  ASSERT_TRUE(program);
  EXPECT_EQ(mentions(*program, first_key), 0u);
  EXPECT_EQ(mentions(*program, second_key), 6u);
  ASSERT_EQ(program->size(), draft.programs.front().size());
  size_t changed = 0;
  for (size_t i = 0; i < program->size(); i++)
    changed += (*program)[i] != draft.programs.front()[i];
  EXPECT_EQ(changed, 6u);
}

TEST(LaunchFilter, ADraftThatDoesNotFitIsNotUsed) {
  const FilterDraft other = draft_of(rules_of(strict));
  const filter::Rules rules = rules_of(loose);
  auto with_draft = launch_filter(rules, &other);
  auto without = launch_filter(rules);
  ASSERT_TRUE(with_draft && without);
  EXPECT_EQ(*with_draft, *without);
}

constexpr int old_helper = 0x7e57ab1e, launcher = 4000, helper = 4321;

Guarded guarding(std::vector<int> processes) {
  return {.processes = processes,
          .groups = processes,
          .signals = SignalGuard::Filter,
          .followed = true};
}

bool same_answers(const filter::Program& one, const filter::Program& other) {
  filter::Store store;
  const auto first = filter::lift(store, one), second = filter::lift(store, other);
  const auto* decision = std::get_if<filter::Decision>(&first);
  const auto* also = std::get_if<filter::Decision>(&second);
  return decision != nullptr && also != nullptr && *decision == *also;
}

FilterDraft watched_draft(const filter::Rules& rules) {
  const Guarded guarded = guarding({launcher, old_helper});
  auto program = watched_filter(rules, first_key, Supervise::Explain, guarded);
  EXPECT_TRUE(program && *program);
  return {{std::move(**program)}, first_key, guarded.processes};
}

// In the two places of each test for a process or its group.
TEST(LaunchFilter, AWatchedDraftGetsTheNewHelper) {
  const filter::Rules rules = rules_of(loose + "allow @default, kill, prlimit64, fcntl\n");
  const FilterDraft draft = watched_draft(rules);
  const auto program =
      watched_filter(rules, second_key, Supervise::Explain, guarding({launcher, helper}), &draft);
  ASSERT_TRUE(program && *program);
  const filter::Program& before = draft.programs.front();
  ASSERT_EQ((*program)->size(), before.size());
  size_t to_helper = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    const uint32_t old = before[i].k, now = (**program)[i].k;
    const bool was_helper =
        old == uint32_t{old_helper} || old == static_cast<uint32_t>(-old_helper);
    const bool is_helper = now == uint32_t{helper} || now == static_cast<uint32_t>(-helper);
    EXPECT_EQ(was_helper, is_helper) << i;
    to_helper += is_helper;
  }
  EXPECT_GE(to_helper, 3u);
}

// A helper whose number is below the launcher's may take another order of tests: then the draft
// does not fit, and code is generated anew.
TEST(LaunchFilter, AWatchedDraftMeansTheSameWhateverTheHelpersNumber) {
  const filter::Rules rules = rules_of(loose + "allow @default, kill, prlimit64, fcntl\n");
  const FilterDraft draft = watched_draft(rules);
  for (const int number : {1, launcher - 1, launcher + 1, 0x3fffff}) {
    const Guarded guarded = guarding({launcher, number});
    const auto with_draft = watched_filter(rules, second_key, Supervise::Explain, guarded, &draft);
    ASSERT_TRUE(with_draft && *with_draft) << number;
    const auto without = watched_filter(rules, second_key, Supervise::Explain, guarded);
    ASSERT_TRUE(without && *without);
    EXPECT_TRUE(same_answers(**with_draft, **without)) << number;
  }
}

// One constant of the draft is changed: the launch must notice, and come to the right program.
TEST(LaunchFilter, AWrongDraftIsFoundOutByTheProof) {
  const filter::Rules rules = rules_of(loose);
  FilterDraft draft = draft_of(rules);
  const auto found = std::find_if(
      draft.programs.front().begin(), draft.programs.front().end(),
      [](const filter::Instruction& one) { return one.k == filter::Action::deny(1).ret; });
  ASSERT_NE(found, draft.programs.front().end());
  found->k = filter::Action::allow().ret;
  auto program = launch_filter(rules, &draft);
  ASSERT_TRUE(program);
  EXPECT_EQ(*program, *launch_filter(rules));
}

// Rules that no single filter holds: 500 pairs of values for each of six calls.
filter::Rules long_rules() {
  std::string text = "policy a\nkill seccomp, execve\notherwise deny with EACCES\n";
  const std::pair<const char*, const char*> all[] = {
      {"setregid", "rgid == {} and egid == {}"}, {"setreuid", "ruid == {} and euid == {}"},
      {"setpgid", "pid == {} and pgid == {}"},   {"tkill", "tid == {} and sig == {}"},
      {"kill", "pid == {} and sig == {}"},       {"socket", "family == {} and type == {}"}};
  std::mt19937 random(7);
  for (const auto& [call, where] : all)
    for (int i = 0; i < 500; i++)
      text += fmt::format("allow {} where {}\n", call,
                          fmt::format(fmt::runtime(where), random() >> 1, random() >> 1));
  return rules_of(text);
}

// What the kernel answers to a call behind all of them.
filter::Action answer(const std::vector<filter::Program>& programs, const char* call,
                      const LaunchKey& key) {
  filter::Input input;
  input.arch = calls::info(calls::native()).audit;
  input.number = *calls::number_of(*calls::find_call(call), calls::native());
  std::copy(key.begin(), key.end(), input.args.begin() + 3);
  const bool big_endian = calls::info(calls::native()).big_endian;
  filter::Action strictest = filter::Action::allow();
  for (const filter::Program& program : programs) {
    const filter::Action one{filter::evaluate(program, input, big_endian).ret};
    if (filter::strictness(one) < filter::strictness(strictest)) strictest = one;
  }
  return strictest;
}

TEST(LaunchFilter, AChainLetsTheLaunchLoadItsFiltersAndNobodyElse) {
  const auto programs = launch_filters(long_rules(), second_key);
  ASSERT_TRUE(programs) << programs.error().doing;
  ASSERT_GT(programs->size(), 1u);
  for (const filter::Program& program : *programs) EXPECT_LE(program.size(), 4096u);
  for (const char* call : {"execve", "seccomp"}) {
    EXPECT_EQ(answer(*programs, call, second_key), filter::Action::allow()) << call;
    EXPECT_EQ(answer(*programs, call, first_key), filter::Action::kill()) << call;
  }
  EXPECT_EQ(answer(*programs, "sendmsg", second_key), filter::Action::deny(EACCES));
  // One filter needs no exemption for a second one.
  const auto one = launch_filters(rules_of("policy a\nkill seccomp\notherwise deny\n"), second_key);
  ASSERT_TRUE(one);
  EXPECT_EQ(answer(*one, "seccomp", second_key), filter::Action::kill());
}

TEST(LaunchFilter, ADraftOfAChainGetsTheNewKey) {
  const filter::Rules rules = long_rules();
  const FilterDraft draft = draft_of(rules);
  ASSERT_GT(draft.programs.size(), 1u);
  const auto programs = launch_filters(rules, second_key, {}, &draft);
  ASSERT_TRUE(programs);
  ASSERT_EQ(programs->size(), draft.programs.size());
  size_t before = 0, after = 0;
  for (size_t i = 0; i < programs->size(); i++) {
    EXPECT_EQ((*programs)[i].size(), draft.programs[i].size());
    EXPECT_EQ(mentions((*programs)[i], first_key), 0u);
    before += mentions(draft.programs[i], first_key);
    after += mentions((*programs)[i], second_key);
  }
  EXPECT_GT(after, 0u);
  EXPECT_EQ(after, before);
}

TEST(LaunchFilter, NoListenerStandsForAChain) {
  const auto none = watched_filter(long_rules(), first_key, Supervise::Explain);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  const auto one = watched_filter(rules_of(loose), first_key, Supervise::Explain);
  ASSERT_TRUE(one);
  EXPECT_TRUE(*one);
}

}  // namespace
}  // namespace seclude::sandbox
