// What the program was built with, held against what the profiles' texts come down to now.
#include "cli/ready_profiles.h"

#include <gtest/gtest.h>

#include "filter/resolve.h"
#include "policy/load.h"
#include "sandbox/launch_filter.h"

namespace seclude::cli {
namespace {

struct Fresh {
  bool plain = false;  // it needs only a filter
  sandbox::ReadyLaunch ready;
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
  return {true, std::move(*ready)};
}

TEST(ReadyProfiles, AreWhatTheirTextsSay) {
  size_t ready = 0;
  for (const std::string_view name : policy::profile_names()) {
    const Fresh expected = fresh(name);
    const auto found = ready_profile(name);
    EXPECT_EQ(found.has_value(), expected.plain) << name;
    if (!found || !expected.plain) continue;
    EXPECT_EQ(sandbox::to_bytes(*found), sandbox::to_bytes(expected.ready)) << name;
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

constexpr kernel::raw::LaunchKey key = {0x1111222233334444, 0x5555666677778888, 0x9999aaaabbbbcccc};

// The code is the draft's; only constants are others.
void expect_only_numbers_differ(const filter::Program& draft, const filter::Program& launched,
                                std::string_view name) {
  ASSERT_EQ(draft.size(), launched.size()) << name;
  size_t renewed = 0;
  for (size_t i = 0; i < draft.size(); ++i) {
    EXPECT_EQ(draft[i].code, launched[i].code) << name << ", instruction " << i;
    renewed += draft[i].k != launched[i].k ? 1 : 0;
  }
  EXPECT_GE(renewed, 1u) << name;
}

// Whatever numbers the launcher, its group and its helper have: the code of the draft serves, so
// that nothing is searched at a launch.
TEST(ReadyProfiles, ServeLaunchersOfAllNumbers) {
  struct Numbers {
    int group, launcher, helper;
  };
  for (const Numbers& numbers : {Numbers{5000, 5000, 5001},
                                 {4990, 5000, 5001},
                                 {1, 77, 4194303},
                                 {4999, 5000, 5001},
                                 {2, 2, 3}}) {
    const sandbox::Guarded alone = {.processes = {numbers.launcher}, .groups = {numbers.group}};
    const sandbox::Guarded watched = {.processes = {numbers.launcher, numbers.helper},
                                      .groups = {numbers.group, numbers.helper},
                                      .followed = true};
    for (const ReadyProfile& profile : ready_profiles()) {
      const auto ready = sandbox::ready_from_bytes(profile.bytes);
      ASSERT_TRUE(ready);
      const auto programs =
          sandbox::launch_filters(ready->rules, key, alone, &ready->drafts->alone);
      ASSERT_TRUE(programs);
      expect_only_numbers_differ(ready->drafts->alone.programs.front(), programs->front(),
                                 profile.name);
      const auto program = sandbox::watched_filter(ready->rules, key, sandbox::Supervise::Explain,
                                                   watched, &*ready->drafts->watched);
      ASSERT_TRUE(program && *program);
      expect_only_numbers_differ(ready->drafts->watched->programs.front(), **program, profile.name);
    }
  }
}

}  // namespace
}  // namespace seclude::cli
