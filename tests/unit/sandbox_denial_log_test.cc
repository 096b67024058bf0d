// Denial log and wire: what counts as the same denial, how much is kept, and that nothing is lost
// or trusted on the way to the launcher.
#include <gtest/gtest.h>

#include "calls/calls.h"
#include "sandbox/helper/denial_log.h"
#include "sandbox/helper/denial_wire.h"

namespace seclude::sandbox {
namespace {

Denial denial_of(const char* call, std::array<uint64_t, 6> args = {}) {
  Denial denial;
  denial.call.arch = calls::info(calls::Arch::x86_64).audit;
  denial.call.number = *calls::number_of(*calls::find_call(call), calls::Arch::x86_64);
  denial.call.args = args;
  denial.verdict.action = filter::Action::deny(1);
  return denial;
}

Denial with_path(Denial denial, std::string path) {
  denial.details.push_back({1, ArgDetail::Kind::Path, std::move(path)});
  return denial;
}

void put(DenialLog& log, const Denial& denial) {
  if (log.count(denial)) log.add(denial);
}

TEST(DenialLog, AddressesDoNotTellDenialsApartButWhatTheyPointAtDoes) {
  DenialLog log;
  put(log, with_path(denial_of("openat", {3, 0x1000}), "/a"));
  put(log, with_path(denial_of("openat", {3, 0x2000}), "/a"));
  put(log, with_path(denial_of("openat", {3, 0x1000}), "/b"));
  put(log, with_path(denial_of("openat", {4, 0x1000}), "/a"));
  const Denials all = log.all();
  ASSERT_EQ(all.seen.size(), 3u);
  EXPECT_EQ(all.seen[0].times, 2u);
  EXPECT_EQ(all.total(), 4u);
}

TEST(DenialLog, WhatIsReadOnlyOfNewDenialsDoesNotTellThemApart) {
  using Kind = ArgDetail::Kind;
  DenialLog log;
  for (const Kind kind : {Kind::File, Kind::Word, Kind::UnreadableWord, Kind::MoreWords}) {
    Denial denial = denial_of("execve", {0x1000, 0x2000, 0});
    EXPECT_EQ(log.count(denial), kind == Kind::File);
    denial.details.push_back({1, kind, "x"});
    if (kind == Kind::File) log.add(denial);
  }
  EXPECT_EQ(log.all().total(), 4u);
}

TEST(DenialLog, BitsTheKernelDoesNotReadDoNotTellDenialsApart) {
  DenialLog log;
  put(log, denial_of("socket", {10, 1, 0}));
  put(log, denial_of("socket", {10 | uint64_t{1} << 40, 1, 0}));
  put(log, denial_of("socket", {2, 1, 0}));
  EXPECT_EQ(log.all().seen.size(), 2u);
}

TEST(DenialLog, MemoryIsBoundedWhateverComes) {
  DenialLog log;
  for (uint64_t i = 0; i < 5000; ++i) put(log, denial_of("getpriority", {0, i}));
  for (uint32_t i = 0; i < 5000; ++i) {
    Denial unknown = denial_of("getpriority");
    unknown.call.number = 100000 + i;
    put(log, unknown);
  }
  const Denials all = log.all();
  EXPECT_EQ(all.seen.size(), DenialLog::most);
  EXPECT_EQ(all.counted.size(), DenialLog::most_counted);
  EXPECT_EQ(all.total(), 10000u);
  EXPECT_GT(all.uncounted, 0u);
}

TEST(DenialWire, WhatIsSentArrives) {
  Denials sent;
  sent.seen.push_back(with_path(denial_of("openat", {3, 0x1000, 2}), std::string("/a\0b", 4)));
  sent.seen[0].thread_name = "name";
  sent.seen[0].process = 7;
  sent.seen[0].thread = 8;
  sent.seen[0].times = 9;
  sent.seen[0].details[0].cut = true;
  sent.seen[0].verdict.origin = {1, 2, 3};
  sent.counted.push_back({.arch = 1, .number = 2, .times = 3});
  sent.uncounted = 4;
  const auto got = from_wire(to_wire(sent));
  ASSERT_TRUE(got);
  ASSERT_EQ(got->seen.size(), 1u);
  EXPECT_EQ(got->seen[0].call, sent.seen[0].call);
  EXPECT_EQ(got->seen[0].details, sent.seen[0].details);
  EXPECT_EQ(got->seen[0].thread_name, "name");
  EXPECT_EQ(got->seen[0].verdict.origin, sent.seen[0].verdict.origin);
  EXPECT_EQ(got->seen[0].process, 7);
  EXPECT_EQ(got->seen[0].thread, 8);
  EXPECT_EQ(got->seen[0].times, 9u);
  EXPECT_EQ(got->counted, sent.counted);
  EXPECT_EQ(got->uncounted, 4u);
}

TEST(DenialWire, BytesThatAreNoDenialsAreRefused) {
  Denials sent;
  sent.seen.push_back(with_path(denial_of("openat"), "/a"));
  const std::string bytes = to_wire(sent);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(from_wire(bytes.substr(0, size))) << size;
  EXPECT_FALSE(from_wire(bytes + "x"));
  EXPECT_FALSE(from_wire(std::string(8, '\xff')));
}

}  // namespace
}  // namespace seclude::sandbox
