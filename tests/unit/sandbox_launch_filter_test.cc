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

// The only program of a launch.
std::optional<filter::Program> only(Result<std::vector<filter::Program>> programs) {
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

bool same_answers(const filter::Program& one, const filter::Program& other) {
  filter::Store store;
  const auto first = filter::lift(store, one), second = filter::lift(store, other);
  const auto* decision = std::get_if<filter::Decision>(&first);
  const auto* also = std::get_if<filter::Decision>(&second);
  return decision != nullptr && also != nullptr && *decision == *also;
}

LaunchPatterns patterns_of(const filter::Rules& rules, SignalGuard signals) {
  const Guarded alone = alone_to_come(GroupIs::Below, signals), watched = watched_to_come(GroupIs::Below, signals);
  auto patterns = make_patterns(rules, {&alone, 1}, {&watched, 1});
  EXPECT_TRUE(patterns);
  return std::move(*patterns);
}

constexpr int launcher = 4000;

Guarded guarding(std::optional<int> helper, SignalGuard signals) {
  Guarded guarded = {.processes = {launcher}, .groups = {launcher - 10}, .signals = signals};
  if (!helper) return guarded;
  guarded.processes.push_back(*helper);
  guarded.groups.push_back(*helper);
  guarded.followed = true;
  return guarded;
}

constexpr SignalGuard both[] = {SignalGuard::Landlock, SignalGuard::Filter};

TEST(LaunchFilter, APatternGetsTheKeyAndTheNumbers) {
  const filter::Rules rules = rules_of(loose + "allow kill, prlimit64, fcntl\n");
  for (const SignalGuard signals : both) {
    const LaunchPatterns patterns = patterns_of(rules, signals);
    for (const LaunchKey& key : {first_key, second_key}) {
      const Guarded guarded = guarding({}, signals);
      const auto programs = filled(patterns.alone, key, guarded);
      ASSERT_TRUE(programs);
      ASSERT_EQ(programs->size(), 1u);
      EXPECT_EQ(mentions(programs->front(), key), 6u);
      EXPECT_TRUE(same_answers(programs->front(), *only(launch_filters(rules, key, guarded))));
    }
  }
}

// A helper whose number is below the launcher's takes another order of tests: then there is no
// program, unless it is right all the same.
TEST(LaunchFilter, AWatchedPatternMeansTheSameWhateverTheHelpersNumber) {
  const filter::Rules rules = rules_of(loose + "allow @default, kill, prlimit64, fcntl\n");
  for (const SignalGuard signals : both) {
    const LaunchPatterns patterns = patterns_of(rules, signals);
    size_t used = 0;
    for (const int helper : {1, launcher - 11, launcher - 10, launcher - 9, launcher - 1,
                             launcher + 1, launcher + 2, 0x3fffff}) {
      const Guarded guarded = guarding(helper, signals);
      const auto programs = filled(patterns.watched, second_key, guarded);
      if (!programs) continue;
      ++used;
      const auto fresh = watched_filter(rules, second_key, Supervise::Explain, guarded);
      ASSERT_TRUE(fresh && *fresh);
      EXPECT_TRUE(same_answers(programs->front(), **fresh)) << helper;
    }
    EXPECT_GE(used, 3u);
  }
}

TEST(LaunchFilter, APatternOfAnotherShapeIsNotUsed) {
  const LaunchPatterns patterns = patterns_of(rules_of(loose), SignalGuard::Landlock);
  Guarded leading = guarding({}, SignalGuard::Landlock);
  leading.groups = leading.processes;
  EXPECT_FALSE(filled(patterns.alone, first_key, leading));
  EXPECT_FALSE(filled(patterns.alone, first_key, guarding({}, SignalGuard::Filter)));
  EXPECT_FALSE(filled(patterns.alone, first_key, guarding(launcher + 1, SignalGuard::Landlock)));
  EXPECT_FALSE(filled({}, first_key, guarding({}, SignalGuard::Landlock)));
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

TEST(LaunchFilter, APatternOfAChainGetsTheKey) {
  const LaunchPatterns patterns = patterns_of(long_rules(), SignalGuard::Landlock);
  EXPECT_GT(patterns.filters, 1u);
  EXPECT_TRUE(patterns.watched.empty());
  const auto programs = filled(patterns.alone, second_key, guarding({}, SignalGuard::Landlock));
  ASSERT_TRUE(programs);
  ASSERT_EQ(programs->size(), patterns.filters);
  for (const char* call : {"execve", "seccomp"}) {
    EXPECT_EQ(answer(*programs, call, second_key), filter::Action::allow()) << call;
    EXPECT_EQ(answer(*programs, call, first_key), filter::Action::kill()) << call;
  }
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
