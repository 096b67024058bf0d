// The points of "Meaning" in docs/language.md, eleven to nineteen, as far as a policy alone shows
// them: what path and network lines bring, parameters, phases, expectations, what is not in a
// policy.
//
// In: short policies. Out: verdicts, or the message. That the layers themselves hold is tested in
// tests/kernel. One to ten are in filter_meaning_points_test.cc.
#include <gtest/gtest.h>

#include "filter/evaluate.h"
#include "filter/expand.h"
#include "policy/printer.h"
#include "support/policy_text.h"

namespace seclude::test {
namespace {

struct Policy : PolicyText {
  explicit Policy(const std::string& lines, std::map<std::string, std::string> files = {},
                  filter::Settings with = {.native = calls::Arch::x86_64,
                                           .archs = {},
                                           .parameters = {}})
      : PolicyText("seclude 1\npolicy p\n" + lines, std::move(files), std::move(with)) {
    check();
  }
  bool says(std::string_view words) const { return messages().find(words) != std::string::npos; }
  std::string expanded() const { return filter::expand(texts, settings, resolved, sources); }
};

void expect_error(const std::string& lines, std::string_view words) {
  Policy p(lines);
  EXPECT_TRUE(p.diagnostics.has_errors()) << lines;
  EXPECT_TRUE(p.says(words)) << lines << "\n" << p.messages();
}
void expect_fine(const std::string& lines) {
  Policy p(lines);
  EXPECT_FALSE(p.diagnostics.has_errors()) << lines << "\n" << p.messages();
}

// ---- 11. Layers are conjunctive, and a rule brings what it needs --------------------------------

TEST(Point11, APathLineBringsTheCallsItTakes) {
  Policy without("otherwise kill\nallow exit_group\n");
  EXPECT_EQ(without.verdict("openat"), "kill");
  Policy p("otherwise kill\nallow exit_group\nread /etc/**\n");
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  EXPECT_EQ(p.verdict("openat"), "mediated");
  EXPECT_EQ(p.verdict("execve"), "kill");
  EXPECT_EQ(p.verdict("mkdirat"), "kill");
  EXPECT_EQ(Policy("otherwise kill\ncreate /tmp/x/**\n").verdict("mkdirat"), "mediated");
  EXPECT_EQ(Policy("otherwise kill\nrun /bin/true\n").verdict("execve"), "mediated");
  EXPECT_NE(Policy("otherwise kill\nrun /bin/true\n").verdict("clone"), "kill");
}

TEST(Point11, AConditionalRefusalHoldsBesideThePathLayer) {
  Policy p("otherwise kill\nread /etc/**\ndeny openat with EROFS where flags has O_CREAT\n");
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  EXPECT_EQ(p.verdict("openat", {0, 0, 0x40}), "errno:EROFS");
  EXPECT_EQ(p.verdict("openat", {0, 0, 0}), "mediated");
}

TEST(Point11, ToExpectThatAMediatedCallIsAllowedIsAnError) {
  expect_error("otherwise kill\nread /etc/**\nexpect allow openat\n", "expect read");
  expect_fine("otherwise kill\nallow openat\nexpect allow openat where flags == 0\n");
}

TEST(Point11, OpenatAloneMeansAnyPathAndIsSaid) {
  Policy p("otherwise kill\nallow openat, exit_group\n");
  EXPECT_EQ(p.verdict("openat"), "allow");
  EXPECT_TRUE(p.says("`openat` may name any path")) << p.messages();
  EXPECT_FALSE(Policy("otherwise kill\nallow openat\nread /etc/**\n").says("any path"));
  EXPECT_FALSE(Policy("otherwise kill\nallow read\ndeny openat\n").says("any path"));
}

TEST(Point11, ANetworkLineBringsSocketsOfItsKindOnly) {
  Policy p("otherwise kill\nconnect tcp 192.0.2.1:443\n");
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  EXPECT_NE(p.verdict("connect"), "kill");
  EXPECT_NE(p.verdict("socket", {2, 1}), "kill") << "AF_INET, SOCK_STREAM";
  EXPECT_EQ(p.verdict("socket", {16, 3}), "kill") << "AF_NETLINK, SOCK_RAW";
  EXPECT_EQ(p.verdict("listen"), "kill");
}

TEST(Point11, TheVerdictInAFilterIsThatItPasses) {
  Policy p("otherwise kill\nread /etc/**\n");
  auto compiled = filter::compile(p.store, p.rules());
  ASSERT_TRUE(compiled) << compiled.error().message;
  filter::Input openat{.number = 257, .arch = 0xc000003e, .args = {}};
  EXPECT_EQ(filter::evaluate(compiled->program, openat).ret, filter::Action::allow().ret);
}

// ---- 12. Paths ----------------------------------------------------------------------------------

TEST(Point12, AnExpectationAboutAPathIsProvenFromTheLines) {
  std::string lines =
      "otherwise kill\nread /etc/**\nwrite /var/log/x\ncreate /tmp/j/**\nrun /bin/sh\n";
  for (const char* holds :
       {"expect allow read /etc/passwd", "expect refused write /etc/passwd",
        "expect allow read /var/log/x", "expect allow write /var/log/x",
        "expect refused create /var/log/x", "expect allow create /tmp/j/a/b",
        "expect allow write /tmp/j/a", "expect allow run /bin/sh", "expect allow read /bin/sh",
        "expect refused run /etc/passwd", "expect refused read /root/x"})
    expect_fine(lines + holds + "\n");
  for (const char* fails : {"expect refused read /etc/passwd", "expect allow write /etc/passwd",
                            "expect allow create /var/log/x", "expect allow read /root/x"})
    expect_error(lines + fails + "\n", "expectation failed");
}

TEST(Point12, APathIsItselfAndWithStarsWhatIsBelow) {
  std::string lines = "otherwise kill\nread /srv/a, /srv/b/**\n";
  expect_fine(lines + "expect allow read /srv/a\nexpect refused read /srv/a/x\n");
  expect_fine(
      lines +
      "expect allow read /srv/b\nexpect allow read /srv/b/x/y\nexpect refused read /srv/bc\n");
}

TEST(Point12, ProtectBeatsWriteAndHideBeatsAll) {
  std::string lines = "otherwise kill\ncreate /w/**\nprotect /w/.git/**\nhide /w/secret\n";
  expect_fine(lines +
              "expect allow create /w/x\nexpect allow read /w/.git/config\n"
              "expect refused write /w/.git/config\nexpect refused create /w/.git/x\n"
              "expect refused read /w/secret\nexpect refused create /w/secret\n");
}

// ---- 13. Hosts ----------------------------------------------------------------------------------

TEST(Point13, AnExpectationAboutAHostIsProvenFromTheLines) {
  std::string lines =
      "otherwise kill\nconnect tcp 192.0.2.0/24:443, tcp [2001:db8::1]:8000..8080\n";
  expect_fine(lines +
              "expect allow connect tcp 192.0.2.7:443\nexpect refused connect tcp 192.0.3.7:443\n"
              "expect refused connect tcp 192.0.2.7:80\n"
              "expect allow connect tcp [2001:db8::1]:8001\n"
              "expect refused connect udp 192.0.2.7:443\n"
              "expect refused listen tcp 192.0.2.7:443\n");
  expect_error(lines + "expect allow connect tcp 192.0.3.7:443\n", "expectation failed");
}

TEST(Point13, AMappedAddressIsTheAddressItself) {
  expect_fine(
      "otherwise kill\nconnect tcp 192.0.2.7:443\n"
      "expect allow connect tcp [::ffff:192.0.2.7]:443\n");
}

// ---- 14. Parameters -----------------------------------------------------------------------------

TEST(Point14, AParameterIsATypedValueAndNeverText) {
  std::string lines = "parameter most : number = 3\notherwise kill\nallow read where fd < $most\n";
  Policy with_default(lines);
  ASSERT_FALSE(with_default.diagnostics.has_errors()) << with_default.messages();
  EXPECT_EQ(with_default.verdict("read", {2}), "allow");
  EXPECT_EQ(with_default.verdict("read", {3}), "kill");
  auto bound = [&](std::string value) {
    return Policy(
        lines, {},
        {.native = calls::Arch::x86_64, .archs = {}, .parameters = {{"most", std::move(value)}}});
  };
  EXPECT_EQ(bound("10").verdict("read", {9}), "allow");
  EXPECT_EQ(bound("10").verdict("read", {10}), "kill");
  for (const char* wrong : {"ten", "", "3\nallow write", "3 or fd > 5"}) {
    Policy p = bound(wrong);
    EXPECT_TRUE(p.diagnostics.has_errors()) << wrong;
    EXPECT_EQ(p.verdict("write"), "kill") << wrong;
  }
}

TEST(Point14, AParameterMustBeDeclared) {
  expect_error("otherwise kill\nallow read where fd < $most\n", "most");
  expect_error("otherwise kill\nread $work/**\n", "work");
  Policy p("otherwise kill\n", {},
           {.native = calls::Arch::x86_64, .archs = {}, .parameters = {{"wrok", "/"}}});
  EXPECT_TRUE(p.says("no parameter `wrok`")) << p.messages();
}

TEST(Point14, ExpectationsAreProvenWithTheValueInForce) {
  std::string lines =
      "parameter most : number = 3\notherwise kill\nallow read where fd < $most\n"
      "expect kill read where fd == 5\n";
  expect_fine(lines);
  Policy p(lines, {}, {.native = calls::Arch::x86_64, .archs = {}, .parameters = {{"most", "9"}}});
  EXPECT_TRUE(p.says("expectation failed")) << p.messages();
}

// ---- 15. Phases only tighten --------------------------------------------------------------------

TEST(Point15, TopLevelRulesHoldInEveryPhase) {
  Policy p("otherwise kill\nallow read\nphase start { allow openat }\nphase work { }\n");
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  ASSERT_EQ(p.resolved.phases.size(), 2u);
  for (size_t phase : {size_t{0}, size_t{1}})
    EXPECT_EQ(p.verdict("read", {}, calls::Arch::x86_64, phase), "allow");
  EXPECT_EQ(p.verdict("openat", {}, calls::Arch::x86_64, 0), "allow");
  EXPECT_EQ(p.verdict("openat", {}, calls::Arch::x86_64, 1), "kill");
}

TEST(Point15, AllowingLaterWhatWasRefusedIsAnError) {
  expect_error("otherwise kill\nphase start { allow read }\nphase work { allow read, write }\n",
               "write");
  expect_fine("otherwise kill\nphase start { allow write }\nphase work { deny write }\n");
  expect_error(
      "otherwise kill\nphase start { allow read where fd < 3 }\n"
      "phase work { allow read where fd < 4 }\n",
      "read");
}

TEST(Point15, EveryPhaseButTheLastAllowsEnteringTheNext) {
  Policy p("otherwise kill\nphase start { allow read }\nphase work { allow read }\n");
  constexpr uint64_t set_mode_filter = 1;
  EXPECT_EQ(p.verdict("seccomp", {set_mode_filter}, calls::Arch::x86_64, 0), "allow");
  EXPECT_EQ(p.verdict("seccomp", {set_mode_filter, 8}, calls::Arch::x86_64, 0), "kill")
      << "not with a new listener";
  EXPECT_EQ(p.verdict("seccomp", {set_mode_filter}, calls::Arch::x86_64, 1), "kill");
}

// ---- 16. Every line is enforced or the run is refused -------------------------------------------

TEST(Point16, ALineThatNoLayerKnowsIsAnError) {
  expect_error("otherwise kill\nlimit memery 8G\n", "memery");
  expect_error("otherwise kill\nisolate netwrok\n", "netwrok");
  expect_error("otherwise kill\nfrobnicate /etc\n", "frobnicate");
}

// ---- 17. `expect` is exact ----------------------------------------------------------------------

TEST(Point17, ItHoldsForAllInputsOrShowsOne) {
  std::string lines = "otherwise kill\nallow mmap where prot != 0x12345\n";
  expect_fine(lines + "expect kill mmap where prot == 0x12345\n");
  expect_fine(lines + "expect allow mmap where prot < 0x12345\n");
  Policy p(lines + "expect allow mmap\n");
  EXPECT_TRUE(p.says("expectation failed: `mmap` gets kill")) << p.messages();
  EXPECT_TRUE(p.says("prot: PROT_READ|PROT_EXEC|0x12340")) << "the one call of 2^384 that fails\n"
                                                           << p.messages();
}

TEST(Point17, ItHoldsOnEveryListedArchitectureOrOnOne) {
  std::string lines = "architectures x86_64, aarch64\notherwise kill\non x86_64 { allow read }\n";
  expect_error(lines + "expect allow read\n", "aarch64");
  expect_fine(lines + "expect allow read on x86_64\nexpect kill read on aarch64\n");
}

TEST(Point17, ItHoldsInEveryPhaseOrDuringOne) {
  std::string lines = "otherwise kill\nphase start { allow read }\nphase work { }\n";
  expect_error(lines + "expect allow read\n", "expectation failed");
  expect_fine(lines + "expect allow read during start\nexpect kill read during work\n");
}

// ---- 18. `because` survives ---------------------------------------------------------------------

TEST(Point18, BecauseAndCommentsAreInTheModelAndInItsText) {
  std::string text =
      "seclude 1\npolicy p\n\n# why\notherwise kill\n"
      "deny ptrace because \"a \\\"debugger\\\"\" # later\n";
  PolicyText p(text);
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  const policy::Policy& model = p.texts.policies.at(0);
  EXPECT_EQ(model.statements.back().because, "a \"debugger\"");
  std::string printed = policy::print(model);
  for (const char* part : {"# why", "because \"a \\\"debugger\\\"\"", "# later"})
    EXPECT_NE(printed.find(part), std::string::npos) << part << "\n" << printed;
}

TEST(Point18, TheDecidingLineLeadsToItsBecause) {
  Policy p("otherwise kill\ndeny ptrace because \"no debugging\"\n");
  filter::Input ptrace{.number = 101, .arch = 0xc000003e, .args = {}};
  Span origin = filter::meaning(p.rules(), ptrace).origin;
  bool found = false;
  for (const policy::Statement& statement : p.texts.policies.at(0).statements)
    if (statement.keyword == origin) found = statement.because == "no debugging";
  EXPECT_TRUE(found);
}

// ---- 19. The launch itself is not in the policy -------------------------------------------------

TEST(Point19, ExecveIsWhatThePolicySaysAndNothingElse) {
  for (const char* lines :
       {"otherwise kill\nuse static-program\n", "otherwise kill\nallow read\n"}) {
    Policy p(lines);
    ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
    auto compiled = filter::compile(p.store, p.rules());
    ASSERT_TRUE(compiled);
    filter::Input execve{.number = 59, .arch = 0xc000003e, .args = {1, 2, 3, 4, 5, 6}};
    EXPECT_EQ(filter::evaluate(compiled->program, execve).ret, filter::Action::kill().ret);
  }
}

TEST(Point19, WhatTheLoaderNeedsIsGrantedByAProfile) {
  Policy p("otherwise kill\nuse dynamic-program\n");
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  for (const char* call : {"mmap", "mprotect", "brk", "arch_prctl", "set_tid_address"})
    EXPECT_NE(p.verdict(call), "kill") << call;
}

}  // namespace
}  // namespace seclude::test
