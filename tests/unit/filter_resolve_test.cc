// Resolve: precedence of `otherwise`, `without`, kernel pins, twins, multiplexed calls.
#include <gtest/gtest.h>

#include "support/policy_text.h"

namespace seclude::test {
namespace {

using calls::Arch;

TEST(Resolve, TheStrictestRuleWinsWhateverTheOrder) {
  PolicyText a("seclude 1\npolicy p\notherwise allow\nallow read\nkill read\ndeny read with EIO\n");
  PolicyText b("seclude 1\npolicy p\notherwise allow\nkill read\ndeny read with EIO\nallow read\n");
  ASSERT_EQ(a.messages(), "");
  EXPECT_EQ(a.verdict("read"), "kill");
  EXPECT_EQ(b.verdict("read"), "kill");
}

TEST(Resolve, AnOtherwiseForANameBeatsOneForASet) {
  PolicyText p(
      "seclude 1\npolicy p\notherwise kill\n"
      "otherwise deny with EIO for @network-io\notherwise deny with EACCES for socket\n");
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("socket"), "errno:EACCES");
  EXPECT_EQ(p.verdict("connect"), "errno:EIO");
  EXPECT_EQ(p.verdict("read"), "kill");
}

TEST(Resolve, TwoSetsThatAnswerDifferentlyAreAnError) {
  PolicyText p(
      "seclude 1\npolicy p\notherwise kill\nset @a = read, write\nset @b = write, close\n"
      "otherwise deny with EIO for @a\notherwise deny with EACCES for @b\n");
  EXPECT_NE(p.messages().find("two `otherwise` lines differ for `write`"), std::string::npos)
      << p.messages();
}

TEST(Resolve, ThePolicysOwnOtherwiseBeatsUsedOnes) {
  std::map<std::string, std::string> files{{"./a.seclude", "seclude 1\notherwise kill\n"},
                                           {"./b.seclude", "seclude 1\notherwise deny\n"}};
  PolicyText own("seclude 1\npolicy p\nuse ./a.seclude, ./b.seclude\notherwise trap\n", files);
  ASSERT_EQ(own.messages(), "");
  EXPECT_EQ(own.verdict("read"), "trap:0");
  PolicyText two("seclude 1\npolicy p\nuse ./a.seclude, ./b.seclude\n", files);
  EXPECT_NE(two.messages().find("two general `otherwise` lines differ"), std::string::npos);
}

TEST(Resolve, OtherwiseAllowMustBeThePolicysOwn) {
  PolicyText p("seclude 1\npolicy p\nuse ./a.seclude\n",
               {{"./a.seclude", "seclude 1\notherwise allow\n"}});
  EXPECT_NE(p.messages().find("must be the policy's own"), std::string::npos) << p.messages();
}

TEST(Resolve, APolicyWithoutOtherwiseIsAnErrorAFragmentIsNot) {
  EXPECT_NE(PolicyText("seclude 1\npolicy p\nallow read\n").messages().find("otherwise"),
            std::string::npos);
  PolicyText fragment("seclude 1\nallow read\n");
  EXPECT_EQ(fragment.messages(), "");
  EXPECT_TRUE(fragment.resolved.fragment);
  EXPECT_EQ(fragment.verdict("write"), "kill");
}

TEST(Resolve, WithoutTakesPermittingRulesThroughEveryUse) {
  std::map<std::string, std::string> files{
      {"./outer.seclude", "seclude 1\nuse ./inner.seclude\nallow read\nkill ptrace\n"},
      {"./inner.seclude", "seclude 1\nallow write, openat\ndeny ptrace with EIO\n"}};
  PolicyText p(
      "seclude 1\npolicy p\nuse ./outer.seclude without read, openat\notherwise deny with ENOSYS\n",
      files);
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("read"), "errno:ENOSYS");
  EXPECT_EQ(p.verdict("openat"), "errno:ENOSYS");
  EXPECT_EQ(p.verdict("write"), "allow");
  EXPECT_EQ(p.verdict("ptrace"), "kill");
}

TEST(Resolve, WithoutThatRemovesNothingIsAnError) {
  PolicyText p("seclude 1\npolicy p\nuse ./a.seclude without ptrace\notherwise kill\n",
               {{"./a.seclude", "seclude 1\nallow read\nkill ptrace\n"}});
  EXPECT_NE(p.messages().find("`without ptrace` removes nothing"), std::string::npos);
}

TEST(Resolve, ASetHoldsOnlyCallsThePinnedKernelHas) {
  PolicyText old(
      "seclude 1\npolicy p\nkernel 5.3\nset @s = read, openat2, close_range\n"
      "otherwise kill\nallow @s\n");
  ASSERT_EQ(old.messages(), "");
  EXPECT_EQ(old.verdict("read"), "allow");
  EXPECT_EQ(old.verdict("close_range"), "errno:ENOSYS");
  PolicyText named("seclude 1\npolicy p\nkernel 5.3\notherwise kill\nallow close_range\n");
  EXPECT_EQ(named.verdict("close_range"), "allow");
  EXPECT_EQ(named.verdict("openat2"), "errno:ENOSYS");
}

TEST(Resolve, UnknownNumbersAnswerENOSYSUnlessSaidOtherwise) {
  PolicyText p("seclude 1\npolicy p\notherwise kill\nallow read\n");
  EXPECT_EQ(p.verdict_of_number(4000), "errno:ENOSYS");
  EXPECT_EQ(p.verdict_of_number(0xffffffff), "errno:ENOSYS");
  EXPECT_EQ(p.verdict_of_number(0x40000000), "kill");  // x32 is another architecture
  PolicyText said("seclude 1\npolicy p\notherwise kill\notherwise deny with EIO for @unknown\n");
  EXPECT_EQ(said.verdict_of_number(4000), "errno:EIO");
  EXPECT_EQ(said.verdict_of_number(0x80000000), "errno:EIO");
}

TEST(Resolve, TheTwinOfATestedCallAnswersENOSYSUnlessNamed) {
  const char* text =
      "seclude 1\npolicy p\notherwise kill\nallow clone where flags lacks CLONE_NEWUSER\n";
  EXPECT_EQ(PolicyText(text).verdict("clone3"), "errno:ENOSYS");
  EXPECT_EQ(PolicyText(std::string(text) + "set @s = clone3\nallow @s\n").verdict("clone3"),
            "errno:ENOSYS");
  EXPECT_EQ(PolicyText(std::string(text) + "allow clone3\n").verdict("clone3"), "allow");
  EXPECT_EQ(PolicyText("seclude 1\npolicy p\notherwise kill\nallow clone\n").verdict("clone3"),
            "kill");
}

TEST(Resolve, AnArgumentInMemoryNeverAllowsAndAlwaysRefuses) {
  filter::Settings x86{.native = Arch::x86};
  PolicyText allow("seclude 1\npolicy p\notherwise kill\nallow mmap where prot lacks PROT_EXEC\n",
                   {}, x86);
  EXPECT_EQ(allow.verdict("mmap", {}, Arch::x86), "kill");
  PolicyText deny("seclude 1\npolicy p\notherwise allow\ndeny mmap where prot has PROT_EXEC\n", {},
                  x86);
  EXPECT_EQ(deny.verdict("mmap", {}, Arch::x86), "errno:EPERM");
  EXPECT_NE(deny.messages().find("in memory"), std::string::npos);
}

TEST(Resolve, TheMultiplexedFormIsPartOfTheCall) {
  filter::Settings x86{.native = Arch::x86};
  PolicyText p(
      "seclude 1\npolicy p\notherwise kill\nallow listen\nallow socket where family == AF_INET\n",
      {}, x86);
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("socketcall", {4}, Arch::x86), "allow");         // SYS_LISTEN
  EXPECT_EQ(p.verdict("socketcall", {1}, Arch::x86), "errno:ENOSYS");  // SYS_SOCKET: tested
  EXPECT_EQ(p.verdict("socketcall", {2}, Arch::x86), "kill");          // SYS_BIND
  EXPECT_EQ(p.verdict("socket", {2}, Arch::x86), "allow");
}

TEST(Resolve, ReturningFromSignalsIsAlwaysAllowed) {
  PolicyText p("seclude 1\npolicy p\notherwise kill\nset @s = rt_sigreturn, read\nkill @s\n");
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("rt_sigreturn"), "allow");
  EXPECT_EQ(p.verdict("restart_syscall"), "allow");
  EXPECT_EQ(p.verdict("read"), "kill");
  PolicyText named("seclude 1\npolicy p\notherwise kill\nkill rt_sigreturn\n");
  EXPECT_NE(named.messages().find("always allowed"), std::string::npos);
}

TEST(Resolve, OnLimitsRulesToArchitectures) {
  PolicyText p(
      "seclude 1\npolicy p\narchitectures x86_64, aarch64\notherwise kill\n"
      "on aarch64 {\n allow read\n allow nr:9999\n}\n");
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("read", {}, Arch::x86_64), "kill");
  EXPECT_EQ(p.verdict("read", {}, Arch::aarch64), "allow");
  EXPECT_EQ(p.verdict_of_number(9999, {}, Arch::aarch64), "allow");
  PolicyText loose("seclude 1\npolicy p\notherwise kill\nallow nr:9\n");
  EXPECT_NE(loose.messages().find("needs one architecture"), std::string::npos);
}

TEST(Resolve, PathLinesBringCallsAndMediateThem) {
  PolicyText p("seclude 1\npolicy p\notherwise kill\nread /srv/**\nallow write, execve\n");
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("openat"), "mediated");
  EXPECT_EQ(p.verdict("execve"), "mediated");
  EXPECT_EQ(p.verdict("write"), "allow");
  EXPECT_EQ(p.verdict("openat2"), "errno:ENOSYS");
}

TEST(Resolve, NetworkLinesBringSocketsOfTheirKindOnly) {
  PolicyText p("seclude 1\npolicy p\notherwise kill\nconnect tcp 10.0.0.1:80\nrun /bin/sh\n");
  ASSERT_EQ(p.messages(), "");
  EXPECT_NE(p.verdict("socket", {2, 1}), "kill");       // AF_INET, SOCK_STREAM
  EXPECT_EQ(p.verdict("socket", {2, 2}), "kill");       // SOCK_DGRAM
  EXPECT_EQ(p.verdict("socket", {16, 1}), "kill");      // AF_NETLINK
  EXPECT_EQ(p.verdict("clone", {0x10000000}), "kill");  // CLONE_NEWUSER
  EXPECT_EQ(p.verdict("clone", {17}), "allow");
}

TEST(Resolve, ANumberParameterIsBoundOrTakesItsDefault) {
  const char* text =
      "seclude 1\npolicy p\nparameter top : number = 2\notherwise kill\nallow write where fd <= "
      "$top\n";
  EXPECT_EQ(PolicyText(text).verdict("write", {3}), "kill");
  filter::Settings bound{.native = Arch::x86_64, .archs = {}, .parameters = {{"top", "3"}}};
  EXPECT_EQ(PolicyText(text, {}, bound).verdict("write", {3}), "allow");
  filter::Settings wrong{.native = Arch::x86_64, .archs = {}, .parameters = {{"tpo", "3"}}};
  EXPECT_NE(PolicyText(text, {}, wrong).messages().find("did you mean `top`?"), std::string::npos);
}

TEST(Resolve, NamesOfAUsedTextAreItsOwn) {
  PolicyText p("seclude 1\npolicy p\nset @s = ptrace\nuse ./a.seclude\notherwise kill\n",
               {{"./a.seclude", "seclude 1\nset @s = read\nallow @s\n"}});
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("ptrace"), "kill");
  EXPECT_EQ(p.verdict("read"), "allow");
}

// x86 has had sockets inside socketcall since ever, as calls of their own since 4.3.
TEST(Resolve, ASetReachesACallInsideACarrierThatIsOlderThanItsOwnNumber) {
  PolicyText p(
      "seclude 1\npolicy p\narchitectures x86\nkernel 4.2\nset @s = socket, connect\n"
      "allow @s\notherwise kill for @s\notherwise deny\n");
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("socketcall", {1}, Arch::x86), "allow");
  EXPECT_EQ(p.verdict("socketcall", {4}, Arch::x86), "errno:EPERM");
  EXPECT_EQ(p.verdict("socket", {}, Arch::x86), "errno:ENOSYS");
}

TEST(Resolve, ARefusalOfAllThatIsInMemoryLeavesNothingToOtherwise) {
  PolicyText p(
      "seclude 1\npolicy p\narchitectures x86\notherwise allow\notherwise kill for socket\n"
      "allow socketcall where call == 2\ndeny socket where family == 1 and type == 2\n");
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  EXPECT_EQ(p.verdict("socketcall", {1}, Arch::x86), "errno:EPERM");
  EXPECT_EQ(p.verdict("socketcall", {2}, Arch::x86), "allow");
  EXPECT_EQ(p.verdict("socket", {2, 2}, Arch::x86), "kill");
}

TEST(Resolve, ANumberOfTheOtherX86EntryIsAnError) {
  auto message_of = [](const std::string& line) {
    return PolicyText("seclude 1\npolicy p\narchitectures x86_64, x32\notherwise kill\n" + line +
                      "\n")
        .messages();
  };
  EXPECT_NE(message_of("on x86_64 { allow nr:0x40000001 }").find("is a number of x32"),
            std::string::npos);
  EXPECT_NE(message_of("on x32 { allow nr:600 }").find("is a number of x86_64"), std::string::npos);
  EXPECT_EQ(message_of("on x32 { allow nr:0x40000258 }\non x86_64 { allow nr:600 }"), "");
  EXPECT_EQ(message_of("on x86_64 { allow nr:0x80000001 }"), "") << "negative: bit 30 is clear";
}

// A permission is one by whatever words: a bare number, or an `otherwise` that allows.
TEST(Resolve, WithoutAlsoTakesNumbersAndOtherwiseThatPermit) {
  std::map<std::string, std::string> files{
      {"./f.seclude",
       "seclude 1\non x86_64 {\n allow nr:16\n allow nr:101\n}\n"
       "otherwise log for ioctl, fcntl\notherwise deny for sync\n"}};
  const std::string head = "seclude 1\npolicy p\narchitectures x86_64\notherwise kill\n";
  PolicyText all(head + "use ./f.seclude\n", files);
  EXPECT_EQ(all.verdict("ioctl"), "allow");
  EXPECT_EQ(all.verdict("fcntl"), "log");
  PolicyText some(head + "use ./f.seclude without ioctl, fcntl\n", files);
  ASSERT_EQ(some.messages(), "");
  EXPECT_EQ(some.verdict("ioctl"), "kill");
  EXPECT_EQ(some.verdict("fcntl"), "kill");
  EXPECT_EQ(some.verdict("ptrace"), "allow");
  PolicyText refusing(head + "use ./f.seclude without sync\n", files);
  EXPECT_NE(refusing.messages().find("removes nothing"), std::string::npos) << refusing.messages();
}

// Each step doubles the work: this must end, and say why.
TEST(Resolve, LetsThatForkEndlesslyAreAnError) {
  std::string text = "seclude 1\npolicy p\notherwise kill\nlet a0 = 1\n";
  for (int i = 1; i < 60; i++) {
    std::string before = "a" + std::to_string(i - 1);
    text += "let a" + std::to_string(i) + " = " + before + " | " + before + "\n";
  }
  PolicyText ladder(text + "allow read where fd == a59\nallow mmap where prot has a59\n");
  EXPECT_NE(ladder.messages().find("too entangled"), std::string::npos) << ladder.messages();
  PolicyText circle(
      "seclude 1\npolicy p\notherwise kill\nlet a = a | a\nallow read where fd == a\n");
  EXPECT_NE(circle.messages().find("a circle of `let`"), std::string::npos) << circle.messages();
  PolicyText masked(text + "allow read where fd & ~a59 == 0\n");
  EXPECT_NE(masked.messages().find("too entangled"), std::string::npos) << masked.messages();
}

// Nothing is ignored, not even what nobody asks for.
TEST(Resolve, DefinitionsThatNothingMentionsAreReadToo) {
  const std::string head = "seclude 1\npolicy p\notherwise kill\n";
  auto messages = [&](const std::string& line) { return PolicyText(head + line).messages(); };
  EXPECT_EQ(messages("set @own = read, @clock\nlet own = (O_RDWR | O_CLOEXEC)\n"), "");
  EXPECT_NE(messages("set @own = raed\n").find("did you mean `read`?"), std::string::npos);
  EXPECT_NE(messages("set @own = read without wirte\n").find("`wirte`"), std::string::npos);
  EXPECT_NE(messages("set @own = @own\n").find("contains itself"), std::string::npos);
  EXPECT_NE(messages("let own = ~(O_RDWR | O_CLOEXC)\n").find("`O_CLOEXEC`?"), std::string::npos);
  EXPECT_NE(messages("set @unknown = read\n").find("cannot be defined"), std::string::npos);
}

}  // namespace
}  // namespace seclude::test
