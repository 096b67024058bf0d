// Path rules: places as they are on this machine; no kernel is asked for Landlock here.
#include "sandbox/paths/path_rules.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "kernel/files.h"
#include "support/folder.h"
#include "support/policy_text.h"

namespace seclude::sandbox {
namespace {

namespace right = kernel::file_right;

struct Found {
  std::optional<Domain> domain;
  std::string messages;
};

Found find_on(const Machine& machine, const std::string& body, bool best_effort = false) {
  test::PolicyText policy("seclude 1\npolicy p\notherwise kill\n" + body);
  EXPECT_FALSE(policy.diagnostics.has_errors()) << policy.messages();
  const Places places = places_of(policy.texts, policy.settings, policy.resolved, {});
  Found found;
  found.domain = domain_of(places, machine, best_effort, policy.diagnostics);
  found.messages = policy.messages();
  return found;
}

Found find(const std::string& body, bool best_effort = false, int abi = 7) {
  return find_on({.landlock = {.abi = abi}}, body, best_effort);
}

const Machine without_namespaces = {.landlock = {.abi = 7}, .no_namespaces = "sysctl x=1"};

bool mentions(const Found& found, const std::string& words) {
  return found.messages.find(words) != std::string::npos;
}

uint64_t rights_of(const Found& found, const std::string& path) {
  if (!found.domain) return 0;
  for (const PathRight& one : found.domain->paths)
    if (one.path == path) return one.rights;
  return 0;
}

class PathRules : public testing::Test {
 protected:
  PathRules() : here_(*kernel::real_path(folder_.path())) {
    EXPECT_TRUE(kernel::write_file(here_ + "/file", "x"));
    EXPECT_EQ(::symlink("file", (here_ + "/link").c_str()), 0);
    EXPECT_EQ(::symlink(here_.c_str(), (here_ + "/loop").c_str()), 0);
  }
  test::Folder folder_;
  std::string here_;
};

TEST_F(PathRules, VerbsAreRights) {
  const Found read = find("read " + here_ + "/**\n");
  EXPECT_EQ(read.messages, "");
  EXPECT_EQ(rights_of(read, here_), right::read_file | right::read_dir);
  const uint64_t written = rights_of(find("write " + here_ + "/**\n"), here_);
  EXPECT_EQ(written & (right::write_file | right::truncate), right::write_file | right::truncate);
  EXPECT_EQ(written & (right::make_reg | right::remove_file | right::execute), 0u);
  const uint64_t created = rights_of(find("create " + here_ + "/**\n"), here_);
  EXPECT_EQ(created & (right::make_char | right::make_block | right::execute), 0u);
  EXPECT_EQ(created & (right::make_reg | right::refer | right::remove_dir),
            right::make_reg | right::refer | right::remove_dir);
  const Found run = find("run " + here_ + "/**\n");
  EXPECT_TRUE(run.domain->runs);
  EXPECT_EQ(rights_of(run, here_), right::read_file | right::read_dir | right::execute);
}

TEST_F(PathRules, LinksAreJudgedByWhereTheyLead) {
  EXPECT_NE(rights_of(find("read " + here_ + "/link\n"), here_ + "/file"), 0u);
  // The text does not show it: what is protected is inside what may be changed.
  const std::string lines = "protect " + here_ + "/file\nwrite " + here_ + "/link\n";
  EXPECT_EQ(rights_of(find(lines), here_ + "/file") & right::write_file, 0u);
  EXPECT_EQ(find(lines).domain->covered.size(), 1u);
  EXPECT_TRUE(mentions(find_on(without_namespaces, lines),
                       "`protect` inside what another line lets change"));
}

TEST_F(PathRules, LinesThatTakeMountsAreNamedWhereThereAreNone) {
  const std::string beside = "run /usr/**\nread " + here_ + "/**\n";
  EXPECT_EQ(find(beside).messages, "");
  EXPECT_TRUE(find(beside).domain->own_root);
  const Found strict = find_on(without_namespaces, beside);
  EXPECT_TRUE(mentions(strict, "error: `run` lines beside files that may not be run"));
  EXPECT_TRUE(mentions(strict, "no namespaces can be made here: sysctl x=1"));
  const Found best = find_on(without_namespaces, beside, true);
  EXPECT_TRUE(mentions(best, "warning: `run` lines beside files that may not be run"));
  EXPECT_TRUE(mentions(best, "warning: what no line lists can be looked at all the same"));
  EXPECT_FALSE(best.domain->own_root);
  EXPECT_TRUE(best.domain->covered.empty());
  EXPECT_TRUE(mentions(find_on(without_namespaces, "hide " + here_ + "/file\n", true),
                       "warning: `hide` lines cannot be enforced"));
}

TEST_F(PathRules, WhatIsTakenAwayIsCovered) {
  const Found hidden = find("read " + here_ + "/**, " + here_ + "/file\nhide " + here_ + "/link\n");
  EXPECT_EQ(rights_of(hidden, here_ + "/file"), 0u);
  EXPECT_EQ(hidden.domain->covered,
            (std::vector<CoveredPlace>{{.path = here_ + "/file", .hidden = true}}));
  ASSERT_EQ(::mkdir((here_ + "/a").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir((here_ + "/a/b").c_str(), 0755), 0);
  const Found kept = find("create " + here_ + "/**\nprotect " + here_ + "/a/b/**\n");
  EXPECT_EQ(kept.domain->covered,
            (std::vector<CoveredPlace>{
                {.path = here_ + "/a/b", .directory = true, .pinned = {here_ + "/a"}}}));
}

TEST_F(PathRules, WhatTheProgramMayMakeIsNotCovered) {
  const std::string missing = "protect " + here_ + "/new?, " + here_ + "/loop/new/x?\n";
  EXPECT_TRUE(mentions(find("create " + here_ + "/**\n" + missing),
                       "error: `protect` cannot cover what is missing"));
  EXPECT_EQ(find("write " + here_ + "/**\n" + missing).messages, "");
}

TEST_F(PathRules, OnlyWhatTakesNoMountsHasNoRootOfItsOwn) {
  EXPECT_FALSE(find("create /**\n").domain->own_root);
  EXPECT_TRUE(find("create /**\nrun /usr/**\n").domain->own_root);
  EXPECT_FALSE(find("create /**\nrun /**\n").domain->own_root);
  EXPECT_TRUE(find("read /**\n").domain->own_root);
}

TEST_F(PathRules, WhatIsMissingIsNamed) {
  const Found missing = find("read " + here_ + "/none\n");
  EXPECT_TRUE(mentions(missing, "test.seclude:4:6: error: `" + here_ + "/none` does not exist"));
  EXPECT_TRUE(mentions(find("read " + here_ + "/none\n", true), "error: "));
  const Found optional = find("read " + here_ + "/none?, " + here_ + "/file/x?\n");
  EXPECT_EQ(optional.messages, "");
  EXPECT_TRUE(optional.domain->confines_paths);
  EXPECT_TRUE(optional.domain->paths.empty());
}

TEST_F(PathRules, ADirectoryAloneIsNotHeld) {
  EXPECT_TRUE(mentions(find("read " + here_ + "\n"), "error: a directory by itself"));
  EXPECT_TRUE(mentions(find("read " + here_ + "\n", true), "warning: a directory by itself"));
}

TEST_F(PathRules, TheLaunchersOwnProcessIsNobodysPath) {
  EXPECT_TRUE(mentions(find("read /proc/self/**\n"), "paths of a process cannot be confined"));
  EXPECT_TRUE(mentions(find("read /proc/self/status\n"), "paths of a process cannot be confined"));
  EXPECT_EQ(find("read /proc/**\n").messages, "");
}

TEST_F(PathRules, OldKernelsAreNamed) {
  const std::string line = "read " + here_ + "/**\n";
  EXPECT_TRUE(mentions(find(line, false, 0), "error: path lines cannot be enforced here"));
  EXPECT_TRUE(mentions(find(line, false, 2), "error: path lines cannot be enforced here"));
  EXPECT_EQ(find(line, false, 3).messages, "");
  EXPECT_TRUE(mentions(find("connect tcp *:80\n", false, 3), "error: network lines cannot"));
  EXPECT_EQ(find("connect tcp *:80\n", false, 4).messages, "");
  const Found best = find(line, true, 0);
  EXPECT_TRUE(mentions(best, "warning: path lines cannot be enforced here"));
  EXPECT_FALSE(best.domain);
}

TEST_F(PathRules, BestEffortHoldsWhatItCan) {
  const Found pattern = find("read " + here_ + "/*.txt\n", true);
  EXPECT_TRUE(mentions(pattern, "warning: patterns with `*`"));
  EXPECT_NE(rights_of(pattern, here_), 0u);
  const Found address = find("connect tcp 10.0.0.1:80\n", true);
  ASSERT_TRUE(address.domain);
  EXPECT_EQ(address.domain->ports,
            (std::vector<PortRight>{{80, 80, kernel::port_right::connect_tcp}}));
  EXPECT_FALSE(find("connect udp *:53\n", true).domain);
}

TEST_F(PathRules, OtherPoliciesHaveNoDomain) { EXPECT_FALSE(find("allow read\n").domain); }

TEST_F(PathRules, AllOfTheRootIsAll) {
  const Found all = find("create /**\n");
  EXPECT_TRUE(all.domain->changes_all);
  EXPECT_TRUE(all.domain->lists_all);
  EXPECT_FALSE(find("read /**\n").domain->changes_all);
}

}  // namespace
}  // namespace seclude::sandbox
