// Calls: look-ups by name and number, kernels, arguments and where they are.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "calls/calls.h"

namespace seclude::calls {

std::ostream& operator<<(std::ostream& out, const KernelVersion& version) {
  return out << version.major << "." << version.minor;
}

namespace {

CallId id(std::string_view name) {
  auto found = find_call(name);
  EXPECT_TRUE(found) << name;
  return found.value_or(0);
}

const Arg& arg(std::string_view call, std::string_view name, Arch arch = Arch::x86_64) {
  auto index = find_arg(id(call), arch, name);
  EXPECT_TRUE(index) << call << " " << name;
  return args(id(call), arch)[index.value_or(0)];
}

// "0 1 3+4 -": the registers of every argument.
std::string places(std::string_view call, Arch arch) {
  std::string text;
  for (size_t i = 0; i < args(id(call), arch).size(); ++i) {
    auto place = place_of(id(call), arch, i);
    text += text.empty() ? "" : " ";
    text += place ? std::to_string(place->low) : "-";
    if (place && place->high) text += "+" + std::to_string(*place->high);
  }
  return text;
}

// ---- names and numbers --------------------------------------------------------------------------

TEST(Calls, AreSortedAndFoundByName) {
  auto all = all_calls();
  ASSERT_GT(all.size(), 450u);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(find_call(all[i].name), i);
    if (i > 0) {
      EXPECT_LT(all[i - 1].name, all[i].name);
    }
  }
}

TEST(Calls, UnknownNamesAreNotFound) {
  for (auto name : {"", "wirte", "read ", "READ", "rea", "readx", "sys_read"}) {
    EXPECT_EQ(find_call(name), std::nullopt) << name;
  }
}

TEST(Calls, EveryNumberLeadsBack) {
  for (Arch arch : all_archs) {
    auto all = numbers(arch);
    ASSERT_GT(all.size(), 300u) << info(arch).name;
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(call_at(arch, all[i].number), all[i].call);
      EXPECT_EQ(number_of(all[i].call, arch), all[i].number);
      if (i > 0) {
        EXPECT_LT(all[i - 1].number, all[i].number);
      }
      EXPECT_EQ(all[i].number & 0x40000000u, info(arch).number_bit);
      EXPECT_GE(all[i].number, info(arch).number_base);
    }
  }
}

TEST(Calls, EveryCallWithANumberIsListed) {
  for (Arch arch : all_archs) {
    for (CallId call = 0; call < all_calls().size(); ++call) {
      auto number = number_of(call, arch);
      if (number) {
        EXPECT_TRUE(call_at(arch, *number)) << name_of(call);
      }
    }
  }
}

TEST(Calls, KnownNumbers) {
  EXPECT_EQ(number_of(id("read"), Arch::x86_64), 0u);
  EXPECT_EQ(number_of(id("execve"), Arch::x86_64), 59u);
  EXPECT_EQ(number_of(id("execve"), Arch::x32), 0x40000000u + 520);
  EXPECT_EQ(number_of(id("openat"), Arch::aarch64), 56u);
  EXPECT_EQ(number_of(id("open"), Arch::aarch64), std::nullopt);
  EXPECT_EQ(number_of(id("cacheflush"), Arch::arm), 0xf0002u);
  EXPECT_EQ(number_of(id("read"), Arch::mips64), 5000u);
  EXPECT_EQ(number_of(id("clone3"), Arch::riscv64), 435u);
}

TEST(Calls, NumbersOfNoCall) {
  EXPECT_EQ(call_at(Arch::x86_64, 0x40000000), std::nullopt);
  EXPECT_EQ(call_at(Arch::x32, 0), std::nullopt);
  EXPECT_EQ(call_at(Arch::mips64, 0), std::nullopt);
  EXPECT_EQ(call_at(Arch::x86_64, UINT32_MAX), std::nullopt);
  EXPECT_EQ(call_at(Arch::arm, 0xf0007), std::nullopt);
}

TEST(Calls, OneNumberWithTwoNamesIsTheFirst) {
  EXPECT_EQ(number_of(id("sync_file_range2"), Arch::arm), 341u);
  EXPECT_EQ(call_at(Arch::arm, 341), id("arm_sync_file_range"));
}

TEST(Calls, SinceDependsOnTheArchitecture) {
  EXPECT_EQ(since(id("openat2"), Arch::x86_64), (KernelVersion{5, 6}));
  EXPECT_EQ(since(id("socket"), Arch::x86), (KernelVersion{4, 3}));
  EXPECT_LT(since(id("socket"), Arch::x86_64), (KernelVersion{3, 0}));
  EXPECT_EQ(since(id("fstat"), Arch::loongarch64), (KernelVersion{6, 11}));
  EXPECT_EQ(since(id("semget"), Arch::s390x), (KernelVersion{5, 1}));
}

// ---- arguments ----------------------------------------------------------------------------------

TEST(Args, HaveBothNames) {
  EXPECT_EQ(find_arg(id("socket"), Arch::x86_64, "family"), 0u);
  EXPECT_EQ(find_arg(id("socket"), Arch::x86_64, "domain"), 0u);
  EXPECT_EQ(find_arg(id("ioctl"), Arch::x86_64, "cmd"), 1u);
  EXPECT_EQ(find_arg(id("ioctl"), Arch::x86_64, "request"), 1u);
  EXPECT_EQ(find_arg(id("ioctl"), Arch::x86_64, "op"), 1u);
  EXPECT_EQ(find_arg(id("mmap"), Arch::x86, "length"), 1u);
  EXPECT_EQ(find_arg(id("mmap"), Arch::x86_64, "size"), std::nullopt);
  EXPECT_EQ(find_arg(id("mmap"), Arch::x86_64, ""), std::nullopt);
  EXPECT_EQ(find_arg(id("getpid"), Arch::x86_64, "pid"), std::nullopt);
}

TEST(Args, MisleadingNamesAreNotAccepted) {
  EXPECT_EQ(find_arg(id("tgkill"), Arch::x86_64, "tid"), 1u);
  EXPECT_EQ(find_arg(id("tgkill"), Arch::x86_64, "tgid"), 0u);
  EXPECT_EQ(find_arg(id("tgkill"), Arch::x86_64, "pid"), std::nullopt);
  EXPECT_EQ(find_arg(id("tkill"), Arch::x86_64, "pid"), std::nullopt);
}

TEST(Args, NoNameMeansTwoArguments) {
  for (Arch arch : all_archs) {
    for (CallId call = 0; call < all_calls().size(); ++call) {
      auto all = args(call, arch);
      EXPECT_LE(all.size(), 6u) << name_of(call);
      for (size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(find_arg(call, arch, all[i].kernel_name), i) << name_of(call);
        if (all[i].man_name.empty()) continue;
        EXPECT_NE(all[i].man_name, all[i].kernel_name) << name_of(call);
        EXPECT_EQ(find_arg(call, arch, all[i].man_name), i) << name_of(call);
      }
    }
  }
}

TEST(Args, WidthsAreSane) {
  for (Arch arch : all_archs) {
    for (CallId call = 0; call < all_calls().size(); ++call) {
      for (const Arg& one : args(call, arch)) {
        EXPECT_TRUE(one.bits == 16 || one.bits == 32 || one.bits == 64) << name_of(call);
        EXPECT_LE(one.bits, one.declared_bits) << name_of(call);
        if (info(arch).word_bits == 32 && !one.wide) {
          EXPECT_LE(one.bits, 32) << name_of(call);
        }
        if (one.wide) {
          EXPECT_EQ(one.bits, 64) << name_of(call);
        }
        bool named = one.kind == ArgKind::Flags || one.kind == ArgKind::Enum;
        if (!named) {
          EXPECT_TRUE(one.set.empty()) << name_of(call);
        }
      }
    }
  }
}

TEST(Args, WidthsTheKernelReallyReads) {
  EXPECT_EQ(arg("mmap", "fd").bits, 32);
  EXPECT_EQ(arg("mmap", "fd").declared_bits, 64);
  EXPECT_EQ(arg("writev", "fd").bits, 32);
  EXPECT_EQ(arg("mmap", "prot").bits, 32);
  EXPECT_EQ(arg("clone", "flags").bits, 32);
  EXPECT_EQ(arg("clone", "flags", Arch::s390x).bits, 32);
  EXPECT_EQ(arg("unshare", "flags").bits, 64);
  EXPECT_EQ(arg("ptrace", "request").bits, 64);
  EXPECT_EQ(arg("ptrace", "request", Arch::x32).bits, 32);
  EXPECT_EQ(arg("read", "count").bits, 64);
  EXPECT_EQ(arg("read", "count", Arch::arm).bits, 32);
  EXPECT_EQ(arg("mkdir", "mode").bits, 16);
  EXPECT_EQ(arg("setuid", "uid").bits, 32);
  EXPECT_EQ(arg("setuid", "uid", Arch::x86).bits, 16);
  EXPECT_EQ(arg("setuid32", "uid", Arch::x86).bits, 32);
  EXPECT_EQ(arg("setuid", "uid", Arch::s390x).bits, 32);
}

TEST(Args, Signs) {
  EXPECT_TRUE(arg("kill", "pid").is_signed);
  EXPECT_TRUE(arg("openat", "dirfd").is_signed);
  EXPECT_TRUE(arg("msgrcv", "msgtyp").is_signed);
  EXPECT_TRUE(arg("pread64", "pos").is_signed);
  EXPECT_FALSE(arg("mmap", "fd").is_signed);
  EXPECT_FALSE(arg("write", "count").is_signed);
  EXPECT_FALSE(arg("setuid", "uid").is_signed);
}

TEST(Args, KindsAndSets) {
  EXPECT_EQ(arg("openat", "flags").kind, ArgKind::Flags);
  EXPECT_EQ(arg("openat", "flags").set, "open");
  EXPECT_EQ(arg("socket", "domain").kind, ArgKind::Enum);
  EXPECT_EQ(arg("openat", "pathname").kind, ArgKind::Path);
  EXPECT_EQ(arg("ioctl", "arg").kind, ArgKind::Address);
  EXPECT_EQ(arg("kill", "sig").kind, ArgKind::Signal);
  EXPECT_EQ(arg("openat", "mode").kind, ArgKind::Mode);
}

TEST(Args, CloneHasItsOrderPerArchitecture) {
  EXPECT_EQ(find_arg(id("clone"), Arch::x86_64, "flags"), 0u);
  EXPECT_EQ(find_arg(id("clone"), Arch::s390x, "flags"), 1u);
  EXPECT_EQ(find_arg(id("clone"), Arch::x86_64, "tls"), 4u);
  EXPECT_EQ(find_arg(id("clone"), Arch::aarch64, "tls"), 3u);
}

TEST(Args, SiblingsSpellTheirArgumentsAlike) {
  for (auto name : {"mmap", "mmap2"}) {
    for (auto argument : {"addr", "length", "prot", "flags", "fd"}) {
      EXPECT_TRUE(find_arg(id(name), Arch::x86, argument)) << name << " " << argument;
    }
  }
  for (auto name : {"fcntl", "fcntl64"}) EXPECT_EQ(find_arg(id(name), Arch::x86, "cmd"), 1u);
  for (auto name : {"newfstatat", "fstatat64", "statx"}) {
    EXPECT_TRUE(find_arg(id(name), Arch::x86, "flags")) << name;
    EXPECT_TRUE(find_arg(id(name), Arch::x86, "dirfd")) << name;
  }
  for (auto name : {"futex", "futex_time64"}) EXPECT_EQ(find_arg(id(name), Arch::x86, "op"), 1u);
  EXPECT_EQ(find_arg(id("madvise"), Arch::x86_64, "behavior"), 2u);
}

// ---- where they are -----------------------------------------------------------------------------

TEST(Places, OneRegisterEachOn64Bit) {
  EXPECT_EQ(places("pread64", Arch::x86_64), "0 1 2 3");
  EXPECT_EQ(places("fallocate", Arch::x32), "0 1 2 3");
  EXPECT_EQ(places("fadvise64", Arch::mips64), "0 1 2 3");
}

TEST(Places, PairsOn32Bit) {
  EXPECT_EQ(places("pread64", Arch::x86), "0 1 2 3+4");
  EXPECT_EQ(places("pread64", Arch::arm), "0 1 2 4+5");  // a hole at 3
  EXPECT_EQ(places("truncate64", Arch::x86), "0 1+2");
  EXPECT_EQ(places("truncate64", Arch::arm), "0 2+3");
  EXPECT_EQ(places("fallocate", Arch::x86), "0 1 2+3 4+5");
  EXPECT_EQ(places("fallocate", Arch::arm), "0 1 2+3 4+5");
  EXPECT_EQ(places("readahead", Arch::x86), "0 1+2 3");
  EXPECT_EQ(places("readahead", Arch::arm), "0 2+3 4");
  EXPECT_EQ(places("lookup_dcookie", Arch::arm), "0+1 2 3");
  EXPECT_EQ(places("fanotify_mark", Arch::x86), "0 1 2+3 4 5");
  EXPECT_EQ(places("fadvise64", Arch::x86), "0 1+2 3 4");
  EXPECT_EQ(places("fadvise64_64", Arch::x86), "0 1+2 3+4 5");
  EXPECT_EQ(places("arm_fadvise64_64", Arch::arm), "0 1 2+3 4+5");
  EXPECT_EQ(places("sync_file_range", Arch::x86), "0 1+2 3+4 5");
  EXPECT_EQ(places("sync_file_range2", Arch::arm), "0 1 2+3 4+5");
}

TEST(Places, InMemory) {
  EXPECT_EQ(places("mmap", Arch::x86), "- - - - - -");
  EXPECT_EQ(places("mmap", Arch::s390x), "- - - - - -");
  EXPECT_EQ(places("mmap", Arch::ppc64le), "0 1 2 3 4 5");
  EXPECT_EQ(places("mmap2", Arch::x86), "0 1 2 3 4 5");
  EXPECT_EQ(places("select", Arch::x86), "- - - - -");
  EXPECT_EQ(places("select", Arch::s390x), "0 1 2 3 4");
  EXPECT_EQ(places("_newselect", Arch::x86), "0 1 2 3 4");
}

TEST(Places, EveryRegisterOfAnExistingCallIsOneOfSix) {
  for (Arch arch : all_archs) {
    for (const Numbered& row : numbers(arch)) {
      for (size_t i = 0; i < args(row.call, arch).size(); ++i) {
        auto place = place_of(row.call, arch, i);
        if (!place) continue;
        EXPECT_LT(place->low, 6) << name_of(row.call);
        EXPECT_LT(place->high.value_or(0), 6) << name_of(row.call);
        EXPECT_EQ(place->high.has_value(),
                  args(row.call, arch)[i].wide && info(arch).word_bits == 32);
      }
    }
  }
  EXPECT_EQ(place_of(id("read"), Arch::x86_64, 3), std::nullopt);
}

}  // namespace
}  // namespace seclude::calls
