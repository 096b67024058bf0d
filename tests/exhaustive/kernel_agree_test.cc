// Kernel agree: random policies, put into force, and what the running kernel answers.
//
// In: random policies for x86_64, with and without x86 and x32. Out: for each boundary input that a
// process here can make (by `syscall`, also with x32 and negative numbers, and by `int 0x80`) the
// kernel's answer, which must be what the text says. So that nothing is ever executed, every
// action of the compiled programs is first replaced by an errno of its own; the answer is
// translated back. The same once more for chains of filters that say the policy together.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>

#include "exhaustive/boundary_inputs.h"
#include "exhaustive/own_meaning.h"
#include "exhaustive/prepared.h"
#include "exhaustive/random_policy.h"
#include "filter/stack.h"
#include "support/confined_calls.h"

namespace seclude::exhaustive {
namespace {

using test::RawCall;

constexpr uint32_t first_errno = 100;
constexpr uint32_t x86_64_audit = 0xc000003e, x86_audit = 0x40000003;

// Since 6.14 (uretprobe) and 6.18 (uprobe) x86_64 kernels make these two without asking a filter;
// outside a probe they do nothing.
bool never_filtered(const AskedCall& asked) {
  return asked.audit == x86_64_audit && (asked.number == 335 || asked.number == 336);
}

// Action n of `actions` is errno n + 100 in the result, whose answers are equally strict then.
// `allow` is weaker in a chain, where a filter leaves the answer to others by it: TRACE with no
// tracer makes no call either, and answers ENOSYS.
void make_harmless(filter::Program& program, std::vector<uint32_t>& actions) {
  for (filter::Instruction& each : program) {
    if (each.code != filter::op::ret_k) continue;
    if (each.k == filter::Action::allow_) {
      each.k = filter::Action::trace_;
      continue;
    }
    auto place = std::find(actions.begin(), actions.end(), each.k);
    if (place == actions.end()) place = actions.insert(place, each.k);
    each.k =
        filter::Action::errno_ | (first_errno + static_cast<uint32_t>(place - actions.begin()));
  }
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

// The action behind an answer of the kernel.
std::optional<uint32_t> action_of(long answer, const std::vector<uint32_t>& actions) {
  if (answer == -ENOSYS) return filter::Action::allow_;
  const size_t place = static_cast<size_t>(-answer) - first_errno;
  return place < actions.size() ? std::optional(actions[place]) : std::nullopt;
}

struct Counts {
  uint64_t calls = 0, by_i386_entry = 0, programs = 0, chains = 0;
};

struct Way {
  bool as_nobody = false;
  bool chain = false;  // filters of three quarters of the length that one would have
};

// None: no chain of filters that short says it, since one call takes a filter.
std::vector<filter::Program> programs_of(const Spoken& spoken, const Way& way) {
  static filter::Store store;
  auto made = compiled(store, spoken);
  if (!made) return {};
  if (!way.chain) return {std::move(made->program)};
  auto stack = filter::compile_stack(store, *rules_of(spoken),
                                     {.longest_program = made->program.size() * 3 / 4});
  if (stack) return std::move(stack->programs);
  EXPECT_GT(stack.error().too_long, 0u) << stack.error().message << text_of(spoken);
  return {};
}

void compare(uint64_t seed, const Way& way, bool i386_entry, Counts& counts) {
  static const std::vector<Arch> archs[] = {
      {Arch::x86_64}, {Arch::x86_64, Arch::x86}, {Arch::x86_64, Arch::x32, Arch::x86}};
  Spoken spoken = random_policy(seed, {.archs = archs[seed % 3]});
  std::vector<filter::Program> programs = programs_of(spoken, way);
  if (programs.empty()) return;
  counts.programs += programs.size();
  counts.chains += programs.size() > 1;
  std::vector<uint32_t> actions;
  for (filter::Program& program : programs) make_harmless(program, actions);

  Random random(seed ^ 0x5eed);
  std::vector<AskedCall> inputs = boundary_inputs(spoken, random);
  std::vector<RawCall> calls = makeable(inputs, i386_entry);
  test::ConfinedRun run = programs.size() == 1
                              ? run_confined(programs.front(), calls, way.as_nobody)
                              : run_behind_chain(programs, calls, way.as_nobody);
  ASSERT_EQ(run.setup_failed, 0);
  ASSERT_EQ(run.signal, SIGILL) << text_of(spoken);
  ASSERT_EQ(run.answers.size(), calls.size()) << text_of(spoken);
  OwnMeaning own(spoken);
  for (size_t i = 0; i < inputs.size(); i++) {
    counts.calls++;
    counts.by_i386_entry += calls[i].i386_entry;
    const auto action = action_of(run.answers[i], actions);
    ASSERT_TRUE(action) << run.answers[i];
    ASSERT_EQ(*action, own.answer(inputs[i]))
        << "number " << inputs[i].number << " of arch " << std::hex << inputs[i].audit << " args "
        << inputs[i].args[0] << " " << inputs[i].args[1] << " " << inputs[i].args[2] << " "
        << inputs[i].args[3] << " " << inputs[i].args[4] << " " << inputs[i].args[5] << std::dec
        << "\nSECLUDE_SEED=" << seed << " SECLUDE_ROUNDS=1\n"
        << text_of(spoken);
  }
}

void compare_many(const Way& way) {
  if (!test::confined_calls_available) GTEST_SKIP() << "raw calls are written for x86_64 only";
  // Each is a process and a filter load, about 5 ms: no use in days of it.
  uint64_t rounds = std::min<uint64_t>(from_environment("SECLUDE_ROUNDS", 2000), 20000);
  uint64_t first = from_environment("SECLUDE_SEED", 1);
  bool i386_entry = test::i386_entry_works();
  Counts counts;
  for (uint64_t seed = first; seed < first + rounds; seed++) {
    compare(seed, way, i386_entry, counts);
    if (::testing::Test::HasFailure()) return;
  }
  std::printf("%llu calls answered by the kernel, %llu of them by int 0x80%s\n",
              static_cast<unsigned long long>(counts.calls),
              static_cast<unsigned long long>(counts.by_i386_entry),
              i386_entry ? "" : " (this kernel has no i386 entry)");
  if (way.chain)
    std::printf("%llu chains of %.1f filters in the mean\n",
                static_cast<unsigned long long>(counts.chains),
                static_cast<double>(counts.programs) / static_cast<double>(counts.chains));
  EXPECT_GT(way.chain ? counts.chains : rounds, rounds / 4);
  EXPECT_GT(counts.calls, rounds * (way.chain ? 5 : 20));
}

TEST(KernelAgree, RandomPolicies) { compare_many({}); }

TEST(KernelAgree, RandomPoliciesAsChainsOfFilters) { compare_many({.chain = true}); }

TEST(KernelAgree, RandomPoliciesWithoutPrivileges) {
  if (geteuid() != 0) GTEST_SKIP() << "already without privileges";
  compare_many({.as_nobody = true});
  compare_many({.as_nobody = true, .chain = true});
}

}  // namespace
}  // namespace seclude::exhaustive
