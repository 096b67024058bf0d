// Readable: conditions as a person would write them, and what has no name taken out.
#include "filter/inspection/readable.h"

#include <gtest/gtest.h>

namespace seclude::filter {
namespace {

CallOn on(std::string_view name, calls::Arch arch = calls::Arch::x86_64) {
  return {*calls::find_call(name), arch};
}

class Readable : public ::testing::Test {
 protected:
  Id is(Group group, uint64_t mask, uint64_t bits) {
    return store.test(group, mask, bits, store.yes(), store.no());
  }
  std::string text(Id id, std::string_view call) {
    Effort effort;
    return predicate_text(store, id, on(call), effort).value_or("(none)");
  }
  Store store;
  static constexpr uint64_t word = 0xffffffff;
};

TEST_F(Readable, ValuesAndRanges) {
  EXPECT_EQ(text(is(Group::Arg0, word, 1), "close"), "fd == 1");
  EXPECT_EQ(text(store.negate(is(Group::Arg0, word, 1)), "close"), "fd != 1");
  EXPECT_EQ(text(store.in_range(Group::Arg0, 0, 32, 0, 2), "close"), "fd <= 2");
  EXPECT_EQ(text(store.in_range(Group::Arg0, 0, 32, 3, 9), "close"), "fd in (3..9)");
  EXPECT_EQ(text(store.either(is(Group::Arg0, word, 1), is(Group::Arg0, word, 2)), "socket"),
            "family in (AF_UNIX, AF_INET)");
  // pid is signed: -1 and above is one range, although its bits are at both ends.
  Id above =
      store.either(store.in_range(Group::Arg0, 0, 32, 0, 0x7fffffff), is(Group::Arg0, word, word));
  EXPECT_EQ(text(above, "kill"), "pid >= -1");
}

TEST_F(Readable, Bits) {
  EXPECT_EQ(text(store.negate(is(Group::Arg2, 4, 4)), "mmap"), "prot lacks PROT_EXEC");
  EXPECT_EQ(text(is(Group::Arg2, 4, 4), "mmap"), "prot has PROT_EXEC");
  EXPECT_EQ(text(is(Group::Arg2, 6, 6), "mmap"), "prot has all PROT_WRITE|PROT_EXEC");
  EXPECT_EQ(text(is(Group::Arg2, word & ~uint64_t{3}, 0), "mmap"),
            "prot within PROT_READ|PROT_WRITE");
  EXPECT_EQ(text(is(Group::Arg2, word, 1), "mmap"), "prot == PROT_READ");
}

TEST_F(Readable, SeveralArguments) {
  Id prot = is(Group::Arg2, word, 1), fd = is(Group::Arg4, word, 3);
  EXPECT_EQ(text(store.both(prot, fd), "mmap"), "prot == PROT_READ and fd == 3");
  EXPECT_EQ(text(store.either(prot, fd), "mmap"), "prot == PROT_READ or fd == 3");
}

TEST_F(Readable, WhatHasNoNameIsZero) {
  Id all_bits = is(Group::Arg0, ~uint64_t{0}, 1), low_bits = is(Group::Arg0, word, 1);
  EXPECT_EQ(nameable(store, all_bits, on("close")), low_bits) << "fd has 32 bits";
  EXPECT_EQ(nameable(store, all_bits, on("munmap")), all_bits) << "addr has 64";
  EXPECT_EQ(nameable(store, is(Group::Arg0, uint64_t{1} << 40, uint64_t{1} << 40), on("close")),
            store.no());
  EXPECT_EQ(nameable(store, is(Group::Arg5, word, 0), on("close")), store.yes());
  EXPECT_EQ(nameable(store, is(Group::Ip, word, 7), on("close")), store.no());
}

}  // namespace
}  // namespace seclude::filter
