// Check and expect: contradictions, expectations with witnesses, phases, rules without effect.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/policy_text.h"

namespace seclude::test {
namespace {

std::string checked(const std::string& text) { return PolicyText(text).check().messages(); }
void expect_message(const std::string& text, const std::string& part) {
  std::string message = checked(text);
  EXPECT_NE(message.find(part), std::string::npos) << text << "\n" << message;
}
const std::string head = "seclude 1\npolicy p\nallow exit_group\notherwise kill\n";

TEST(Check, TwoErrnosForOneCallAreAnErrorThatShowsTheInput) {
  expect_message(head + "deny socket with EIO\ndeny socket with EACCES where family == AF_INET\n",
                 "example: socket(family: AF_INET");
  EXPECT_EQ(checked(head + "deny socket with EIO where family == AF_INET\n"
                           "deny socket with EACCES where family == AF_UNIX\n"),
            "");
  EXPECT_EQ(checked(head + "deny read with EIO where fd <= 1\ndeny read with EACCES where fd > 0\n"
                           "kill read where fd == 1\n"),
            "");
}

TEST(Check, OrderNeverDecidesBetweenTheOracleAndTheDiagram) {
  PolicyText p(head + "deny read with EIO\ndeny read with EACCES where fd == 1\n");
  filter::Decision decision = filter::decide(p.store, p.rules(), filter::Mediated::Kept);
  filter::Input input{.number = 0, .arch = calls::info(calls::Arch::x86_64).audit, .args = {1}};
  EXPECT_EQ(p.store.evaluate(decision.at(input.arch, 0), input),
            filter::meaning(p.rules(), input).action.ret);
}

TEST(Check, ALineWithoutEffectIsAWarning) {
  expect_message(head + "allow read\nallow read where fd == 0\n", "this line has no effect");
  expect_message(head + "kill ptrace\n", "this line has no effect");
  EXPECT_EQ(checked(head + "allow read\ndeny ptrace\n"), "");
}

TEST(Check, LinesWithoutEffectAreFoundAmongThousands) {
  std::string many = head;
  for (int fd = 0; fd < 4000; ++fd)
    many += "allow read where fd == " + std::to_string(fd * 7) + "\n";
  EXPECT_EQ(checked(many), "");
  expect_message(many + "allow read where fd == 700\n", "this line has no effect");
  expect_message(many + "kill read where fd == 701\n", "this line has no effect");
  // The allowing line for 700, the 101st, is behind the refusal; that one stands.
  std::string message = checked(many + "deny read with EIO where fd == 700\n");
  EXPECT_EQ(message.find("test.seclude:105:1: warning: this line has no effect"), 0) << message;
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 1) << message;
}

TEST(Check, WhereLinesAreTooIntricateToWeighItSaysSo) {
  std::string many = head;
  uint32_t bits = 1;
  auto next_bits = [&] {
    return std::to_string((bits = bits * 1664525 + 1013904223) >> 8 & 0x7fff);
  };
  for (int i = 0; i < 300; ++i)
    many += "allow write where fd lacks " + next_bits() + " and count lacks " + next_bits() + "\n";
  expect_message(many, "note: `write` has 300 rules");
}

TEST(Check, RefusingExitGroupWarns) {
  expect_message("seclude 1\npolicy p\notherwise kill\nallow read\n", "`exit_group` is refused");
}

TEST(Check, PretendingSuccessWarns) {
  expect_message(head + "deny fsync with success\n", "will believe that this call was done");
}

TEST(Check, PhasesOnlyTighten) {
  const std::string phases = "seclude 1\npolicy p\notherwise kill\nallow exit_group\n";
  EXPECT_EQ(checked(phases + "phase a {\n allow read, write\n}\nphase b {\n allow read\n}\n"), "");
  expect_message(phases + "phase a {\n allow read\n}\nphase b {\n allow read, write\n}\n",
                 "phase `b` allows what phase `a` refuses");
}

TEST(Check, UnknownCallsMayNotBeAllowedLaterEither) {
  const std::string phases =
      "seclude 1\npolicy p\notherwise kill\nallow exit_group\nphase a {\n}\nphase b {\n ";
  expect_message(phases + "otherwise allow for @unknown\n}\n",
                 "phase `b` allows unknown calls, phase `a` refuses them");
  EXPECT_EQ(checked(phases + "otherwise kill for @unknown\n}\n"), "");
}

TEST(Expect, HoldsForAllInputsOrShowsOne) {
  const std::string text = head + "allow mmap where prot lacks PROT_EXEC\n";
  EXPECT_EQ(checked(text + "expect refused mmap where prot has PROT_EXEC\n"), "");
  expect_message(text + "expect refused mmap where prot has PROT_WRITE\n",
                 "expectation failed: `mmap` is allowed on x86_64");
  expect_message(text + "expect allow mmap\n", "prot: PROT_EXEC");
  EXPECT_EQ(checked(text + "expect kill mmap where prot has PROT_EXEC\n"), "");
  expect_message(text + "expect deny mmap where prot has PROT_EXEC\n", "gets kill");
}

TEST(Expect, RefusedLooksAtSiblings) {
  expect_message(head + "allow open\nexpect refused openat\n", "`open` can do what `openat` does");
  expect_message(head + "allow clone3\nexpect refused clone where flags has CLONE_NEWUSER\n",
                 "`clone3` can do what `clone` does");
  EXPECT_EQ(checked(head + "allow open where flags lacks O_CREAT\n"
                           "expect refused openat where flags has O_CREAT\n")
                .find("error"),
            std::string::npos);
  expect_message(head + "allow creat\nexpect refused openat where flags has O_CREAT\n", "`creat`");
}

TEST(Expect, CloneIsForkWhenItsFlagsSaySo) {
  expect_message(head + "allow clone\nexpect refused fork\n", "`clone` can do what `fork` does");
  EXPECT_EQ(checked(head + "allow clone where flags has CLONE_THREAD\nexpect refused fork\n"), "");
}

TEST(Expect, TheOldMmapOfI386IsASibling) {
  PolicyText p(
      "seclude 1\npolicy p\narchitectures x86\nallow exit_group, mmap\notherwise kill\n"
      "expect refused mmap2\n");
  EXPECT_NE(p.check().messages().find("can do what `mmap2` does"), std::string::npos)
      << p.messages();
}

// x86 keeps mmap's arguments in memory, but mmap2's in registers: only those with PROT_EXEC count.
TEST(Expect, ASiblingIsAskedWhatTheCallHasInMemory) {
  const std::string text =
      "seclude 1\npolicy p\narchitectures x86\nallow exit_group\notherwise kill\n"
      "allow mmap2 where prot lacks PROT_EXEC\n";
  EXPECT_EQ(checked(text + "expect refused mmap where prot has PROT_EXEC\n"), "");
  EXPECT_EQ(checked(text + "expect refused mmap where not prot lacks PROT_EXEC\n"), "");
  expect_message(text + "expect refused mmap where prot has PROT_WRITE\n",
                 "example: mmap2(addr: 0, len: 0, prot: PROT_WRITE");
}

TEST(Expect, ACallThatNoListedArchitectureHasIsAnError) {
  PolicyText p(
      "seclude 1\npolicy p\narchitectures aarch64\nallow exit_group\notherwise kill\n"
      "expect refused open\n");
  EXPECT_NE(p.check().messages().find("`open` does not exist"), std::string::npos);
}

// What is about nothing would hold for the wrong reason.
TEST(Expect, WhatIsAboutNothingIsAnError) {
  const std::string one =
      "seclude 1\npolicy p\narchitectures x86_64\nallow exit_group\n"
      "otherwise kill\nread /srv/**\nconnect tcp 10.0.0.1:80\n";
  for (std::string subject : {"@mount", "mount", "read /etc/x", "connect tcp 10.9.9.9:9"})
    expect_message(one + "expect allow " + subject + " on aarch64\n",
                   "this expectation is about no listed architecture");
  expect_message(one + "on x86_64 {\n expect allow mount on aarch64\n}\n",
                 "this expectation is about no listed architecture");
  expect_message(one + "on aarch64 {\n expect allow mount\n}\n",
                 "this expectation is about no listed architecture");
  expect_message(one + "expect allow mmap where prot == 1 and prot == 2\n",
                 "no arguments fulfil its condition");
  expect_message(one + "expect allow @unknown\n", "about no call at all");
}

// `--arch` chooses among the listed ones: what is said of another is not wrong for that.
TEST(Expect, OneForAnArchitectureThatIsNotLookedAtIsLeftOut) {
  const std::string text =
      "seclude 1\npolicy p\narchitectures x86_64, aarch64\nallow exit_group\notherwise kill\n"
      "read /srv/**\nexpect refused mount on aarch64\nexpect refused read /etc/x on aarch64\n"
      "on aarch64 {\n expect refused mount\n}\n";
  filter::Settings only{.native = calls::Arch::x86_64};
  only.archs = {calls::Arch::x86_64};
  EXPECT_EQ(PolicyText(text, {}, only).check().messages(), "");
  EXPECT_EQ(checked(text), "");
}

TEST(ExpectPlaces, HoldWhereTheyStand) {
  const std::string text =
      "seclude 1\npolicy p\narchitectures x86_64, aarch64\nallow exit_group\notherwise kill\n"
      "phase a {\n read /srv/**\n expect allow read /srv/a\n";
  EXPECT_EQ(checked(text + "}\nphase b {\n read /tmp/x\n}\n"), "");
  expect_message(text + "}\nphase b {\n read /tmp/x\n expect allow read /srv/a\n}\n",
                 "`/srv/a` is refused");
}

TEST(Expect, MediatedIsNeitherAllowedNorRefused) {
  const std::string text = head + "read /srv/**\n";
  expect_message(text + "expect allow openat\n", "expect read PATH");
  expect_message(text + "expect refused openat\n", "expect read PATH");
}

TEST(Expect, OnAndDuringLimitIt) {
  const std::string text =
      "seclude 1\npolicy p\narchitectures x86_64, aarch64\notherwise kill\nallow exit_group\n"
      "phase a {\n allow read\n on x86_64 {\n allow write\n }\n}\nphase b {\n}\n";
  EXPECT_EQ(checked(text + "expect allow read during a\nexpect kill read during b\n"
                           "expect kill write on aarch64\n"),
            "");
  expect_message(text + "expect allow write during a\n", "on aarch64");
  expect_message(text + "expect allow read during c\n", "unknown phase `c`");
}

TEST(ExpectPlaces, PathsAreGrantedOrRefusedByTheLines) {
  const std::string text = head + "read /srv/**\ncreate /srv/out/**\nprotect /srv/out/keep\n";
  EXPECT_EQ(checked(text + "expect allow read /srv/a\nexpect refused read /etc/shadow\n"
                           "expect allow create /srv/out/x\nexpect refused write /srv/out/keep\n"),
            "");
  expect_message(text + "expect refused read /srv/**\n", "is granted");
  expect_message(text + "expect allow write /srv/**\n", "is refused");
  expect_message(text + "deny openat\nexpect allow read /srv/a\n", "`openat` is refused");
  expect_message(head + "expect refused read /etc/shadow\n", "paths are not confined");
  expect_message(text + "expect kill read /etc/shadow\n", "nothing between");
}

TEST(ExpectPlaces, EndsAreGrantedOrRefusedByTheLines) {
  const std::string text = head + "connect tcp example.org:443, tcp 10.0.0.0/8:80..90\n";
  EXPECT_EQ(checked(text + "expect allow connect tcp example.org:443\n"
                           "expect allow connect tcp 10.1.2.3:85\n"
                           "expect refused connect tcp example.com:443\n"
                           "expect refused listen tcp 127.0.0.1:443\n"),
            "");
  expect_message(text + "expect refused connect tcp 10.0.0.1:*\n", "some of it is granted");
  expect_message(head + "expect refused connect tcp example.com:443\n",
                 "the network is not confined");
}

}  // namespace
}  // namespace seclude::test
