// Kernel agree: random policies, put into force, and what the running kernel answers.
//
// In: random policies for x86_64, with and without x86 and x32. Out: for each boundary input that a
// process here can make (by `syscall`, also with x32 and negative numbers, and by `int 0x80`) the
// kernel's answer, which must be what the text says. So that nothing is ever executed, every
// action of the compiled program is first replaced by an errno of its own; the answer is translated
// back.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>

#include "exhaustive/boundary_inputs.h"
#include "exhaustive/own_meaning.h"
#include "exhaustive/prepared.h"
#include "exhaustive/random_policy.h"
#include "support/confined_calls.h"

namespace seclude::exhaustive {
namespace {

using test::RawCall;

constexpr uint32_t x86_64_audit = 0xc000003e, x86_audit = 0x40000003;

// Since 6.14 (uretprobe) and 6.18 (uprobe) x86_64 kernels make these two without asking a filter;
// outside a probe they do nothing.
bool never_filtered(const AskedCall& asked) {
  return asked.audit == x86_64_audit && (asked.number == 335 || asked.number == 336);
}

// Action n of `actions` is errno n + 1 in the result.
filter::Program harmless(filter::Program program, std::vector<uint32_t>& actions) {
  std::map<uint32_t, uint32_t> numbered;
  for (filter::Instruction& each : program) {
    if (each.code != filter::op::ret_k) continue;
    auto [place, is_new] = numbered.try_emplace(each.k, actions.size() + 1);
    if (is_new) actions.push_back(each.k);
    each.k = filter::Action::errno_ | place->second;
  }
  return program;
}

// The inputs that a process on this machine can produce, as calls it makes.
std::vector<RawCall> makeable(std::vector<AskedCall>& inputs, bool i386_entry) {
  std::vector<RawCall> calls;
  std::vector<AskedCall> kept;
  for (AskedCall asked : inputs) {
    bool i386 = asked.audit == x86_audit;
    if (never_filtered(asked) || (asked.audit != x86_64_audit && !(i386 && i386_entry))) continue;
    if (i386)
      for (uint64_t& arg : asked.args) arg &= 0xffffffff;
    kept.push_back(asked);
    calls.push_back({.number = asked.number, .args = asked.args, .i386_entry = i386});
  }
  inputs = std::move(kept);
  return calls;
}

struct Counts {
  uint64_t calls = 0, by_i386_entry = 0;
};

void compare(uint64_t seed, bool as_nobody, bool i386_entry, Counts& counts) {
  static const std::vector<Arch> archs[] = {
      {Arch::x86_64}, {Arch::x86_64, Arch::x86}, {Arch::x86_64, Arch::x32, Arch::x86}};
  static filter::Store store;
  Spoken spoken = random_policy(seed, {.archs = archs[seed % 3]});
  auto made = compiled(store, spoken);
  if (!made) return;
  std::vector<uint32_t> actions;
  filter::Program program = harmless(std::move(made->program), actions);

  Random random(seed ^ 0x5eed);
  std::vector<AskedCall> inputs = boundary_inputs(spoken, random);
  std::vector<RawCall> calls = makeable(inputs, i386_entry);
  test::ConfinedRun run = run_confined(program, calls, as_nobody);
  ASSERT_EQ(run.setup_failed, 0);
  ASSERT_EQ(run.signal, SIGILL) << text_of(spoken);
  ASSERT_EQ(run.answers.size(), calls.size()) << text_of(spoken);
  OwnMeaning own(spoken);
  for (size_t i = 0; i < inputs.size(); i++) {
    counts.calls++;
    counts.by_i386_entry += calls[i].i386_entry;
    size_t errno_value = static_cast<size_t>(-run.answers[i]);
    ASSERT_TRUE(errno_value >= 1 && errno_value <= actions.size()) << run.answers[i];
    ASSERT_EQ(actions[errno_value - 1], own.answer(inputs[i]))
        << "number " << inputs[i].number << " of arch " << std::hex << inputs[i].audit << " args "
        << inputs[i].args[0] << " " << inputs[i].args[1] << " " << inputs[i].args[2] << " "
        << inputs[i].args[3] << " " << inputs[i].args[4] << " " << inputs[i].args[5] << std::dec
        << "\nSECLUDE_SEED=" << seed << " SECLUDE_ROUNDS=1\n"
        << text_of(spoken);
  }
}

void compare_many(bool as_nobody) {
  if (!test::confined_calls_available) GTEST_SKIP() << "raw calls are written for x86_64 only";
  // Each is a process and a filter load, about 5 ms: no use in days of it.
  uint64_t rounds = std::min<uint64_t>(from_environment("SECLUDE_ROUNDS", 2000), 20000);
  uint64_t first = from_environment("SECLUDE_SEED", 1);
  bool i386_entry = test::i386_entry_works();
  Counts counts;
  for (uint64_t seed = first; seed < first + rounds; seed++) {
    compare(seed, as_nobody, i386_entry, counts);
    if (::testing::Test::HasFailure()) return;
  }
  std::printf("%llu calls answered by the kernel, %llu of them by int 0x80%s\n",
              static_cast<unsigned long long>(counts.calls),
              static_cast<unsigned long long>(counts.by_i386_entry),
              i386_entry ? "" : " (this kernel has no i386 entry)");
  EXPECT_GT(counts.calls, rounds * 20);
}

TEST(KernelAgree, RandomPolicies) { compare_many(false); }

TEST(KernelAgree, RandomPoliciesWithoutPrivileges) {
  if (geteuid() != 0) GTEST_SKIP() << "already without privileges";
  compare_many(true);
}

}  // namespace
}  // namespace seclude::exhaustive
