// Relatives: carriers, opaque twins, siblings and how their arguments map.
#include <gtest/gtest.h>

#include <algorithm>

#include "calls/calls.h"

namespace seclude::calls {
namespace {

CallId id(std::string_view name) {
  auto found = find_call(name);
  EXPECT_TRUE(found) << name;
  return found.value_or(0);
}

const Sibling* sibling(std::string_view call, std::string_view other, Arch arch) {
  for (const Sibling& one : siblings(id(call), arch)) {
    if (one.call == id(other)) return &one;
  }
  return nullptr;
}

TEST(Multiplexed, SocketsThroughSocketcall) {
  auto form = multiplexed(id("socket"), Arch::x86);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->carrier, id("socketcall"));
  EXPECT_EQ(form->code, 1u);
  EXPECT_EQ(form->mask, 0xffffffffu);
  EXPECT_TRUE(multiplexed(id("send"), Arch::x86));  // it has no number of its own there
  EXPECT_FALSE(number_of(id("send"), Arch::x86));
}

TEST(Multiplexed, SystemVThroughIpc) {
  auto form = multiplexed(id("shmat"), Arch::s390x);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->carrier, id("ipc"));
  EXPECT_EQ(form->code, 21u);
  EXPECT_EQ(form->mask, 0xffffu);
}

TEST(Multiplexed, OnlyWhereTheCarrierExists) {
  for (Arch arch : {Arch::x86_64, Arch::aarch64, Arch::arm, Arch::riscv64, Arch::mips64}) {
    EXPECT_FALSE(multiplexed(id("socket"), arch)) << info(arch).name;
    EXPECT_FALSE(multiplexed(id("shmat"), arch)) << info(arch).name;
  }
  EXPECT_FALSE(multiplexed(id("read"), Arch::x86));
}

TEST(Multiplexed, CodesAreSortedAndLeadBack) {
  for (auto carrier : {"socketcall", "ipc"}) {
    EXPECT_TRUE(is_carrier(id(carrier)));
    auto all = codes(id(carrier));
    ASSERT_FALSE(all.empty());
    for (size_t i = 0; i < all.size(); ++i) {
      if (i > 0) {
        EXPECT_LT(all[i - 1].code, all[i].code);
      }
      auto form = multiplexed(all[i].call, Arch::x86);
      ASSERT_TRUE(form);
      EXPECT_EQ(form->code, all[i].code);
    }
  }
  EXPECT_EQ(codes(id("socketcall")).size(), 20u);
  EXPECT_EQ(codes(id("ipc")).size(), 12u);
  EXPECT_FALSE(is_carrier(id("socket")));
  EXPECT_TRUE(codes(id("socket")).empty());
}

TEST(Twins, HideTheirArguments) {
  for (auto call : {"clone", "fork", "vfork"}) {
    ASSERT_EQ(opaque_twins(id(call)).size(), 1u) << call;
    EXPECT_EQ(opaque_twins(id(call))[0], id("clone3"));
  }
  for (auto call : {"open", "openat", "creat"}) {
    ASSERT_EQ(opaque_twins(id(call)).size(), 1u) << call;
    EXPECT_EQ(opaque_twins(id(call))[0], id("openat2"));
  }
  EXPECT_TRUE(opaque_twins(id("read")).empty());
  EXPECT_TRUE(opaque_twins(id("socket")).empty());  // a carrier is no twin
}

TEST(Siblings, OpenIsOpenatAtTheWorkingDirectory) {
  const Sibling* open = sibling("openat", "open", Arch::x86_64);
  ASSERT_TRUE(open);
  ASSERT_EQ(open->from.size(), 4u);
  EXPECT_EQ(open->from[0].kind, SiblingArg::Kind::Constant);
  EXPECT_EQ(open->from[0].constant, static_cast<uint64_t>(-100));
  EXPECT_EQ(open->from[2].kind, SiblingArg::Kind::Same);
  EXPECT_EQ(open->from[2].index, 1);
  const Sibling* back = sibling("open", "openat", Arch::x86_64);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->from[1].index, 2);
  EXPECT_FALSE(sibling("openat", "open", Arch::aarch64));  // no such call there
}

TEST(Siblings, ConstantsAreTheArchitectures) {
  auto flags = [](Arch arch) { return sibling("openat", "creat", arch)->from[2].constant; };
  EXPECT_EQ(flags(Arch::x86_64), 0x241u);
  EXPECT_EQ(flags(Arch::mips64), 0x301u);
  EXPECT_EQ(sibling("clone", "fork", Arch::x86_64)->from[0].constant, 17u);
  EXPECT_EQ(sibling("clone", "fork", Arch::mips64)->from[0].constant, 18u);
  EXPECT_EQ(sibling("clone", "fork", Arch::s390x)->from[1].constant, 17u);  // flags come second
}

TEST(Siblings, ContradictingConstantsAreNoSiblings) {
  EXPECT_FALSE(sibling("stat", "lstat", Arch::x86_64));
  EXPECT_TRUE(sibling("newfstatat", "lstat", Arch::x86_64));
  EXPECT_FALSE(sibling("unlink", "rmdir", Arch::x86_64));
}

TEST(Siblings, AWiderCallIsOneWayOnly) {
  EXPECT_TRUE(sibling("fstat", "statx", Arch::x86_64));
  EXPECT_FALSE(sibling("statx", "fstat", Arch::x86_64));
}

TEST(Siblings, SignalsReachAProcessThroughOneOfItsThreads) {
  const Sibling* thread = sibling("kill", "tgkill", Arch::x86_64);
  ASSERT_TRUE(thread);
  EXPECT_EQ(thread->from[0].index, 1);  // the process is named by its first thread
  EXPECT_EQ(thread->from[1].index, 2);
  EXPECT_TRUE(sibling("tgkill", "kill", Arch::x86_64));
  EXPECT_TRUE(sibling("kill", "tkill", Arch::x86_64));
  EXPECT_TRUE(sibling("rt_sigqueueinfo", "rt_tgsigqueueinfo", Arch::x86_64));
}

TEST(Siblings, MessagesAndMounts) {
  EXPECT_TRUE(sibling("sendmsg", "sendmmsg", Arch::x86_64));
  EXPECT_TRUE(sibling("sendmmsg", "sendmsg", Arch::x86_64));
  EXPECT_TRUE(sibling("recvmsg", "recvmmsg", Arch::x86_64));
  EXPECT_TRUE(sibling("sendto", "sendmsg", Arch::x86_64));
  EXPECT_FALSE(sibling("sendmsg", "sendto", Arch::x86_64));  // descriptors go by messages alone
  EXPECT_TRUE(sibling("mount", "move_mount", Arch::x86_64));
  EXPECT_TRUE(sibling("fsopen", "mount", Arch::x86_64));
}

TEST(Siblings, ThoseThroughACarrierAreThere) {
  EXPECT_TRUE(sibling("sendto", "send", Arch::x86));
  EXPECT_FALSE(sibling("sendto", "send", Arch::x86_64));
}

TEST(Siblings, ForkIsCloneWithOneValueOfFlags) {
  EXPECT_TRUE(siblings(id("fork"), Arch::x86_64).empty());
  auto pinned = pinned_siblings(id("fork"), Arch::x86_64);
  ASSERT_EQ(pinned.size(), 1u);
  EXPECT_EQ(pinned[0].call, id("clone"));
  ASSERT_EQ(pinned[0].pins.size(), 1u);
  EXPECT_EQ(pinned[0].pins[0].index, 0);
  EXPECT_EQ(pinned[0].pins[0].constant, 17u);
  EXPECT_EQ(pinned_siblings(id("fork"), Arch::s390x)[0].pins[0].index, 1);
}

TEST(Siblings, MapsStayWithinBothCalls) {
  size_t seen = 0;
  for (Arch arch : all_archs) {
    for (CallId call = 0; call < all_calls().size(); ++call) {
      for (const Sibling& one : siblings(call, arch)) {
        EXPECT_NE(one.call, call);
        EXPECT_TRUE(number_of(one.call, arch) || multiplexed(one.call, arch)) << name_of(one.call);
        EXPECT_EQ(one.from.size(), args(call, arch).size()) << name_of(call);
        EXPECT_TRUE(one.pins.empty());
        for (const SiblingArg& from : one.from) {
          if (from.kind != SiblingArg::Kind::Same) continue;
          EXPECT_LT(from.index, args(one.call, arch).size())
              << name_of(call) << " " << name_of(one.call);
        }
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 500u);
}

// A mapped argument means the same thing in both calls: kinds agree.
TEST(Siblings, MappedArgumentsAreOfOneKind) {
  for (CallId call = 0; call < all_calls().size(); ++call) {
    for (const Sibling& one : siblings(call, Arch::x86)) {
      for (size_t i = 0; i < one.from.size(); ++i) {
        if (one.from[i].kind != SiblingArg::Kind::Same) continue;
        const Arg& own = args(call, Arch::x86)[i];
        const Arg& other = args(one.call, Arch::x86)[one.from[i].index];
        EXPECT_EQ(own.kind, other.kind) << name_of(call) << " " << own.kernel_name << ", "
                                        << name_of(one.call) << " " << other.kernel_name;
      }
    }
  }
}

}  // namespace
}  // namespace seclude::calls
