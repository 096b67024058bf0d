// Stack: policies shared out among filters that are too short for them.
#include "filter/stack.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "filter/decide.h"
#include "filter/evaluate.h"
#include "filter/meaning.h"
#include "filter/resolve.h"
#include "policy/load.h"

namespace seclude::filter {
namespace {

constexpr size_t short_program = 40;

Rules rules_of(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  const auto find = [](const policy::Wanted& wanted) { return policy::built_in(wanted); };
  const policy::Texts texts =
      policy::load({.name = "test", .text = text}, find, sources, diagnostics);
  Resolved resolved = resolve(texts, {.native = calls::Arch::x86_64}, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors());
  return resolved.phases.front().rules;
}

Rules several() {
  return rules_of(
      "policy a\n"
      "architectures x86_64, aarch64\n"
      "allow read, write, exit_group\n"
      "allow socket where family == 1 and type within SOCK_CLOEXEC|SOCK_NONBLOCK|1\n"
      "allow kill where pid in (1..5, 9, 17..40) and sig in (1, 5, 9..12)\n"
      "deny setpgid with EINVAL where pid in (3, 7, 100..200)\n"
      "allow setpgid where pgid < 1000\n"
      "trap tkill where tid in (3, 77) or sig == 9\n"
      "allow tkill where tid < 70000\n"
      "allow lseek where whence in (0, 2) and offset in (0..4096, 0x100000000..0x1ffffffff)\n"
      "allow ioctl where cmd in (0x5401, 0x5413, 0x541b, 0x8912)\n"
      "kill personality where persona != 0\n"
      "otherwise deny with EACCES\n");
}

Stack stack_of(Store& store, const Rules& rules, const StackOptions& options) {
  auto made = compile_stack(store, rules, options);
  EXPECT_TRUE(made) << made.error().message;
  return made ? std::move(*made) : Stack{};
}

TEST(CompileStack, OneProgramWhereOneIsEnough) {
  Store store;
  const Stack stack = stack_of(store, several(), {});
  ASSERT_EQ(stack.programs.size(), 1u);
  EXPECT_EQ(stack.programs.front(), compile(store, several())->program);
}

TEST(CompileStack, ShortProgramsMeanThePolicyTogetherInAnyOrder) {
  Store store;
  const Rules rules = several();
  const Stack stack = stack_of(store, rules, {.longest_program = short_program});
  ASSERT_GT(stack.programs.size(), 2u);
  for (const Program& program : stack.programs) EXPECT_LE(program.size(), short_program);
  EXPECT_EQ(stack.decision, decide(store, rules, Mediated::AsAllow));
  std::vector<Program> turned = stack.programs;
  std::reverse(turned.begin(), turned.end());
  EXPECT_TRUE(prove_stack(store, rules, turned));
}

// The kernel's bitmap can answer a call only when every filter of the chain allows it outright.
TEST(CompileStack, WhatNeedsNoArgumentStaysCacheable) {
  Store store;
  const Rules rules = several();
  const Stack chain = stack_of(store, rules, {.longest_program = short_program});
  const Stack whole = stack_of(store, rules, {});
  std::vector<uint32_t> wanted = constant_allows(whole.programs.front(), calls::Arch::x86_64);
  ASSERT_FALSE(wanted.empty());
  for (const uint32_t number : wanted)
    for (const Program& program : chain.programs)
      EXPECT_TRUE(is_constant_allow(program, calls::info(calls::Arch::x86_64).audit, number));
}

TEST(ProveStack, AMissingProgramIsFound) {
  Store store;
  const Rules rules = several();
  const Stack stack = stack_of(store, rules, {.longest_program = short_program});
  for (size_t i = 0; i < stack.programs.size(); ++i) {
    std::vector<Program> others = stack.programs;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    store.clear();
    const auto proven = prove_stack(store, rules, others);
    ASSERT_FALSE(proven) << i;
    ASSERT_TRUE(proven.error().witness) << i;
    EXPECT_NE(proven.error().witness->left, proven.error().witness->right);
  }
}

// What running the programs one by one gives, the strictest of it.
Action answer(const std::vector<Program>& programs, const Input& input) {
  Action strictest = Action::allow();
  for (const Program& program : programs) {
    const Action one{evaluate(program, input).ret};
    if (strictness(one) <= strictness(strictest)) strictest = one;
  }
  return strictest;
}

// A test or an answer of one program is another; nullopt: it is neither.
std::optional<std::vector<Program>> altered(std::vector<Program> programs, size_t i, size_t at) {
  Instruction& instruction = programs[i][at];
  if (instruction.code == op::ld_abs || instruction.code == op::ja) return std::nullopt;
  if (instruction.code == op::ret_k) {
    instruction.k = instruction.k == Action::allow_ ? Action::trap_ : Action::allow_;
  } else {
    instruction.k ^= 1;
  }
  return programs;
}

TEST(ProveStack, AnAlteredInstructionIsFound) {
  Store store;
  const Rules rules = several();
  const Stack stack = stack_of(store, rules, {.longest_program = short_program});
  size_t found = 0, without_effect = 0;
  for (size_t i = 0; i < stack.programs.size(); ++i) {
    for (size_t at = 0; at < stack.programs[i].size(); ++at) {
      const auto programs = altered(stack.programs, i, at);
      if (!programs) continue;
      store.clear();
      const auto proven = prove_stack(store, rules, *programs);
      // Foreign architectures and x32 are killed by every program, so that one may let them go.
      if (proven) {
        ++without_effect;
        continue;
      }
      ++found;
      ASSERT_TRUE(proven.error().witness);
      const Difference& witness = *proven.error().witness;
      EXPECT_EQ(answer(*programs, witness.input), witness.right);
      EXPECT_EQ(answer(stack.programs, witness.input), witness.left);
      EXPECT_EQ(normalised(meaning(rules, witness.input).action.ret), witness.left);
    }
  }
  EXPECT_GT(found, 80u);
  EXPECT_LE(without_effect, 5 * stack.programs.size());
}

TEST(CompileStack, ACallThatIsTooLongAloneIsNamedWithTheFigures) {
  Store store;
  const auto made = compile_stack(store, several(), {.longest_program = 20});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message,
            "the rules of kill on x86_64 alone need at least 23 instructions, the kernel takes 20 "
            "in a filter");
}

// Thousands of tests that have nothing in common, of one word under many masks and of pairs of
// words. Weighing them against each other took minutes; one after another they were more than the
// stack held.
TEST(CompileStack, ThousandsOfTestsAreRefusedSoon) {
  std::string masks = "policy a\narchitectures x86_64\notherwise kill\n", pairs = masks;
  for (unsigned i = 1; i <= 3000; ++i)
    masks += fmt::format("allow ioctl where fd & {} == {} or cmd & {} == 0\n", i, i & ~2u, 3 * i);
  for (unsigned i = 0; i < 20000; ++i)
    pairs += fmt::format("allow ioctl where fd == {} and cmd == {}\n", 7 * i, 13 * i);
  for (const std::string& text : {masks, pairs}) {
    const auto begin = std::chrono::steady_clock::now();
    Store store(chain_node_limit);
    const auto made = compile_stack(store, rules_of(text), {});
    ASSERT_FALSE(made);
    EXPECT_GT(made.error().too_long, max_program_length);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  }
}

TEST(CompileStack, AChainThatIsTooLongIsRefusedWithTheFigures) {
  Store store;
  const Stack stack = stack_of(store, several(), {.longest_program = short_program});
  const size_t length = chain_length(stack.programs);
  EXPECT_TRUE(
      compile_stack(store, several(), {.longest_program = short_program, .longest_chain = length}));
  const auto made = compile_stack(store, several(),
                                  {.longest_program = short_program, .longest_chain = length - 1});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "the policy needs a chain of " +
                                      std::to_string(stack.programs.size()) + " filters with " +
                                      std::to_string(length) +
                                      " instructions after the kernel's conversion, which takes " +
                                      std::to_string(length - 1) + " in all");
}

TEST(ChainLength, IsWhatTheLastFilterIsHeldAgainst) {
  const Program smallest = {{op::ret_k, 0, 0, Action::allow_}};
  const size_t one = converted_length(smallest);
  EXPECT_EQ(chain_length({}), 0u);
  EXPECT_EQ(chain_length({smallest}), one);
  EXPECT_EQ(chain_length({smallest, smallest, smallest}), 3 * one + 8);
}

TEST(ProveStack, NoProgramsAndOversizeProgramsAreRefused) {
  Store store;
  EXPECT_FALSE(prove_stack(store, several(), {}));
  Program oversize(max_program_length, {op::ja, 0, 0, 0});
  oversize.push_back({op::ret_k, 0, 0, Action::allow_});
  const Stack stack = stack_of(store, several(), {.longest_program = short_program});
  std::vector<Program> programs = stack.programs;
  programs.push_back(oversize);
  EXPECT_FALSE(prove_stack(store, several(), programs));
}

}  // namespace
}  // namespace seclude::filter
