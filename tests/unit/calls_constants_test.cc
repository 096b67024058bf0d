// Constants: values per architecture, which are bits, errnos, and show() read back.
#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <set>

#include "base/text.h"
#include "calls/constants.h"

namespace seclude::calls {
namespace {

std::optional<uint64_t> value(std::string_view name, Arch arch = Arch::x86_64) {
  auto index = find_constant(name);
  EXPECT_TRUE(index) << name;
  return index ? value_of(*index, arch) : std::nullopt;
}

const Constant& constant(std::string_view name) { return constant_at(*find_constant(name)); }

const Arg& arg(std::string_view call, std::string_view name, Arch arch = Arch::x86_64) {
  CallId id = *find_call(call);
  return args(id, arch)[*find_arg(id, arch, name)];
}

// The value language, as show() writes it: terms joined by "|".
std::optional<uint64_t> read_back(std::string_view text, Arch arch) {
  uint64_t sum = 0;
  for (std::string_view term : split(text, '|')) {
    bool minus = term.starts_with('-');
    if (minus) term.remove_prefix(1);
    std::optional<uint64_t> number = parse_integer(term);
    if (!number) {
      auto index = find_constant(term);
      if (!index) return std::nullopt;
      number = value_of(*index, arch);
    }
    if (!number) return std::nullopt;
    sum |= minus ? ~*number + 1 : *number;
  }
  return sum;
}

uint64_t mask_of(unsigned bits) { return bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

// ---- look-ups -----------------------------------------------------------------------------------

TEST(Constants, AreSortedAndFound) {
  auto all = all_constants();
  ASSERT_GT(all.size(), 2500u);
  for (uint16_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(find_constant(all[i].name), i);
    if (i > 0) {
      EXPECT_LT(all[i - 1].name, all[i].name);
    }
  }
  EXPECT_EQ(find_constant(""), std::nullopt);
  EXPECT_EQ(find_constant("O_CREATE"), std::nullopt);
}

TEST(Constants, AreTheKernelsPerArchitecture) {
  EXPECT_EQ(value("O_LARGEFILE"), 0x8000u);  // glibc says 0
  EXPECT_EQ(value("O_LARGEFILE", Arch::arm), 0x20000u);
  EXPECT_EQ(value("O_CREAT", Arch::mips64), 0x100u);
  EXPECT_EQ(value("AT_FDCWD"), static_cast<uint64_t>(-100));
  EXPECT_EQ(value("MAP_32BIT", Arch::aarch64), std::nullopt);
  EXPECT_EQ(value("TCGETS", Arch::ppc64le), 0x402c7413u);
  EXPECT_EQ(value("KVM_RUN"), 0xae80u);
  EXPECT_EQ(value("KVM_SET_CPUID2"), 0x4008ae90u);
  EXPECT_EQ(value("MADV_GUARD_INSTALL"), 102u);
  EXPECT_EQ(value("FUTEX_WAIT_PRIVATE"), 128u);
  EXPECT_EQ(value("NETLINK_ROUTE"), 0u);
  EXPECT_EQ(value("FD_CLOEXEC"), 1u);
  EXPECT_EQ(value("ARCH_SHSTK_ENABLE"), 0x5001u);
  EXPECT_EQ(value("ARCH_SHSTK_ENABLE", Arch::aarch64), std::nullopt);
}

TEST(Constants, BitsAndEnumerations) {
  for (auto name : {"O_CREAT", "O_CLOEXEC", "SOCK_CLOEXEC", "SOCK_NONBLOCK", "MAP_ANONYMOUS",
                    "MAP_FIXED", "PROT_EXEC", "CLONE_NEWUSER", "FUTEX_PRIVATE_FLAG", "FD_CLOEXEC",
                    "AT_EMPTY_PATH", "MFD_EXEC", "MAP_HUGETLB", "S_ISUID", "LOCK_NB"}) {
    EXPECT_TRUE(constant(name).is_bits) << name;
  }
  for (auto name : {"O_RDONLY",    "O_WRONLY",
                    "O_RDWR",      "O_ACCMODE",
                    "SOCK_STREAM", "SOCK_DGRAM",
                    "SOCK_RAW",    "MAP_SHARED",
                    "MAP_PRIVATE", "MAP_SHARED_VALIDATE",
                    "FUTEX_WAIT",  "FUTEX_WAIT_PRIVATE",
                    "S_IFREG",     "CSIGNAL",
                    "AF_INET",     "PROT_NONE",
                    "TIOCSTI",     "F_SETFL",
                    "SIGKILL",     "PER_LINUX32",
                    "LOCK_EX",     "MAP_HUGE_2MB"}) {
    EXPECT_FALSE(constant(name).is_bits) << name;
  }
}

TEST(Constants, OnlyTheseAreComposite) {
  std::set<std::string_view> found;
  for (const Constant& one : all_constants()) {
    if (one.composite) found.insert(one.name);
  }
  EXPECT_EQ(found, (std::set<std::string_view>{"O_SYNC", "O_TMPFILE"}));
}

TEST(Constants, BitsAreNotZero) {
  for (uint16_t i = 0; i < all_constants().size(); ++i) {
    if (!constant_at(i).is_bits) continue;
    for (Arch arch : all_archs) EXPECT_NE(value_of(i, arch), 0u) << constant_at(i).name;
  }
}

TEST(Constants, SetsOfArgumentsExist) {
  std::set<std::string_view> sets;
  for (const Constant& one : all_constants()) sets.insert(one.set);
  for (CallId call = 0; call < all_calls().size(); ++call) {
    for (const Arg& one : args(call, Arch::x86_64)) {
      // Made of another set's bits only: O_CLOEXEC for dup3.
      if (one.set.empty() || one.set == "fd_open") continue;
      EXPECT_TRUE(sets.contains(one.set)) << name_of(call) << " " << one.set;
    }
  }
}

TEST(Errnos, BothWays) {
  EXPECT_EQ(find_errno("EPERM", Arch::x86_64), 1);
  EXPECT_EQ(find_errno("ENOSYS", Arch::mips64), 89);
  EXPECT_EQ(find_errno("EWOULDBLOCK", Arch::x86_64), 11);
  EXPECT_EQ(find_errno("ENOTSUP", Arch::x86_64), 95);
  EXPECT_EQ(find_errno("O_CREAT", Arch::x86_64), std::nullopt);
  EXPECT_EQ(find_errno("EINIT", Arch::x86_64), std::nullopt);  // mips only
  EXPECT_EQ(errno_name(11, Arch::x86_64), "EAGAIN");
  EXPECT_EQ(errno_name(95, Arch::x86_64), "EOPNOTSUPP");
  EXPECT_EQ(errno_name(58, Arch::ppc64le), "EDEADLOCK");
  EXPECT_EQ(errno_name(38, Arch::x86_64), "ENOSYS");
  EXPECT_EQ(errno_name(0, Arch::x86_64), std::nullopt);
  EXPECT_EQ(errno_name(4000, Arch::x86_64), std::nullopt);
}

TEST(Errnos, EveryNameLeadsBack) {
  for (Arch arch : all_archs) {
    for (uint16_t number = 1; number < 4096; ++number) {
      auto name = errno_name(number, arch);
      if (name) {
        EXPECT_EQ(find_errno(*name, arch), number) << *name;
      }
    }
  }
}

// ---- show ---------------------------------------------------------------------------------------

TEST(Show, ReadsLikeAPolicy) {
  auto shown = [](std::string_view call, std::string_view name, uint64_t v) {
    return show(v, arg(call, name), Arch::x86_64);
  };
  EXPECT_EQ(shown("openat", "flags", 0x40000042), "O_RDWR|O_CREAT|0x40000000");
  EXPECT_EQ(shown("openat", "flags", 0x80000), "O_RDONLY|O_CLOEXEC");
  EXPECT_EQ(shown("openat", "flags", 0), "O_RDONLY");
  EXPECT_EQ(shown("openat", "flags", 0x410002), "O_RDWR|O_TMPFILE");
  EXPECT_EQ(shown("openat", "dirfd", 0xffffff9c), "AT_FDCWD");
  EXPECT_EQ(shown("socket", "domain", 10), "AF_INET6");
  EXPECT_EQ(shown("socket", "domain", 1), "AF_UNIX");
  EXPECT_EQ(shown("socket", "type", 0x80002), "SOCK_DGRAM|SOCK_CLOEXEC");
  EXPECT_EQ(shown("socket", "protocol", 0), "0");
  EXPECT_EQ(shown("mmap", "prot", 0), "PROT_NONE");
  EXPECT_EQ(shown("mmap", "flags", 0x22), "MAP_PRIVATE|MAP_ANONYMOUS");
  EXPECT_EQ(shown("mmap", "fd", ~uint64_t{0}), "-1");
  EXPECT_EQ(shown("mmap", "len", 4096), "4096");
  EXPECT_EQ(shown("mmap", "addr", 0), "0");
  EXPECT_EQ(shown("write", "buf", 0x7ffd1000), "0x7ffd1000");
  EXPECT_EQ(shown("clone", "flags", 0x01200011), "SIGCHLD|CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID");
  EXPECT_EQ(shown("futex", "op", 0x189),
            "FUTEX_WAIT_BITSET|FUTEX_PRIVATE_FLAG|FUTEX_CLOCK_REALTIME");
  EXPECT_EQ(shown("ioctl", "cmd", 0x5412), "TIOCSTI");
  EXPECT_EQ(shown("prctl", "option", 4), "PR_SET_DUMPABLE");
  EXPECT_EQ(shown("kill", "sig", 9), "SIGKILL");
  EXPECT_EQ(shown("kill", "pid", 0xffffffff), "-1");
  EXPECT_EQ(shown("mkdir", "mode", 0755), "0o755");
  EXPECT_EQ(shown("semctl", "cmd", 2), "IPC_STAT");
}

TEST(Show, UsesTheArchitecturesNames) {
  const Arg& flags = arg("openat", "flags", Arch::mips64);
  EXPECT_EQ(show(0x100, flags, Arch::mips64), "O_RDONLY|O_CREAT");
  EXPECT_EQ(show(0x40, arg("openat", "flags"), Arch::x86_64), "O_RDONLY|O_CREAT");
}

std::vector<uint64_t> interesting_values(const Arg& one, Arch arch, std::mt19937_64& random) {
  std::vector<uint64_t> values = {0,
                                  1,
                                  2,
                                  3,
                                  7,
                                  4095,
                                  4096,
                                  ~uint64_t{0},
                                  ~uint64_t{99},
                                  0x7fffffff,
                                  0x80000000,
                                  0xffffffff,
                                  0x100000000,
                                  uint64_t{1} << 63};
  uint64_t all = 0;
  for (uint16_t i = 0; i < all_constants().size(); ++i) {
    if (constant_at(i).set != one.set) continue;
    auto own = value_of(i, arch);
    if (!own) continue;
    values.push_back(*own);
    values.push_back(~*own);
    all |= *own;
  }
  for (int i = 0; i < 30; ++i) {
    values.push_back(random());
    values.push_back(random() & all);
    values.push_back(random() & random() & all);
  }
  return values;
}

TEST(Show, ReadBackIsTheValue) {
  std::mt19937_64 random(20);
  size_t tried = 0;
  for (Arch arch : {Arch::x86_64, Arch::x86, Arch::mips64, Arch::ppc64le}) {
    for (CallId call = 0; call < all_calls().size(); ++call) {
      for (const Arg& one : args(call, arch)) {
        for (uint64_t v : interesting_values(one, arch, random)) {
          std::string text = show(v, one, arch);
          auto back = read_back(text, arch);
          ASSERT_TRUE(back) << name_of(call) << " " << one.kernel_name << ": " << text;
          ASSERT_EQ(*back & mask_of(one.bits), v & mask_of(one.bits))
              << name_of(call) << " " << one.kernel_name << ": " << text;
          ++tried;
        }
      }
    }
  }
  EXPECT_GT(tried, 100000u);
}

}  // namespace
}  // namespace seclude::calls
