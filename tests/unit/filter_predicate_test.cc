// Predicate: comparisons that never or always hold, bits of what is no set of bits, widths, signs.
#include <gtest/gtest.h>

#include "support/policy_text.h"

namespace seclude::test {
namespace {

std::string message_of(const std::string& rule) {
  return PolicyText("seclude 1\npolicy p\notherwise kill\n" + rule + "\n").messages();
}
void expect_message(const std::string& rule, const std::string& part) {
  std::string message = message_of(rule);
  EXPECT_NE(message.find(part), std::string::npos) << rule << "\n" << message;
}

TEST(Predicate, ComparisonsThatNeverHoldAreErrors) {
  expect_message("allow mmap where len < 0", "can never hold");
  expect_message("allow mmap where prot & PROT_READ == PROT_WRITE", "can never hold");
  expect_message("allow write where fd > 0xffffffff", "can never hold");
  expect_message("allow mmap where flags & 0 == 0", "can never hold");
}

TEST(Predicate, ComparisonsThatAlwaysHoldAreErrors) {
  expect_message("allow mmap where len >= 0", "always holds");
  expect_message("allow mmap where len not in (0..0xffffffffffffffff)", "can never hold");
  expect_message("allow openat where flags lacks 0", "always holds");
}

TEST(Predicate, AValueWiderThanTheKernelReadsIsAnError) {
  expect_message("allow write where fd == 0x100000001", "does not fit");
  expect_message("allow mmap where prot == 0x10000000000", "does not fit");
  EXPECT_EQ(message_of("allow mmap where len == 0x10000000000"), "");
}

// The mask decides what can be: found by random policies, which had to leave these out.
TEST(Predicate, AMaskCanMakeAComparisonOneSided) {
  expect_message("allow write where fd & 0xf < 0x100", "always holds");
  expect_message("allow write where fd & 0xf <= 0xf", "always holds");
  expect_message("allow write where fd & 0xf > 0xf", "can never hold");
  expect_message("allow write where fd & 0xf >= 0x10", "can never hold");
  expect_message("allow kill where pid & 0xf < 0", "can never hold");
  expect_message("allow kill where pid & 0xf >= -1", "always holds");
  expect_message("allow write where fd & 3 in (4..7)", "this range can never match");
  expect_message("allow write where fd & 0xf0 in (1..7)", "this range can never match");
  expect_message("allow write where fd & 3 in (0..1, 2..3)", "always holds");
  EXPECT_EQ(message_of("allow write where fd & 0xf < 0xf"), "");
  EXPECT_EQ(message_of("allow write where fd & 0xf0 in (1..0x17)"), "");
  EXPECT_EQ(message_of("allow kill where pid & 0x8000000f < 0"), "");
}

TEST(Predicate, RangesThatTogetherContainEverythingDecideNothing) {
  expect_message("allow write where fd in (0..0x7fffffff, 0x80000000..0xffffffff)", "always holds");
  expect_message("allow kill where pid not in (0..0x7fffffff, -0x80000000..-1)", "can never hold");
  EXPECT_EQ(message_of("allow write where fd in (0..0x7fffffff, 0x80000001..0xffffffff)"), "");
}

TEST(Predicate, AComplementIsOfTheArgumentsWidth) {
  EXPECT_EQ(message_of("allow clone where flags within ~CLONE_IO"
                       "\nallow ioctl where cmd & ~0x80000000 == 5"
                       "\nlet rest = ~0x80000000"
                       "\nallow fcntl where cmd & rest == 5"),
            "");
  expect_message("allow ioctl where cmd & ~0x100000000 == 5", "does not fit");
  expect_message("allow ioctl where cmd == -0x80000001", "does not fit");
}

TEST(Predicate, HasAsksForOneBit) {
  expect_message("allow mmap where prot has PROT_READ | PROT_WRITE",
                 "write `prot has all PROT_READ | PROT_WRITE` or `prot has any");
  EXPECT_EQ(message_of("allow mmap where prot has all PROT_READ | PROT_WRITE"), "");
}

TEST(Predicate, AValueThatIsNoSetOfBitsCannotBeHad) {
  expect_message("allow openat where flags has any O_RDONLY", "`O_RDONLY` is no set of bits");
  expect_message("allow socket where type has SOCK_STREAM",
                 "type & ~(SOCK_CLOEXEC|SOCK_NONBLOCK) == SOCK_STREAM");
  expect_message("allow futex where op has FUTEX_WAKE", "no set of bits");
}

TEST(Predicate, LacksOfACompositeFlagWarns) {
  expect_message("allow openat where flags lacks O_TMPFILE", "also refuses single bits");
}

TEST(Predicate, AnArgumentMustBeInEveryCallOfTheList) {
  expect_message("allow read, getpid, uname where fd == 0",
                 "no argument `fd` in `getpid`, `uname`");
  expect_message("allow read where fdd == 0", "did you mean `fd`?");
}

TEST(Predicate, EmptyAndImpossibleItemsAreErrors) {
  expect_message("allow write where fd in (3..1)", "this range is empty");
  expect_message("allow openat where flags & O_ACCMODE in (O_RDONLY, 4)", "can never match");
}

TEST(Predicate, OrderIsSignedWhereTheTypeIs) {
  PolicyText p(
      "seclude 1\npolicy p\notherwise kill\nallow kill where pid > 0\n"
      "allow write where fd <= 2\n");
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("kill", {5}), "allow");
  EXPECT_EQ(p.verdict("kill", {0xffffffff}), "kill");  // -1: everybody
  EXPECT_EQ(p.verdict("write", {0xffffffff}), "kill");
  EXPECT_EQ(p.verdict("write", {2}), "allow");
}

TEST(Predicate, TheUpperHalfThatTheKernelIgnoresIsIgnored) {
  PolicyText p(
      "seclude 1\npolicy p\notherwise allow\ndeny ioctl where cmd == TIOCSTI\n"
      "deny writev where fd == 1\ndeny mmap where prot has all PROT_WRITE|PROT_EXEC\n");
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("ioctl", {0, 0x100005412}), "errno:EPERM");
  EXPECT_EQ(p.verdict("writev", {0x100000001}), "errno:EPERM");
  EXPECT_EQ(p.verdict("mmap", {0, 4096, 7 | uint64_t{1} << 40}), "errno:EPERM");
}

TEST(Predicate, NegativeNumbersAreTwosComplementAtTheWidth) {
  PolicyText p(
      "seclude 1\npolicy p\notherwise kill\nallow openat where dirfd == AT_FDCWD\n"
      "allow mmap where fd == -1\nallow lseek where offset == -1\n");
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("openat", {0xffffff9c}), "allow");
  EXPECT_EQ(p.verdict("openat", {0xffffffffffffff9c}), "allow");
  EXPECT_EQ(p.verdict("mmap", {0, 0, 0, 0, 0xffffffff}), "allow");
  EXPECT_EQ(p.verdict("lseek", {0, ~uint64_t{0}}), "allow");
  EXPECT_EQ(p.verdict("lseek", {0, 0xffffffff}), "kill");
}

TEST(Predicate, PairsOfRegistersAreComposed) {
  filter::Settings x86{.native = calls::Arch::x86};
  PolicyText p("seclude 1\npolicy p\notherwise kill\nallow pread64 where pos < 0x100000005\n", {},
               x86);
  ASSERT_EQ(p.messages(), "");
  EXPECT_EQ(p.verdict("pread64", {0, 0, 0, 4, 1}, calls::Arch::x86), "allow");
  EXPECT_EQ(p.verdict("pread64", {0, 0, 0, 5, 1}, calls::Arch::x86), "kill");
  EXPECT_EQ(p.verdict("pread64", {0, 0, 0, 0, 0x80000000}, calls::Arch::x86), "allow");  // signed
}

}  // namespace
}  // namespace seclude::test
