// What the program was built with, held against what the profiles' texts come down to now.
#include "cli/ready_profiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "filter/resolve.h"
#include "filter/stack.h"
#include "policy/load.h"
#include "sandbox/launch_filter.h"
#include "sandbox/rules/launch_rule.h"

namespace seclude::cli {
namespace {

struct Fresh {
  bool plain = false;  // it needs only a filter
  filter::Rules rules;
  std::string bytes;
};

Fresh fresh(std::string_view name) {
  SourceMap sources;
  Diagnostics diagnostics;
  auto root = policy::built_in({policy::Wanted::Kind::Profile, std::string(name), ""});
  EXPECT_TRUE(root);
  const auto find = [](const policy::Wanted& wanted) { return policy::built_in(wanted); };
  const policy::Texts texts = policy::load(std::move(*root), find, sources, diagnostics);
  filter::Resolved resolved = filter::resolve(texts, {.only_native_kernel = true}, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << name;
  if (!sandbox::needs_only_a_filter(texts) || resolved.fragment) return {};
  auto ready = sandbox::make_ready(resolved.phases.front().rules);
  EXPECT_TRUE(ready) << name;
  return {true, std::move(resolved.phases.front().rules), std::move(*ready)};
}

TEST(ReadyProfiles, AreWhatTheirTextsSay) {
  size_t ready = 0;
  for (const std::string_view name : policy::profile_names()) {
    const Fresh expected = fresh(name);
    EXPECT_EQ(ready_profile(name).has_value(), expected.plain) << name;
    const auto all = ready_profiles();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const ReadyProfile& one) { return one.name == name; });
    ASSERT_EQ(found != all.end(), expected.plain) << name;
    if (!expected.plain) continue;
    EXPECT_EQ(found->bytes, expected.bytes) << name;
    ++ready;
  }
  EXPECT_EQ(ready, ready_profiles().size());
  EXPECT_TRUE(ready_profile("default"));
  EXPECT_FALSE(ready_profile("no-such-profile"));
}

TEST(ReadyProfiles, AreNotReadFromBytesThatAreCutOrTooLong) {
  const std::string_view bytes = ready_profiles().front().bytes;
  EXPECT_TRUE(sandbox::ready_from_bytes(bytes));
  for (const size_t size : {size_t{0}, size_t{7}, bytes.size() / 2, bytes.size() - 1})
    EXPECT_FALSE(sandbox::ready_from_bytes(bytes.substr(0, size))) << size;
  EXPECT_FALSE(sandbox::ready_from_bytes(std::string(bytes) + '\0'));
}

// What the program was built with is filled in; the proof of any other program is asked about it.
bool means(const filter::Rules& rules, filter::Program program) {
  filter::Store store;
  return filter::prove_stack(store, rules, {std::move(program)}).has_value();
}

using kernel::raw::LaunchKey;

LaunchKey random_key(std::mt19937_64& random) { return {random(), random(), random()}; }

sandbox::Guarded guarded(int group, int launcher, std::optional<int> helper,
                         sandbox::SignalGuard signals) {
  sandbox::Guarded result = {.processes = {launcher}, .groups = {group}, .signals = signals};
  if (!helper) return result;
  result.processes.push_back(*helper);
  result.groups.push_back(*helper);
  result.followed = true;
  return result;
}

struct Numbers {
  int group, launcher, helper;
};

constexpr Numbers usual[] = {
    {5000, 5000, 5001}, {4990, 5000, 5001}, {1, 77, 4194303}, {4999, 5000, 5001},
    {2, 2, 3},          {1, 1, 2},          {3, 5, 7},        {4194301, 4194302, 4194303},
    {6000, 5000, 5001}, {32700, 3, 4}};

filter::Rules alone(const filter::Rules& rules, const LaunchKey& key,
                    const sandbox::Guarded& whom) {
  return *sandbox::with_launch_rule(
      sandbox::with_guard(sandbox::without_new_listeners(sandbox::that_can_run_here(rules)), whom),
      key, calls::native(), sandbox::HandOver::Nothing);
}

filter::Rules watched(const filter::Rules& rules, const LaunchKey& key,
                      const sandbox::Guarded& whom) {
  return *sandbox::with_launch_rule(
      sandbox::notifying(
          sandbox::with_guard(sandbox::without_new_listeners(sandbox::that_can_run_here(rules)),
                              whom),
          sandbox::Supervise::Explain),
      key, calls::native(), sandbox::HandOver::Listener);
}

// Whatever numbers the launcher, its group and its helper have, in the usual orders: the
// pattern is filled, so that nothing is searched at a launch, and the result means what it should.
TEST(ReadyProfiles, ServeLaunchersOfAllNumbers) {
  std::mt19937_64 random(20261128);
  for (const ReadyProfile& profile : ready_profiles()) {
    const auto ready = sandbox::ready_from_bytes(profile.bytes);
    ASSERT_TRUE(ready);
    const filter::Rules& rules = ready->rules->get();
    for (const auto signals : {sandbox::SignalGuard::Landlock, sandbox::SignalGuard::Filter}) {
      for (const auto& [group, launcher, helper] : usual) {
        // kill(2) names group 1 by -1, which is everybody as well.
        if (group == 1 && signals == sandbox::SignalGuard::Filter) continue;
        const LaunchKey key = random_key(random);
        const auto by_itself = guarded(group, launcher, {}, signals);
        auto programs = sandbox::filled(ready->patterns->alone, key, by_itself);
        ASSERT_TRUE(programs) << profile.name << ' ' << launcher;
        EXPECT_TRUE(means(alone(rules, key, by_itself), programs->front())) << profile.name;
        const auto helped = guarded(group, launcher, helper, signals);
        programs = sandbox::filled(ready->patterns->watched, key, helped);
        ASSERT_TRUE(programs) << profile.name << ' ' << launcher;
        EXPECT_TRUE(means(watched(rules, key, helped), programs->front())) << profile.name;
      }
    }
  }
}

// Where numbers meet, there is nothing, or something that is right all the same.
TEST(ReadyProfiles, AreNotFilledWithWhatTheyWereNotProvenFor) {
  constexpr Numbers unusual[] = {{0, 1, 2},          {5, 5, 5}, {5000, 5001, 5000},
                                 {5000, 5001, 5001}, {7, 8, 7}, {1, 77, 78}};
  std::mt19937_64 random(20261129);
  const auto ready = ready_profile("default");
  ASSERT_TRUE(ready);
  const filter::Rules& rules = ready->rules->get();
  size_t refused = 0;
  for (const auto signals : {sandbox::SignalGuard::Landlock, sandbox::SignalGuard::Filter}) {
    for (const auto& [group, launcher, helper] : unusual) {
      const LaunchKey key = random_key(random);
      const auto helped = guarded(group, launcher, helper, signals);
      const auto programs = sandbox::filled(ready->patterns->watched, key, helped);
      refused += !programs;
      if (!programs) continue;
      EXPECT_TRUE(means(watched(rules, key, helped), programs->front())) << group;
    }
  }
  EXPECT_GE(refused, 6u);
}

}  // namespace
}  // namespace seclude::cli
