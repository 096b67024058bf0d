// Acceptance: filters that were bypassed in other projects, and may not be here.
//
// In: one-line policies. Out: for the calls that got past such a line elsewhere (a high bit the
// kernel does not look at, an older form of the call, another entry into the kernel) the answer of
// the emulator and that of the running kernel. Each bypass is first shown to work where no filter
// is, so that a test cannot pass because the kernel refuses by itself.
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "filter/compile.h"
#include "filter/evaluate.h"
#include "support/confined_calls.h"
#include "support/policy_text.h"

#ifndef MAP_32BIT
#define MAP_32BIT 0  // x86 only, like the test that uses it
#endif

namespace seclude::test {
namespace {

using filter::Action;

constexpr uint32_t x86_64_audit = 0xc000003e, x86_audit = 0x40000003, x32_bit = 0x40000000;
constexpr uint64_t bit_40 = uint64_t{1} << 40;

class Acceptance : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!confined_calls_available) GTEST_SKIP() << "raw calls are written for x86_64 only";
  }

  // The program for these lines; the run's seclude 1 and title are added.
  void enforce(const std::string& lines) {
    PolicyText policy("seclude 1\npolicy acceptance\n" + lines);
    policy.check();
    ASSERT_FALSE(policy.diagnostics.has_errors()) << policy.messages();
    auto compiled = filter::compile(policy.store, policy.rules());
    ASSERT_TRUE(compiled) << compiled.error().message;
    program_ = compiled->program;
  }

  uint32_t emulated(const RawCall& call) const {
    filter::Input input{.number = call.number,
                        .arch = call.i386_entry ? x86_audit : x86_64_audit,
                        .args = call.args};
    if (call.i386_entry)
      for (uint64_t& arg : input.args) arg &= 0xffffffff;
    return filter::evaluate(program_, input).ret;
  }

  void expect_errno(const RawCall& call, int number) const {
    EXPECT_EQ(emulated(call), Action::deny(static_cast<uint16_t>(number)).ret);
    ConfinedRun run = run_confined(program_, {&call, 1});
    ASSERT_EQ(run.answers.size(), 1u) << "signal " << run.signal;
    EXPECT_EQ(run.answers[0], -number);
  }
  void expect_killed(const RawCall& call) const {
    EXPECT_EQ(emulated(call), Action::kill().ret);
    ConfinedRun run = run_confined(program_, {&call, 1});
    EXPECT_EQ(run.answers.size(), 0u);
    EXPECT_EQ(run.signal, SIGSYS);
  }
  long allowed(const RawCall& call) const {
    EXPECT_EQ(emulated(call), Action::allow().ret);
    return answer(program_, call);
  }
  static long unfiltered(const RawCall& call) { return answer({}, call); }

 private:
  static long answer(const filter::Program& program, const RawCall& call) {
    ConfinedRun run = run_confined(program, {&call, 1});
    EXPECT_EQ(run.answers.size(), 1u) << "signal " << run.signal;
    return run.answers.empty() ? -1 : run.answers[0];
  }

  filter::Program program_;
};

// A pipe, because what is written to it does no harm.
struct Pipe {
  Pipe() { EXPECT_EQ(pipe(ends), 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  uint64_t reader() const { return static_cast<uint64_t>(ends[0]); }
  uint64_t writer() const { return static_cast<uint64_t>(ends[1]); }
  int ends[2]{};
};

uint64_t address_of(const void* object) { return reinterpret_cast<uint64_t>(object); }

// flatpak CVE-2019-10063, snapd CVE-2019-7303: 64 bits were compared, the kernel reads 32.
TEST_F(Acceptance, ARefusedTerminalCommandIsRefusedWithAHighBitToo) {
  enforce("otherwise allow\ndeny ioctl with EPERM where cmd == TIOCSTI\n");
  Pipe pipe;
  int waiting = 0;
  RawCall how_much{SYS_ioctl, {pipe.reader(), FIONREAD, address_of(&waiting)}};
  ASSERT_EQ(unfiltered(how_much), 0);
  how_much.args[1] |= uint64_t{1} << 32;
  ASSERT_EQ(unfiltered(how_much), 0) << "the kernel does not look at the upper half";
  EXPECT_EQ(allowed(how_much), 0);
  char letter = 'x';
  for (uint64_t high : {0x0u, 0x1u, 0x80000000u, 0xffffffffu})
    expect_errno({SYS_ioctl, {pipe.reader(), TIOCSTI | high << 32, address_of(&letter)}}, EPERM);
  ASSERT_EQ(TIOCSTI, 0x5412);
}

// writev declares an unsigned long and narrows it to an int.
TEST_F(Acceptance, ARefusedDescriptorIsRefusedWithAHighBitToo) {
  Pipe pipe;
  char letter = 'x';
  iovec part{&letter, 1};
  RawCall write{SYS_writev, {pipe.writer() | uint64_t{1} << 32, address_of(&part), 1}};
  ASSERT_EQ(unfiltered(write), 1) << "the kernel does not look at the upper half";
  enforce("otherwise allow\ndeny writev where fd == " + std::to_string(pipe.writer()) + "\n");
  expect_errno(write, EPERM);
  write.args[0] = pipe.writer();
  expect_errno(write, EPERM);

  enforce("otherwise allow\ndeny writev where fd == 1\n");
  EXPECT_EQ(allowed(write), 1);
  for (uint64_t fd : {uint64_t{1}, uint64_t{0x100000001}, 0xffffffff00000001})
    expect_errno({SYS_writev, {fd, address_of(&part), 1}}, EPERM);
}

// prot is an unsigned long of which the kernel keeps the lower half.
TEST_F(Acceptance, WritableAndExecutableMemoryIsRefusedWithAHighBitToo) {
  RawCall map{SYS_mmap, {0, 4096, 7 | bit_40, MAP_PRIVATE | MAP_ANONYMOUS, ~uint64_t{0}, 0}};
  ASSERT_GT(unfiltered(map), 0) << "the kernel does not look at the upper half";
  enforce("otherwise allow\ndeny mmap where prot has all PROT_WRITE|PROT_EXEC\n");
  expect_errno(map, EPERM);
  map.args[2] = 7;
  expect_errno(map, EPERM);
  map.args[2] = PROT_READ | PROT_WRITE | bit_40;
  EXPECT_GT(allowed(map), 0);
}

// i386 has an mmap (90) whose arguments are in memory: what cannot be looked at is refused.
TEST_F(Acceptance, TheOldMmapOfI386IsRefusedWithTheNewOne) {
  if (!i386_entry_works()) GTEST_SKIP() << "this kernel has no i386 entry";
  constexpr uint32_t old_mmap = 90, mmap2 = 192, i386_getpid = 20;
  void* low =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  ASSERT_NE(low, MAP_FAILED);
  auto* arguments = static_cast<uint32_t*>(low);
  uint32_t wanted[] = {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, ~0u, 0};
  std::copy(std::begin(wanted), std::end(wanted), arguments);
  RawCall old{old_mmap, {address_of(low)}, true};
  long mapped = unfiltered(old);
  ASSERT_TRUE(mapped > 0 || mapped < -4095) << "the kernel maps executable memory this way";

  enforce(
      "architectures x86_64, x86\notherwise allow\ndeny mmap, mmap2 where prot has PROT_EXEC\n");
  expect_errno(old, EPERM);
  expect_errno({mmap2, {0, 4096, 5, MAP_PRIVATE | MAP_ANONYMOUS, ~0u, 0}, true}, EPERM);
  expect_errno({SYS_mmap, {0, 4096, 5, MAP_PRIVATE | MAP_ANONYMOUS, ~0u, 0}}, EPERM);
  EXPECT_GT(allowed({i386_getpid, {}, true}), 0);
  enforce("architectures x86_64, x86\notherwise allow\ndeny mmap where prot has PROT_EXEC\n");
  expect_errno(old, EPERM);
  munmap(low, 4096);
}

// What is not listed is killed: the other two entries of an x86_64 kernel.
TEST_F(Acceptance, X32NumbersAndTheI386EntryAreKilled) {
  enforce("architectures x86_64\notherwise allow\ndeny ptrace\n");
  constexpr uint32_t i386_getpid = 20, i386_ptrace = 26;
  EXPECT_GT(allowed({SYS_getpid, {}}), 0);
  expect_errno({SYS_ptrace, {}}, EPERM);
  for (uint32_t number : {uint32_t{SYS_getpid}, uint32_t{SYS_ptrace}, 0u, 520u, 0x3fffffffu})
    expect_killed({number | x32_bit, {}});
  if (!i386_entry_works()) return;
  for (uint32_t number : {i386_getpid, i386_ptrace, 0u, 0x7fffffffu})
    expect_killed({number, {}, true});
}

TEST_F(Acceptance, NegativeAndUnknownNumbersGetTheAnswerForUnknown) {
  enforce("architectures x86_64\notherwise allow\notherwise deny with 77 for @unknown\n");
  EXPECT_GT(allowed({SYS_getpid, {}}), 0);
  for (uint32_t number :
       {1000u, 4095u, 0x3fffffffu, 0x80000000u, 0x80000027u, 0xc0000027u, 0xfffffffeu, 0xffffffffu})
    expect_errno({number, {}}, 77);
  constexpr uint32_t file_getattr = 468;  // 6.17: newer than what version 1 of the language means
  expect_errno({file_getattr, {}}, 77);
}

TEST_F(Acceptance, WithoutThatLineTheyAreCallsThatDoNotExist) {
  enforce("architectures x86_64\notherwise allow\n");
  for (uint32_t number : {1000u, 0x80000027u, 0xffffffffu}) expect_errno({number, {}}, ENOSYS);
}

}  // namespace
}  // namespace seclude::test
