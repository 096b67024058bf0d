// Real policies: every text in tests/policies, examples/ and the built-in profiles goes through the
// whole line of passes, and must come out proven.
//
// In: the .seclude files of the source tree. Out: for each: no error and every `expect` holds; a
// proven filter for each phase; expand's text, read again, decides every call the same way.
// Neighbours: tests/kernel/profiles runs real programs under the profiles.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "filter/check.h"
#include "filter/compile.h"
#include "filter/decide.h"
#include "filter/expand.h"
#include "filter/resolve.h"
#include "policy/load.h"

namespace seclude {
namespace {

struct Read {
  SourceMap sources;
  Diagnostics diagnostics;
  policy::Texts texts;
  filter::Settings settings;
  filter::Resolved resolved;

  explicit Read(Source root, std::vector<calls::Arch> archs = {}) {
    settings.archs = std::move(archs);
    texts = policy::load(std::move(root), policy::built_in, sources, diagnostics);
    if (!diagnostics.has_errors()) resolved = filter::resolve(texts, settings, diagnostics);
  }
  Read(const Read&) = delete;  // resolved points into texts
};

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> policy_files() {
  std::vector<std::string> found;
  for (const char* folder : {"tests/policies", "examples", "profiles"}) {
    auto path = std::filesystem::path(SECLUDE_SOURCE_DIR) / folder;
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.path().extension() == ".seclude")
        found.push_back(std::string(folder) + "/" + entry.path().filename().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

class RealPolicy : public testing::TestWithParam<std::string> {
 protected:
  Source source() const {
    auto path = std::filesystem::path(SECLUDE_SOURCE_DIR) / GetParam();
    return {.name = GetParam(), .text = content(path)};
  }
};

TEST_P(RealPolicy, IsProven) {
  Read read(source());
  filter::Store store;
  if (!read.diagnostics.has_errors())
    filter::check(store, read.texts, read.settings, read.resolved, read.diagnostics);
  EXPECT_FALSE(read.diagnostics.has_errors()) << render(read.diagnostics, read.sources);
  EXPECT_FALSE(read.resolved.phases.empty());
}

TEST_P(RealPolicy, CompilesToAProvenFilter) {
  Read read(source());
  ASSERT_FALSE(read.diagnostics.has_errors()) << render(read.diagnostics, read.sources);
  for (const filter::PhaseRules& phase : read.resolved.phases) {
    filter::Store store;
    auto compiled = filter::compile(store, phase.rules);
    ASSERT_TRUE(compiled) << phase.name << ": " << compiled.error().message;
    EXPECT_FALSE(compiled->program.empty());
  }
}

TEST_P(RealPolicy, MeansTheSameWhenExpanded) {
  Read read(source());
  ASSERT_FALSE(read.diagnostics.has_errors()) << render(read.diagnostics, read.sources);
  std::string text = filter::expand(read.texts, read.settings, read.resolved, read.sources);
  Read again({.name = "expanded", .text = text});
  ASSERT_FALSE(again.diagnostics.has_errors()) << render(again.diagnostics, again.sources) << "\n"
                                               << text;
  for (const policy::Statement& statement : again.texts.policies.front().statements) {
    EXPECT_FALSE(std::holds_alternative<policy::Use>(statement.body)) << text;
    EXPECT_FALSE(std::holds_alternative<policy::SetDefinition>(statement.body)) << text;
    EXPECT_FALSE(std::holds_alternative<policy::Let>(statement.body)) << text;
  }
  ASSERT_EQ(again.resolved.phases.size(), read.resolved.phases.size());
  for (size_t i = 0; i < read.resolved.phases.size(); ++i) {
    filter::Store store;
    auto before = decide(store, read.resolved.phases[i].rules, filter::Mediated::Kept);
    auto after = decide(store, again.resolved.phases[i].rules, filter::Mediated::Kept);
    ASSERT_FALSE(store.exhausted());
    EXPECT_TRUE(before == after) << "phase " << i << " of:\n" << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, RealPolicy, testing::ValuesIn(policy_files()), [](const auto& one) {
  std::string name = one.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
  return name;
});

TEST(RealPolicies, CoverTheElevenKindsAndEveryExample) {
  std::vector<std::string> files = policy_files();
  auto in = [&](std::string_view folder) {
    return std::count_if(files.begin(), files.end(),
                         [&](const std::string& name) { return name.starts_with(folder); });
  };
  EXPECT_GE(in("tests/policies/"), 11);
  EXPECT_GE(in("examples/"), 5);
}

TEST(BuiltInProfiles, AreTheFilesOfTheSourceTree) {
  std::set<std::string> files, built_in;
  for (const std::string& name : policy_files())
    if (name.starts_with("profiles/")) files.insert(std::filesystem::path(name).stem().string());
  for (std::string_view name : policy::profile_names()) built_in.insert(std::string(name));
  EXPECT_EQ(built_in, files);
}

TEST(BuiltInProfiles, AreAllInTheirDocumentAndItsExamplesHold) {
  std::string document =
      content(std::filesystem::path(SECLUDE_SOURCE_DIR) / "docs" / "profiles.md");
  for (std::string_view name : policy::profile_names())
    EXPECT_NE(document.find("| `" + std::string(name) + "` |"), std::string::npos) << name;
  const std::string fence = "```seclude\n";
  size_t examples = 0;
  for (size_t at = document.find(fence); at != std::string::npos; at = document.find(fence, at)) {
    at += fence.size();
    Read read(
        {.name = "docs/profiles.md", .text = document.substr(at, document.find("```", at) - at)});
    EXPECT_FALSE(read.diagnostics.has_errors()) << render(read.diagnostics, read.sources);
    ++examples;
  }
  EXPECT_GE(examples, 1u);
}

// They promise x86_64 and aarch64; whoever uses them elsewhere should not find them broken.
TEST(BuiltInProfiles, HoldOnOther64BitArchitecturesToo) {
  for (calls::Arch arch : {calls::Arch::riscv64, calls::Arch::loongarch64, calls::Arch::ppc64le}) {
    for (std::string_view name : policy::profile_names()) {
      Read read(*policy::built_in({policy::Wanted::Kind::Profile, std::string(name), ""}), {arch});
      filter::Store store;
      if (!read.diagnostics.has_errors())
        filter::check(store, read.texts, read.settings, read.resolved, read.diagnostics);
      EXPECT_FALSE(read.diagnostics.has_errors()) << render(read.diagnostics, read.sources);
    }
  }
}

// The fragments leave `otherwise` to their user, so that any of them can be used together.
TEST(BuiltInProfiles, FragmentsHaveNoGeneralOtherwiseAndComposeFreely) {
  std::string use;
  for (std::string_view name : policy::profile_names()) {
    Read read(*policy::built_in({policy::Wanted::Kind::Profile, std::string(name), ""}));
    if (read.resolved.fragment) use += (use.empty() ? "use " : ", ") + std::string(name);
  }
  ASSERT_NE(use.find("dynamic-program"), std::string::npos);
  Read all({.name = "all", .text = "seclude 1\npolicy all\n" + use + "\notherwise kill\n"});
  EXPECT_FALSE(all.diagnostics.has_errors()) << render(all.diagnostics, all.sources);
  Read silent({.name = "silent", .text = "seclude 1\npolicy silent\n" + use + "\n"});
  EXPECT_TRUE(silent.diagnostics.has_errors()) << "some fragment says `otherwise`";
}

}  // namespace
}  // namespace seclude
