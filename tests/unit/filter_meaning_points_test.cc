// The points of "Meaning" in docs/language.md, one to ten: each sentence that can be true or false.
//
// In: short policies. Out: verdicts of concrete calls, or the message. Eleven to nineteen are in
// filter_meaning_layers_test.cc. What a running kernel or supervisor does is tested in
// tests/kernel.
#include <gtest/gtest.h>

#include "calls/constants.h"
#include "support/policy_text.h"

namespace seclude::test {
namespace {

using calls::Arch;

constexpr uint64_t minus_one = ~uint64_t{0}, bit_32 = uint64_t{1} << 32;

struct Policy : PolicyText {
  explicit Policy(const std::string& lines, std::map<std::string, std::string> files = {})
      : PolicyText("seclude 1\npolicy p\n" + lines, std::move(files)) {
    check();
  }
  bool says(std::string_view words) const { return messages().find(words) != std::string::npos; }
};

// The same lines must be an error that says this.
void expect_error(const std::string& lines, std::string_view words) {
  Policy p(lines);
  EXPECT_TRUE(p.diagnostics.has_errors()) << lines;
  EXPECT_TRUE(p.says(words)) << lines << "\n" << p.messages();
}
void expect_fine(const std::string& lines) {
  Policy p(lines);
  EXPECT_FALSE(p.diagnostics.has_errors()) << lines << "\n" << p.messages();
}

// ---- 1. A policy is a set, not a program --------------------------------------------------------

TEST(Point01, TheStrictestWinsInEveryOrder) {
  static constexpr std::pair<std::string_view, std::string_view> strictest_first[] = {
      {"kill read", "kill"},
      {"kill-thread read", "kill-thread"},
      {"trap read with 9", "trap:9"},
      {"deny read with EIO", "errno:EIO"},
      {"ask read", "ask"},
      {"trace read with 7", "trace:7"},
      {"log read", "log"},
      {"allow read", "allow"}};
  for (size_t i = 0; i < std::size(strictest_first); i++)
    for (size_t j = i; j < std::size(strictest_first); j++) {
      std::string a(strictest_first[i].first), b(strictest_first[j].first);
      EXPECT_EQ(Policy("otherwise kill\n" + a + "\n" + b + "\n").verdict("read"),
                strictest_first[i].second);
      EXPECT_EQ(Policy(b + "\n" + a + "\notherwise kill\n").verdict("read"),
                strictest_first[i].second);
    }
}

TEST(Point01, SomeIoctlsAndENOTTYForTheRestAreTwoLinesThatCompose) {
  Policy p(
      "otherwise kill\nallow ioctl where cmd == TCGETS\notherwise deny with ENOTTY for ioctl\n"
      "deny ioctl with EPERM where cmd == TIOCSTI\nallow ioctl where cmd == TIOCGWINSZ\n");
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  EXPECT_EQ(p.verdict("ioctl", {0, 0x5401}), "allow");
  EXPECT_EQ(p.verdict("ioctl", {0, 0x5413}), "allow");
  EXPECT_EQ(p.verdict("ioctl", {0, 0x5412}), "errno:EPERM");
  EXPECT_EQ(p.verdict("ioctl", {0, 0x5402}), "errno:ENOTTY");
  EXPECT_EQ(p.verdict("read"), "kill");
}

TEST(Point01, TwoDeniesThatDisagreeOnACallAreAnErrorThatShowsIt) {
  expect_error(
      "otherwise kill\ndeny dup2 with EIO where oldfd < 5\ndeny dup2 with EACCES where "
      "newfd > 2\n",
      "two lines refuse `dup2` differently");
  expect_fine(
      "otherwise kill\ndeny dup2 with EIO where oldfd < 5\n"
      "deny dup2 with EACCES where oldfd > 4 and newfd > 2\n");
  // A stricter line that takes all of the overlap leaves nothing to disagree about.
  expect_fine(
      "otherwise allow\ndeny dup2 with EIO where oldfd < 5\n"
      "deny dup2 with EACCES where oldfd > 3\nkill dup2 where oldfd == 4\n");
}

TEST(Point01, ALineWithoutEffectIsAWarning) {
  Policy p("otherwise kill\nallow read\nallow read where fd == 0\n");
  EXPECT_FALSE(p.diagnostics.has_errors());
  EXPECT_TRUE(p.says("this line has no effect")) << p.messages();
}

// ---- 2. Nothing is ignored ----------------------------------------------------------------------

TEST(Point02, WhatIsUnknownIsAnErrorWithTheNearestName) {
  expect_error("otherwise kill\nallow wirte\n", "unknown system call `wirte`");
  expect_error("otherwise kill\nallow socket where familly == 1\n", "no argument `familly`");
  expect_error("otherwise kill\nallow socket where family == AF_INTE\n", "AF_INTE");
  expect_error("otherwise kill\nallow @clok\n", "@clok");
  expect_error("otherwise kill\nuse strikt\n", "strikt");
  expect_error("otherwise deny with EPREM\n", "unknown error number `EPREM`");
}

TEST(Point02, AComparisonThatDecidesNothingIsAnError) {
  expect_error("otherwise kill\nallow read where fd > 0xffffffff\n", "can never hold");
  expect_error("otherwise kill\nallow read where fd >= 0\n", "always holds");
  expect_error("otherwise kill\nallow read where fd == 0x100000001\n", "does not fit");
}

TEST(Point02, EveryCallOfALineMustHaveTheArgument) {
  expect_error("otherwise kill\nallow read, getpid where fd == 1\n", "no argument `fd`");
}

TEST(Point02, AnExpectationMustBeAboutACallThatExists) {
  expect_error("architectures aarch64\notherwise kill\nexpect kill open\n", "open");
  expect_fine("architectures aarch64, x86_64\notherwise kill\nexpect kill open\n");
}

// ---- 3. Words mean one thing --------------------------------------------------------------------

TEST(Point03, DenyIsEPERMAndSuccessIsSpelled) {
  Policy p("otherwise allow\ndeny read\ndeny write with success\ndeny dup with 3333\n");
  EXPECT_EQ(p.verdict("read"), "errno:EPERM");
  EXPECT_EQ(p.verdict("write"), "errno:0");
  EXPECT_EQ(p.verdict("dup"), "errno:3333");
  EXPECT_FALSE(p.diagnostics.has_errors());
  EXPECT_EQ(p.diagnostics.warnings(), 1u) << p.messages();
  expect_error("otherwise kill\ndeny read with 0\n", "pretends success");
  expect_error("otherwise kill\ndeny read with 4096\n", "4095");
  expect_fine("otherwise kill\ndeny read with 4095\n");
}

TEST(Point03, RefusedIsDenyTrapKillThreadAndKill) {
  for (const char* refusal : {"deny read", "trap read", "kill-thread read", "kill read"})
    expect_fine("otherwise allow\n" + std::string(refusal) + "\nexpect refused read\n");
  for (const char* other : {"ask read", "trace read", "log read", "allow read"})
    expect_error("otherwise kill\n" + std::string(other) + "\nexpect refused read\n",
                 "expectation failed");
}

TEST(Point03, BitsAreAskedForOneWay) {
  expect_error("otherwise kill\nallow mmap where prot has PROT_READ|PROT_EXEC\n",
               "has all PROT_READ | PROT_EXEC");
  expect_error("otherwise kill\nallow openat where flags has O_RDONLY\n", "no set of bits");
  expect_error("otherwise kill\nallow socket where type lacks SOCK_STREAM\n", "no set of bits");
  expect_error("otherwise kill\nallow futex where op within FUTEX_WAKE\n", "no set of bits");
  Policy composite("otherwise kill\nallow openat where flags lacks O_TMPFILE\n");
  EXPECT_FALSE(composite.diagnostics.has_errors());
  EXPECT_TRUE(composite.says("also refuses single bits"));
}

// ---- 4. Names mean the kernel's things ----------------------------------------------------------

TEST(Point04, TheKernelsAndTheManPagesNamesAreBothUnderstood) {
  for (const char* name : {"family", "domain"}) {
    Policy p("otherwise kill\nallow socket where " + std::string(name) + " == AF_UNIX\n");
    ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
    EXPECT_EQ(p.verdict("socket", {1}), "allow");
    EXPECT_EQ(p.verdict("socket", {2}), "kill");
  }
}

TEST(Point04, WhereANameMisleadsOnlyTheClearOneIsUnderstood) {
  // The kernel calls tgkill's second argument `pid`; it is a thread.
  expect_error("otherwise kill\nallow tgkill where pid == 5\n", "no argument `pid` in `tgkill`");
  Policy p("otherwise kill\nallow tgkill where tid == 5\n");
  EXPECT_EQ(p.verdict("tgkill", {4, 5}), "allow");
  EXPECT_EQ(p.verdict("tgkill", {5, 4}), "kill");
}

TEST(Point04, SystemdsGroupsKeepTheirMeaning) {
  Policy p("otherwise kill\nallow @time\ndeny @clock\n");
  EXPECT_EQ(p.verdict("clock_gettime"), "allow");
  EXPECT_EQ(p.verdict("settimeofday"), "errno:EPERM");
}

TEST(Point04, ConstantsHaveTheKernelsValuesOnEachArchitecture) {
  Policy p(
      "architectures x86_64, aarch64\notherwise kill\nallow openat where flags has O_LARGEFILE\n");
  EXPECT_EQ(p.verdict("openat", {0, 0, 0x8000}), "allow");
  EXPECT_EQ(p.verdict("openat", {0, 0, 0x8000}, Arch::aarch64), "kill");
  EXPECT_EQ(p.verdict("openat", {0, 0, 0x20000}, Arch::aarch64), "allow");
}

// ---- 5. Widths and signs ------------------------------------------------------------------------

TEST(Point05, AsManyBitsAreComparedAsTheKernelReads) {
  Policy p(
      "otherwise allow\ndeny ioctl where cmd == TIOCSTI\nkill writev where fd == 1\n"
      "trap mmap where prot has all PROT_WRITE|PROT_EXEC\nkill clone where flags has "
      "CLONE_NEWUSER\n"
      "deny mprotect where len == 7\n");
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  EXPECT_EQ(p.verdict("ioctl", {0, 0x5412 | bit_32}), "errno:EPERM");
  EXPECT_EQ(p.verdict("writev", {1 | bit_32}), "kill");
  EXPECT_EQ(p.verdict("mmap", {0, 0, 7 | bit_32 << 8}), "trap:0");
  EXPECT_EQ(p.verdict("clone", {0x10000000 | bit_32 << 1}), "kill");
  EXPECT_EQ(p.verdict("mprotect", {0, 7 | bit_32}), "allow") << "all 64 bits are read";
}

TEST(Point05, NegativeConstantsAreTwosComplementAtThatWidth) {
  Policy p("otherwise kill\nallow openat where dfd == AT_FDCWD\nallow kill where pid == -1\n");
  for (uint64_t high : {uint64_t{0}, minus_one << 32}) {
    EXPECT_EQ(p.verdict("openat", {(minus_one - 99) % bit_32 | high}), "allow");
    EXPECT_EQ(p.verdict("kill", {0xffffffff | high}), "allow");
  }
  EXPECT_EQ(p.verdict("kill", {0x7fffffff}), "kill");
}

TEST(Point05, OrderIsUnsignedUnlessTheTypeIsSigned) {
  Policy p(
      "otherwise kill\nallow read where fd < 3\nallow kill where pid < 3\n"
      "allow lseek where offset < 3\n");
  EXPECT_EQ(p.verdict("read", {0xffffffff}), "kill");
  EXPECT_EQ(p.verdict("kill", {0xffffffff}), "allow");
  EXPECT_EQ(p.verdict("lseek", {0, minus_one}), "allow");
  EXPECT_EQ(p.verdict("lseek", {0, 0xffffffff}), "kill");
}

// ---- 6. One text, every architecture ------------------------------------------------------------

TEST(Point06, ACallThatOnlySomeArchitecturesHaveIsFine) {
  Policy p("architectures x86_64, aarch64\notherwise kill\nallow open\n");
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  EXPECT_EQ(p.verdict("open"), "allow");
}

TEST(Point06, WhatIsInMemoryCannotBeTested) {
  Policy p(
      "architectures x86_64, x86\notherwise kill\nallow mmap where prot lacks PROT_EXEC\n"
      "deny select where n > 5\n");
  ASSERT_FALSE(p.diagnostics.has_errors());
  EXPECT_TRUE(p.says("on x86, `mmap` has its arguments in memory")) << p.messages();
  EXPECT_EQ(p.verdict("mmap", {0, 0, 1}), "allow");
  EXPECT_EQ(p.verdict("mmap", {0, 0, 1}, Arch::x86), "kill");
  EXPECT_EQ(p.verdict("select", {1}), "kill");
  EXPECT_EQ(p.verdict("select", {1}, Arch::x86), "errno:EPERM");
}

TEST(Point06, OffsetsAreComposedFromTheirTwoRegisters) {
  Policy p("architectures x86, arm\notherwise kill\nallow pread64 where pos == 0x500000007\n");
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  EXPECT_EQ(p.verdict("pread64", {0, 0, 0, 7, 5, 0}, Arch::x86), "allow");
  EXPECT_EQ(p.verdict("pread64", {0, 0, 0, 7, 6, 0}, Arch::x86), "kill");
  EXPECT_EQ(p.verdict("pread64", {0, 0, 0, 9, 7, 5}, Arch::arm), "allow") << "pairs are aligned";
}

TEST(Point06, ExpectRefusedLooksAtTheSiblings) {
  std::string lines = "otherwise allow\ndeny openat\nexpect refused openat\n";
  expect_error("architectures x86_64\n" + lines, "open");
  expect_fine(
      "architectures x86_64\notherwise allow\ndeny open, openat, openat2, creat\n"
      "expect refused openat\n");
}

TEST(Point06, ArchitecturesThatAreNotListedAreKilled) {
  Policy p("architectures x86_64\notherwise allow\n");
  EXPECT_EQ(p.verdict_of_number(39), "allow");
  EXPECT_EQ(p.verdict_of_number(39 | 0x40000000), "kill") << "x32";
  EXPECT_EQ(p.verdict_of_number(20, {}, Arch::x86), "kill");
  EXPECT_EQ(p.verdict_of_number(0x80000027), "errno:ENOSYS") << "negative, not x32";
  EXPECT_EQ(p.verdict_of_number(0xc0000027), "errno:ENOSYS");
  Policy with("architectures x86_64, x32\notherwise allow\n");
  EXPECT_EQ(with.verdict_of_number(39 | 0x40000000), "allow");
}

// ---- 7. Opaque twins ----------------------------------------------------------------------------

TEST(Point07, ATwinWithItsArgumentsInMemoryDoesNotExist) {
  for (const char* general : {"allow", "kill", "deny with EACCES"}) {
    Policy p("otherwise " + std::string(general) +
             "\nallow clone where flags lacks CLONE_NEWUSER\nallow openat where flags == 0\n");
    EXPECT_EQ(p.verdict("clone3"), "errno:ENOSYS") << general;
    EXPECT_EQ(p.verdict("openat2"), "errno:ENOSYS") << general;
  }
}

TEST(Point07, UnlessThePolicyNamesIt) {
  Policy p("otherwise kill\nallow clone where flags lacks CLONE_NEWUSER\nallow clone3\n");
  EXPECT_EQ(p.verdict("clone3"), "allow");
  Policy untested("otherwise allow\ndeny clone\n");
  EXPECT_EQ(untested.verdict("clone3"), "allow") << "no argument is tested";
}

TEST(Point07, WithoutAFallbackItIsAnError) {
  expect_error("architectures x86\notherwise kill\nallow semtimedop where nsops == 1\n",
               "cannot be tested on x86");
}

// ---- 8. A policy survives the next kernel and libc ----------------------------------------------

TEST(Point08, NewerCallsAndUnknownNumbersDoNotExist) {
  Policy p("kernel 4.18\notherwise kill\nallow read\n");
  EXPECT_EQ(p.verdict("clone3"), "errno:ENOSYS") << "5.3";
  EXPECT_EQ(p.verdict_of_number(1000), "errno:ENOSYS");
  EXPECT_EQ(p.verdict("write"), "kill");
  Policy of_today("otherwise kill\nallow read\n");
  EXPECT_EQ(of_today.verdict("mseal"), "kill") << "6.10";
  EXPECT_EQ(of_today.verdict("setxattrat"), "errno:ENOSYS") << "6.13, and version 1 means 6.12";
}

TEST(Point08, UnlessARuleNamesThemOrTheAnswerIsGiven) {
  Policy p("kernel 4.18\notherwise kill\nallow clone3\notherwise deny with 3333 for @unknown\n");
  EXPECT_EQ(p.verdict("clone3"), "allow");
  EXPECT_EQ(p.verdict("openat2"), "errno:3333");
  EXPECT_EQ(p.verdict_of_number(0xffffffff), "errno:3333");
}

TEST(Point08, ASetHasOnlyThePinnedKernelsCalls) {
  std::string set = "set @s = read, clone3\notherwise kill\nallow @s\n";
  EXPECT_EQ(Policy("kernel 5.2\n" + set).verdict("clone3"), "errno:ENOSYS");
  EXPECT_EQ(Policy("kernel 5.3\n" + set).verdict("clone3"), "allow");
}

TEST(Point08, ReturningFromSignalsAndStopsIsAlwaysAllowed) {
  Policy p("otherwise kill\nallow read\n");
  EXPECT_EQ(p.verdict("rt_sigreturn"), "allow");
  EXPECT_EQ(p.verdict("restart_syscall"), "allow");
  EXPECT_TRUE(Policy("otherwise allow\ndeny exit_group\n").says("exit_group"));
}

// ---- 9. `use` -----------------------------------------------------------------------------------

TEST(Point09, UseImportsRulesButNotWhatWasCheckedWhereItStands) {
  Policy p("architectures x86_64\nkernel 6.1\nuse ./a.seclude\notherwise kill\n",
           {{"./a.seclude",
             "seclude 1\npolicy a\narchitectures aarch64\nkernel 4.0\n"
             "otherwise deny\nallow read\nexpect allow write\n"}});
  EXPECT_FALSE(p.diagnostics.has_errors()) << p.messages();
  EXPECT_EQ(p.resolved.archs, std::vector<Arch>{Arch::x86_64});
  EXPECT_EQ(p.resolved.pin, (calls::KernelVersion{6, 1}));
  EXPECT_EQ(p.verdict("read"), "allow");
  EXPECT_EQ(p.verdict("write"), "kill");
}

TEST(Point09, WithoutRemovesEveryPermittingUsedRuleAndNothingElse) {
  std::map<std::string, std::string> files{
      {"./a.seclude", "seclude 1\nuse ./b.seclude\nallow read, write\nkill dup\n"},
      {"./b.seclude", "seclude 1\nallow write, dup\nlog pipe\n"}};
  Policy p("otherwise deny\nuse ./a.seclude without write, dup, pipe\nallow pipe2\n", files);
  EXPECT_FALSE(p.diagnostics.has_errors()) << p.messages();
  EXPECT_EQ(p.verdict("read"), "allow");
  EXPECT_EQ(p.verdict("write"), "errno:EPERM");
  EXPECT_EQ(p.verdict("pipe"), "errno:EPERM");
  EXPECT_EQ(p.verdict("dup"), "kill") << "a refusal stays";
  Policy nothing("otherwise deny\nuse ./a.seclude without fork\n", files);
  EXPECT_TRUE(nothing.says("removes nothing")) << nothing.messages();
}

TEST(Point09, AGeneralOtherwiseIsNeededAndTheOwnOneCounts) {
  std::map<std::string, std::string> files{{"./k.seclude", "seclude 1\notherwise kill\n"},
                                           {"./d.seclude", "seclude 1\notherwise deny\n"},
                                           {"./a.seclude", "seclude 1\notherwise allow\n"}};
  EXPECT_TRUE(Policy("allow read\n").says("does not say what happens otherwise"));
  EXPECT_EQ(Policy("use ./k.seclude\n", files).verdict("read"), "kill");
  EXPECT_EQ(Policy("use ./k.seclude, ./d.seclude\notherwise trap\n", files).verdict("read"),
            "trap:0");
  EXPECT_TRUE(Policy("use ./k.seclude, ./d.seclude\n", files).diagnostics.has_errors());
  EXPECT_TRUE(Policy("use ./a.seclude\n", files).says("must be the policy's own"));
}

// ---- 10. Sets and profiles are files of this language -------------------------------------------

TEST(Point10, ANameIsAProfileAndAPathAFile) {
  std::map<std::string, std::string> files{{"./strict", "seclude 1\nallow dup\notherwise kill\n"}};
  EXPECT_EQ(Policy("use ./strict\n", files).verdict("dup"), "allow");
  Policy built_in("use static-program\notherwise kill\n");
  EXPECT_FALSE(built_in.diagnostics.has_errors()) << built_in.messages();
  EXPECT_EQ(built_in.verdict("exit_group"), "allow");
}

TEST(Point10, EveryProfileAndSetIsUnderstood) {
  ASSERT_GT(policy::profile_names().size(), 10u);
  for (std::string_view name : policy::profile_names()) {
    Policy p("otherwise kill\nuse " + std::string(name) + "\n");
    EXPECT_EQ(p.diagnostics.errors(), 0u) << name << "\n" << p.messages();
  }
  for (std::string_view name : policy::set_names()) {
    Policy p("otherwise kill\nallow " + std::string(name) + "\n");
    EXPECT_EQ(p.diagnostics.errors(), 0u) << name << "\n" << p.messages();
  }
}

}  // namespace
}  // namespace seclude::test
