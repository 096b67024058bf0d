// Lift: what it says a program means is what running the program says, on every input tried; equal
// programs get equal decisions; what is too much is refused by name, never guessed.
#include "filter/lift.h"

#include <gtest/gtest.h>

#include "filter/action.h"
#include "filter/evaluate.h"
#include "filter/lifting/lift_runs.h"
#include "filter/lifting/lift_words.h"
#include "support/random_program.h"

namespace seclude::filter {
namespace {

using testing::Random;

std::string text(const Program& program) {
  std::string lines;
  for (const Instruction& each : program) {
    lines += "  {" + std::to_string(each.code) + ", " + std::to_string(each.jt) + ", " +
             std::to_string(each.jf) + ", " + std::to_string(each.k) + "},\n";
  }
  return lines;
}

uint32_t answer(const Store& store, const Decision& decision, const Input& input) {
  return store.evaluate(decision.at(input.arch, input.number), input);
}

// Random inputs, and the exact place of each of the decision's borders.
void expect_same(const Store& store, const Decision& decision, const Program& program,
                 bool big_endian, Random& random) {
  auto check = [&](const Input& input) {
    uint32_t wanted = normalised(evaluate(program, input, big_endian).ret).ret;
    ASSERT_EQ(answer(store, decision, input), wanted)
        << "seed " << testing::seed_from_environment() << ", arch " << input.arch << ", number "
        << input.number << "\n"
        << text(program);
  };
  for (int i = 0; i < 40; ++i) check(testing::random_input(random, program));
  for (const ArchRuns& arch : decision.archs) {
    for (const Run& run : arch.runs) {
      Input input = testing::random_input(random, program);
      input.arch = arch.audit;
      input.number = run.first;
      check(input);
      --input.number;
      check(input);
    }
  }
}

bool has_register_product(const Program& program) {
  for (const Instruction& each : program) {
    if (each.code == op::mul_x || each.code == op::div_x) return true;
  }
  return false;
}

TEST(Lift, AgreesWithRunningRandomPrograms) {
  Random random(testing::seed_from_environment());
  Store store(1 << 16);
  size_t easy = 0, easy_lifted = 0;
  for (size_t round = testing::rounds_from_environment(6000); round > 0; --round) {
    Program program = testing::valid_program(random, 1 + random() % 60);
    bool big_endian = random() % 4 == 0;
    store.clear();
    auto lifted = lift(store, program, big_endian);
    bool is_easy = !has_register_product(program);
    easy += is_easy;
    const Decision* decision = std::get_if<Decision>(&lifted);
    if (decision == nullptr) continue;
    easy_lifted += is_easy;
    expect_same(store, *decision, program, big_endian, random);
    if (HasFatalFailure()) return;
  }
  // 99 of 100, and a few more for short runs.
  EXPECT_LE(easy - easy_lifted, easy / 100 + 3) << easy_lifted << " of " << easy;
}

TEST(Lift, AgreesWithRunningCompiledPrograms) {
  Random random(testing::seed_from_environment() + 1);
  Store store, words(1 << 18);
  size_t by_runs = 0, by_words = 0, rounds = testing::rounds_from_environment(6000);
  for (size_t round = rounds; round > 0; --round) {
    Program program = testing::compiled_program(random, 1 + random() % 60);
    bool big_endian = random() % 4 == 0;
    store.clear();
    auto lifted = lift(store, program, big_endian);
    ASSERT_TRUE(std::holds_alternative<Decision>(lifted)) << text(program);
    const Decision& decision = std::get<Decision>(lifted);
    expect_same(store, decision, program, big_endian, random);
    if (HasFatalFailure()) return;

    // Both halves, where both can, end in the same canonical decision.
    std::optional<Decision> fast = lift_runs(store, program, big_endian);
    auto general = lift_words(store, program, big_endian);
    if (fast) {
      ASSERT_EQ(*fast, decision) << text(program);
      ++by_runs;
    }
    // The general half may take more nodes than this store has, but seldom.
    if (std::holds_alternative<Undecided>(general)) continue;
    ASSERT_EQ(split(store, std::get<Id>(general)), decision) << text(program);
    ASSERT_FALSE(store.exhausted());
    ++by_words;
  }
  EXPECT_GT(by_runs, rounds / 2) << "the fast half is hardly tested";
  EXPECT_GE(by_words + 1, rounds - rounds / 1000) << "the general half gives up too often";
}

Decision lift_or_fail(Store& store, const Program& program) {
  EXPECT_FALSE(invalid(program).has_value());
  auto lifted = lift(store, program);
  if (const Undecided* undecided = std::get_if<Undecided>(&lifted)) {
    ADD_FAILURE() << undecided->at << ": " << undecided->why;
    return {{}, {{0, store.no()}}};
  }
  return std::get<Decision>(lifted);
}

constexpr uint32_t x86_64 = 0xc000003e, allow = Action::allow_, kill = Action::kill_process;

TEST(Lift, NamesArchitecturesAndRuns) {
  Store store;
  Program program{
      {op::ld_abs, 0, 0, offset_arch}, {op::jeq_k, 0, 4, x86_64}, {op::ld_abs, 0, 0, offset_number},
      {op::jge_k, 2, 0, 100},          {op::jeq_k, 1, 0, 7},      {op::ret_k, 0, 0, allow | 12},
      {op::ret_k, 0, 0, kill}};
  Id allowed = store.terminal(allow), killed = store.terminal(kill);
  Decision wanted{{{x86_64, {{0, allowed}, {7, killed}, {8, allowed}, {100, killed}}}},
                  {{0, killed}}};
  EXPECT_EQ(lift_or_fail(store, program), wanted);
}

TEST(Lift, DifferentProgramsOfOneMeaningAreEqual) {
  Store store(1 << 20);
  // (flags & 0xf) == 5, by AND, by shifts, by subtraction and scratch memory.
  uint32_t low = offset_args + 8;
  Program by_and{{op::ld_abs, 0, 0, low},
                 {op::and_k, 0, 0, 15},
                 {op::jeq_k, 0, 1, 5},
                 {op::ret_k, 0, 0, allow},
                 {op::ret_k, 0, 0, kill}};
  Program by_shift{{op::ld_abs, 0, 0, low}, {op::lsh_k, 0, 0, 28},    {op::rsh_k, 0, 0, 28},
                   {op::jeq_k, 0, 1, 5},    {op::ret_k, 0, 0, allow}, {op::ret_k, 0, 0, kill}};
  Program by_scratch{{op::ld_abs, 0, 0, low}, {op::sub_k, 0, 0, 5},    {op::st, 0, 0, 3},
                     {op::ldx_imm, 0, 0, 15}, {op::ld_mem, 0, 0, 3},   {op::and_x, 0, 0, 0},
                     {op::jset_k, 0, 1, 15},  {op::ret_k, 0, 0, kill}, {op::ret_k, 0, 0, allow}};
  Decision wanted = lift_or_fail(store, by_and);
  EXPECT_EQ(lift_or_fail(store, by_shift), wanted);
  EXPECT_EQ(lift_or_fail(store, by_scratch), wanted);
  by_shift[2].k = 27;
  EXPECT_NE(lift_or_fail(store, by_shift), wanted);
}

TEST(Lift, LooksAtTheNumberAgainAfterArguments) {
  Store store;
  Program program{{op::ld_abs, 0, 0, offset_number},     {op::jeq_k, 0, 2, 16},
                  {op::ld_abs, 0, 0, offset_args},       {op::jeq_k, 3, 0, 1},
                  {op::ld_abs, 0, 0, offset_number},     {op::jeq_k, 0, 1, 16},
                  {op::ret_k, 0, 0, Action::errno_ | 1}, {op::ret_k, 0, 0, allow}};
  EXPECT_TRUE(lift_runs(store, program, false).has_value());
  Decision decision = lift_or_fail(store, program);
  Input input;
  input.number = 16;
  EXPECT_EQ(answer(store, decision, input), Action::errno_ | 1);
  input.args[0] = 1;
  EXPECT_EQ(answer(store, decision, input), allow);
}

// Code after an argument test that asks for the number again means something else for each number
// that shares it: what is remembered for one must not answer for another.
TEST(Lift, SharedCodeThatReloadsTheNumberIsNotShared) {
  Store store;
  Program program{{op::ld_abs, 0, 0, offset_number},
                  {op::jeq_k, 3, 0, 1},
                  {op::jeq_k, 2, 0, 2},
                  {op::jeq_k, 1, 0, 9},
                  {op::ret_k, 0, 0, kill},
                  {op::ld_abs, 0, 0, offset_args},
                  {op::jeq_k, 0, 3, 4},
                  {op::ld_abs, 0, 0, offset_number},
                  {op::jge_k, 0, 1, 2},
                  {op::ret_k, 0, 0, allow},
                  {op::ret_k, 0, 0, Action::errno_ | 1}};
  std::optional<Decision> fast = lift_runs(store, program, false);
  ASSERT_TRUE(fast.has_value());
  auto four = [&](uint32_t match, uint32_t other) {
    return store.test(Group::Arg0, UINT32_MAX, 4, store.terminal(match), store.terminal(other));
  };
  Id killed = store.terminal(kill), refused = store.terminal(Action::errno_ | 1);
  Id checked = four(allow, Action::errno_ | 1);
  EXPECT_EQ(
      fast->other,
      (Runs{{0, killed}, {1, refused}, {2, checked}, {3, killed}, {9, checked}, {10, killed}}));
  auto general = lift_words(store, program, false);
  EXPECT_EQ(split(store, std::get<Id>(general)), *fast);
}

// The same one level up: what only hears of the number from others it asks, one of them remembered,
// the last of them without any need for it.
TEST(Lift, WhatSharesSharedCodeIsNotSharedEither) {
  Store store;
  auto argument = [](uint8_t index) {
    return Instruction{op::ld_abs, 0, 0, offset_of_half(index, false, false)};
  };
  Program program{{op::ld_abs, 0, 0, offset_number},
                  {op::jeq_k, 2, 0, 1},
                  {op::jeq_k, 1, 0, 2},
                  {op::ret_k, 0, 0, kill},
                  argument(0),
                  {op::jeq_k, 2, 0, 4},  // 4: to 8, else
                  {op::jeq_k, 3, 0, 5},
                  {op::jeq_k, 4, 4, 0},  // 5: to 10, else to 12
                  argument(1),
                  {op::jeq_k, 4, 6, 5},
                  argument(2),
                  {op::jeq_k, 2, 4, 6},
                  argument(3),
                  {op::jeq_k, 3, 2, 7},
                  {op::ld_abs, 0, 0, offset_number},
                  {op::jge_k, 1, 0, 2},
                  {op::ret_k, 0, 0, kill},
                  {op::ret_k, 0, 0, allow}};
  std::optional<Decision> fast = lift_runs(store, program, false);
  ASSERT_TRUE(fast.has_value());
  for (uint32_t number = 0; number < 4; ++number) {
    for (uint64_t values = 0; values < 81; ++values) {
      Input input;
      input.number = number;
      input.args = {3 + values % 3, 5 + values / 3 % 3, 5 + values / 9 % 3, 5 + values / 27};
      ASSERT_EQ(answer(store, *fast, input), evaluate(program, input).ret)
          << number << " " << values;
    }
  }
}

// The same for the architecture, whose tests may come after those of arguments.
TEST(Lift, SharedCodeThatTestsTheArchitectureIsNotShared) {
  Store store;
  Program program{{op::ld_abs, 0, 0, offset_args}, {op::jeq_k, 0, 3, 4},
                  {op::ld_abs, 0, 0, offset_arch}, {op::jeq_k, 0, 1, x86_64},
                  {op::ret_k, 0, 0, allow},        {op::ret_k, 0, 0, kill}};
  std::optional<Decision> fast = lift_runs(store, program, false);
  ASSERT_TRUE(fast.has_value());
  Id killed = store.terminal(kill);
  Id checked = store.test(Group::Arg0, UINT32_MAX, 4, store.terminal(allow), killed);
  EXPECT_EQ(*fast, (Decision{{{x86_64, {{0, checked}}}}, {{0, killed}}}));
}

TEST(Lift, ReturnsWhatTheKernelDoes) {
  Store store;
  auto constant = [&](uint32_t ret) {
    Decision decision = lift_or_fail(store, {{op::ret_k, 0, 0, ret}});
    return store.value(decision.at(0, 0));
  };
  EXPECT_EQ(constant(Action::errno_ | 5000), Action::errno_ | 4095);
  EXPECT_EQ(constant(0x12345678), kill);
  EXPECT_EQ(constant(allow | 99), allow);
  // RET A: kinds as computed, unknown ones kill, data only where it matters.
  Program computed{
      {op::ld_abs, 0, 0, offset_args}, {op::and_k, 0, 0, 0x7fff00ff}, {op::ret_a, 0, 0, 0}};
  Decision decision = lift_or_fail(store, computed);
  for (uint32_t word : {0x7fff0001u, 0x00050007u, 0x0005f007u, 0x12340000u, 0u, 1u}) {
    Input input;
    input.args[0] = word;
    EXPECT_EQ(answer(store, decision, input), normalised(word & 0x7fff00ff).ret) << word;
  }
}

TEST(Lift, DivisionByAZeroRegisterReturnsZero) {
  Store store(1 << 20);
  Program program{{op::ld_abs, 0, 0, offset_args}, {op::and_k, 0, 0, 3},   {op::tax, 0, 0, 0},
                  {op::ld_imm, 0, 0, 12},          {op::div_x, 0, 0, 0},   {op::jeq_k, 0, 1, 4},
                  {op::ret_k, 0, 0, allow},        {op::ret_k, 0, 0, kill}};
  Decision decision = lift_or_fail(store, program);
  for (uint64_t divisor : {0, 1, 2, 3, 4}) {
    Input input;
    input.args[0] = divisor;
    EXPECT_EQ(answer(store, decision, input), evaluate(program, input).ret) << divisor;
  }
}

TEST(Lift, RefusesByNameWhatIsTooMuch) {
  Store store(10000);
  Program product{{op::ld_abs, 0, 0, offset_args},
                  {op::tax, 0, 0, 0},
                  {op::ld_abs, 0, 0, offset_args + 8},
                  {op::mul_x, 0, 0, 0},
                  {op::jeq_k, 0, 1, 77},
                  {op::ret_k, 0, 0, allow},
                  {op::ret_k, 0, 0, kill}};
  auto lifted = lift(store, product);
  ASSERT_TRUE(std::holds_alternative<Undecided>(lifted));
  EXPECT_EQ(std::get<Undecided>(lifted).at, 3u);
  EXPECT_EQ(std::get<Undecided>(lifted).why, "this product (more than 10000 nodes)");

  store.clear();
  store.set_node_limit(1 << 20);
  Program any_trap{{op::ld_abs, 0, 0, offset_args},
                   {op::and_k, 0, 0, 0xffff},
                   {op::or_k, 0, 0, Action::trap_},
                   {op::ret_a, 0, 0, 0}};
  lifted = lift(store, any_trap);
  ASSERT_TRUE(std::holds_alternative<Undecided>(lifted));
  EXPECT_EQ(std::get<Undecided>(lifted).at, 3u);
  EXPECT_EQ(std::get<Undecided>(lifted).why, "the returned word has more than 4096 values");
}

// A chain of tests over all arguments in turn: no single one is too much, some one is the last that
// fits.
TEST(Lift, NamesTheTestThatIsTooMuchInAChain) {
  Program chain;
  for (uint32_t i = 0; i < 300; ++i) {
    chain.push_back({op::ld_abs, 0, 0, offset_args + 8 * (i % 6)});
    chain.push_back({op::jeq_k, 0, 1, i * 0x9E3779B1u});
    chain.push_back({op::ret_k, 0, 0, Action::deny(static_cast<uint16_t>(1 + i)).ret});
  }
  chain.push_back({op::ret_k, 0, 0, allow});
  Store store(10000);
  auto lifted = lift(store, chain);
  ASSERT_TRUE(std::holds_alternative<Undecided>(lifted));
  EXPECT_GT(std::get<Undecided>(lifted).at, 0u);
  EXPECT_LT(std::get<Undecided>(lifted).at, chain.size() - 1);
  EXPECT_EQ(chain[std::get<Undecided>(lifted).at].code, op::jeq_k);
  EXPECT_EQ(std::get<Undecided>(lifted).why,
            "what it and all that follows decide (more than 10000 nodes)");
}

// Joins of many ways with different values must not multiply: one state for each instruction.
TEST(Lift, WaysThatMeetDoNotMultiply) {
  Store store(1 << 20);
  Program program{{op::ld_imm, 0, 0, 0}};
  for (uint32_t i = 0; i < 32; ++i) {  // A = a rearrangement of the bits of args[0]
    program.push_back({op::st, 0, 0, 0});
    program.push_back({op::ld_abs, 0, 0, offset_args});
    program.push_back({op::jset_k, 1, 0, uint32_t{1} << i});
    program.push_back({op::ja, 0, 0, 3});
    program.push_back({op::ld_mem, 0, 0, 0});
    program.push_back({op::or_k, 0, 0, uint32_t{1} << (31 - i)});
    program.push_back({op::ja, 0, 0, 1});
    program.push_back({op::ld_mem, 0, 0, 0});
  }
  program.insert(
      program.end(),
      {{op::jeq_k, 0, 1, 0x80000001}, {op::ret_k, 0, 0, allow}, {op::ret_k, 0, 0, kill}});
  Decision decision = lift_or_fail(store, program);
  Id wanted =
      store.test(Group::Arg0, UINT32_MAX, 0x80000001, store.terminal(allow), store.terminal(kill));
  EXPECT_EQ(decision, (Decision{{}, {{0, wanted}}}));
}

}  // namespace
}  // namespace seclude::filter
