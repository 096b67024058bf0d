// Emit: programs against plain rule semantics (meaning.h), on random rules and on the inputs where
// mistakes live: around every constant, with high halves changed and single bits turned over.
#include "filter/emit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "calls/arch.h"
#include "filter/cost.h"
#include "filter/decide.h"
#include "filter/evaluate.h"
#include "filter/lift.h"
#include "filter/meaning.h"

namespace seclude::filter {
namespace {

using calls::Arch;

uint32_t audit(Arch arch) { return calls::info(arch).audit; }

// What the program must return: the oracle's answer as the kernel sees it.
uint32_t wanted(const Rules& rules, const Input& input) {
  return normalised(meaning(rules, input).action.ret).ret;
}

bool has_big_endian(const Rules& rules) {
  return std::any_of(rules.archs.begin(), rules.archs.end(),
                     [](const ArchRules& arch) { return calls::info(arch.arch).big_endian; });
}

bool is_big_endian(const Input& input) {
  for (Arch arch : calls::all_archs)
    if (audit(arch) == input.arch) return calls::info(arch).big_endian;
  return false;
}

Program compile(const Rules& rules, const EmitOptions& options = {}) {
  Store store;
  Decision decision = decide(store, rules, Mediated::AsAllow);
  EXPECT_FALSE(store.exhausted());
  return emit(store, rules, decision, options);
}

Test test(Field field, Compare op, uint64_t value) {
  Test made;
  made.field = field;
  made.op = op;
  made.mask = field.bits == 64 ? ~uint64_t{0} : (uint64_t{1} << field.bits) - 1;
  made.value = value;
  return made;
}

Condition where(Test made) {
  Condition condition;
  condition.kind = Condition::Kind::Test;
  condition.test = std::move(made);
  return condition;
}

Condition join(Condition::Kind kind, std::vector<Condition> children) {
  Condition condition;
  condition.kind = kind;
  condition.children = std::move(children);
  return condition;
}

struct Call {
  uint32_t number;
  std::vector<std::pair<Action, Condition>> rules;
  Action otherwise = Action::deny(1);
};

ArchRules arch_rules(Arch arch, const std::vector<Call>& calls) {
  ArchRules made;
  made.arch = arch;
  made.unknown = Action::deny(38);
  for (const Call& call : calls) {
    NumberRules number;
    number.number = call.number;
    number.otherwise = call.otherwise;
    number.first_rule = static_cast<uint32_t>(made.rules.size());
    for (const auto& [action, condition] : call.rules) {
      Rule rule;
      rule.action = action;
      rule.where = condition;
      made.rules.push_back(rule);
    }
    number.end_rule = static_cast<uint32_t>(made.rules.size());
    made.numbers.push_back(number);
  }
  return made;
}

Rules one_call(Condition condition) {
  return {{arch_rules(Arch::x86_64, {{7, {{Action::allow(), std::move(condition)}}}})}};
}

Input input(uint32_t number, std::array<uint64_t, 6> args) {
  Input made;
  made.number = number;
  made.arch = audit(Arch::x86_64);
  made.args = args;
  return made;
}

// ---- random rules
// ---------------------------------------------------------------------------------

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t below(uint64_t bound) { return engine_() % bound; }
  bool once_in(uint64_t n) { return below(n) == 0; }

  Rules rules() {
    Rules made;
    static constexpr Arch choices[] = {Arch::x86_64, Arch::x32, Arch::x86, Arch::s390x};
    for (Arch arch : choices)
      if (arch == Arch::x86_64 || once_in(3)) made.archs.push_back(arch_rules(arch));
    if (once_in(4)) std::swap(made.archs.front(), made.archs.back());
    return made;
  }

  // Values near the constants of the rules, and far from them.
  Input input(const Rules& rules) {
    Input made;
    const ArchRules& arch = rules.archs[below(rules.archs.size())];
    made.arch = once_in(20) ? static_cast<uint32_t>(engine_()) : audit(arch.arch);
    made.number = arch.numbers[below(arch.numbers.size())].number;
    if (once_in(6)) made.number += static_cast<uint32_t>(below(3)) - 1;
    if (once_in(20)) made.number ^= uint32_t{1} << (30 + below(2));
    for (uint64_t& arg : made.args) arg = near_constant();
    return made;
  }

 private:
  uint64_t constant() {
    static constexpr uint64_t interesting[] = {0,
                                               1,
                                               2,
                                               3,
                                               4,
                                               7,
                                               8,
                                               0x7f,
                                               0xff,
                                               0x7fff,
                                               0x8000,
                                               0xffff,
                                               0x7fffffff,
                                               0x80000000,
                                               0xffffffff,
                                               0x100000000,
                                               0x7fffffffffffffff,
                                               0x8000000000000000};
    uint64_t value = interesting[below(std::size(interesting))];
    if (once_in(3)) value = below(10);
    if (once_in(3)) value |= below(4) << 32;
    if (once_in(6)) value = ~value;
    return value;
  }

  uint64_t near_constant() {
    uint64_t value = constant() + below(3) - 1;
    if (once_in(3)) value ^= uint64_t{1} << below(64);
    if (once_in(4)) value ^= below(3) << 32;
    return value;
  }

  Test test(Arch arch) {
    Test made;
    static constexpr uint8_t widths[] = {16, 32, 32, 64, 64};
    made.field.bits = widths[below(std::size(widths))];
    made.field.low = static_cast<uint8_t>(below(3));
    made.field.is_signed = once_in(3);
    if (made.field.bits == 64 && (calls::info(arch).word_bits == 32 || once_in(10)))
      made.field.high = static_cast<uint8_t>(made.field.low + 1);
    uint64_t bits = made.field.bits == 64 ? ~uint64_t{0} : (uint64_t{1} << made.field.bits) - 1;
    made.op = static_cast<Compare>(below(12));
    made.mask = once_in(3) ? constant() & bits : bits;
    made.value = constant() & bits;
    if (made.op <= Compare::GreaterEqual) made.value &= made.mask;
    if (made.op == Compare::HasAll || made.op == Compare::HasAny || made.op == Compare::Lacks)
      made.mask = bits;
    if (made.op == Compare::In || made.op == Compare::NotIn) add_ranges(made, bits);
    return made;
  }

  void add_ranges(Test& made, uint64_t bits) {
    size_t count = 1 + below(4);
    for (size_t i = 0; i < count; ++i) {
      uint64_t low = constant() & made.mask & bits;
      uint64_t high = once_in(2) ? low : constant() & made.mask & bits;
      unsigned unused = 64u - made.field.bits;
      bool swapped = made.field.is_signed ? static_cast<int64_t>(high << unused) <
                                                static_cast<int64_t>(low << unused)
                                          : high < low;
      if (swapped) std::swap(low, high);
      made.ranges.emplace_back(low, high);
    }
  }

  Condition condition(Arch arch, unsigned depth) {
    if (once_in(30)) return once_in(2) ? Condition{} : join(Condition::Kind::Or, {});
    if (depth == 0 || once_in(2)) return where(test(arch));
    if (once_in(5)) return join(Condition::Kind::Not, {condition(arch, depth - 1)});
    std::vector<Condition> children;
    for (size_t i = 0; i < 2 + below(2); ++i) children.push_back(condition(arch, depth - 1));
    return join(once_in(2) ? Condition::Kind::And : Condition::Kind::Or, std::move(children));
  }

  // Of each strictness one action only: two that tie on one input are an error in a policy.
  Action action() {
    static const Action actions[] = {Action::kill(),   Action::kill_thread(), Action::trap(3),
                                     Action::deny(13), Action::ask(),         Action::trace(9),
                                     Action::log(),    Action::allow(),       Action::allow()};
    return actions[below(std::size(actions))];
  }

  ArchRules arch_rules(Arch arch) {
    std::vector<Call> calls;
    uint32_t number = calls::info(arch).number_bit + static_cast<uint32_t>(below(3));
    size_t count = 1 + below(8);
    for (size_t i = 0; i < count; ++i) {
      Call call = {number, {}, action()};
      size_t rules = below(7);
      for (size_t r = 0; r < rules; ++r)
        call.rules.emplace_back(action(),
                                rules > 1 || once_in(2) ? condition(arch, 2) : Condition{});
      calls.push_back(std::move(call));
      number += 1 + (once_in(2) ? 0 : static_cast<uint32_t>(below(40)));
    }
    return filter::arch_rules(arch, calls);
  }

  std::mt19937_64 engine_;
};

bool only_uses_what_the_bitmap_knows(const Program& program) {
  for (const Instruction& instruction : program) switch (instruction.code) {
      case op::ld_abs:
      case op::ret_k:
      case op::ja:
      case op::jeq_k:
      case op::jge_k:
      case op::jgt_k:
      case op::jset_k:
      case op::and_k:
        break;
      default:
        return false;
    }
  return true;
}

// Unconditional jumps on the way of one input.
size_t extra_jumps(const Program& program, const Input& input) {
  std::vector<uint32_t> path;
  evaluate(program, input, false, &path);
  return static_cast<size_t>(std::count_if(
      path.begin(), path.end(), [&](uint32_t at) { return program[at].code == op::ja; }));
}

// Calls that are allowed whatever their arguments, but for which the kernel would run the program.
size_t missing_in_bitmap(const Store& store, const Rules& rules, const Decision& decision,
                         const Program& program) {
  size_t missing = 0;
  for (const ArchRules& arch : rules.archs) {
    for (const NumberRules& number : arch.numbers) {
      Id id = decision.at(audit(arch.arch), number.number);
      bool always_allowed = store.is_terminal(id) && store.value(id) == Action::allow().ret;
      if (always_allowed != is_constant_allow(program, audit(arch.arch), number.number)) ++missing;
    }
  }
  return missing;
}

// Every program is valid, proven equal to its rules by lifting it back, and answers like the
// oracle.
TEST(Emit, RandomRulesAnswerLikeTheOracle) {
  const char* wish = std::getenv("SECLUDE_ROUNDS");
  uint64_t count = wish ? std::strtoull(wish, nullptr, 10) : 5000;
  Store store(1u << 20);
  for (uint64_t seed = 1; seed <= count; ++seed) {
    Random random(seed);
    Rules rules = random.rules();
    EmitOptions options;
    options.optimise = static_cast<Optimise>(seed % 3);
    options.kernel_has_bitmap = seed % 2 == 0;
    store.clear();
    Decision decision = decide(store, rules, Mediated::AsAllow);
    Program program = emit(store, rules, decision, options);
    ASSERT_FALSE(invalid(program)) << "seed " << seed << ": " << invalid(program)->why;
    ASSERT_TRUE(only_uses_what_the_bitmap_knows(program)) << "seed " << seed;
    for (int i = 0; i < 100; ++i) {
      Input tried = random.input(rules);
      uint32_t got = evaluate(program, tried, is_big_endian(tried)).ret;
      ASSERT_EQ(got, wanted(rules, tried)) << "seed " << seed << " input " << i;
    }
    ASSERT_EQ(missing_in_bitmap(store, rules, decision, program), 0u) << "seed " << seed;
    if (has_big_endian(rules)) continue;  // a program is lifted in one byte order
    std::variant<Decision, Undecided> lifted = lift(store, program);
    ASSERT_TRUE(std::holds_alternative<Decision>(lifted)) << "seed " << seed;
    ASSERT_TRUE(std::get<Decision>(lifted) == decision) << "seed " << seed;
  }
}

Field word(uint8_t arg) { return {32, arg, std::nullopt, false}; }
Field wide(uint8_t arg) { return {64, arg, std::nullopt, false}; }

size_t count(const Program& program, uint16_t code) {
  return static_cast<size_t>(
      std::count_if(program.begin(), program.end(),
                    [&](const Instruction& instruction) { return instruction.code == code; }));
}

TEST(Emit, ABitTestIsOneInstruction) {
  Program program = compile(one_call(where(test(word(2), Compare::Lacks, 0x243))));
  EXPECT_EQ(count(program, op::jset_k), 1u);
  EXPECT_EQ(count(program, op::and_k), 0u);
  EXPECT_EQ(evaluate(program, input(7, {0, 0, 0x40})).ret, Action::deny(1).ret);
  EXPECT_EQ(evaluate(program, input(7, {0, 0, uint64_t{0x243} << 32})).ret, Action::allow().ret);
}

TEST(Emit, NarrowArgumentsLoadOneWord) {
  Program program = compile(one_call(where(test(word(1), Compare::Equal, 5))));
  EXPECT_EQ(count(program, op::ld_abs), 3u);  // architecture, number, the low half
  EXPECT_EQ(evaluate(program, input(7, {0, 5 | uint64_t{9} << 32})).ret, Action::allow().ret);
}

TEST(Emit, TheHighHalfIsTestedOnce) {
  std::vector<Condition> values;
  for (uint64_t value : {4, 15, 16, 38})
    values.push_back(where(test(wide(0), Compare::Equal, value)));
  Program program = compile(one_call(join(Condition::Kind::Or, values)));
  EXPECT_EQ(count(program, op::ld_abs), 4u);
  EXPECT_EQ(evaluate(program, input(7, {16})).ret, Action::allow().ret);
  EXPECT_EQ(evaluate(program, input(7, {16 | uint64_t{1} << 32})).ret, Action::deny(1).ret);
}

// Two calls share the test of argument 1, but reach it with different words in the accumulator.
TEST(Emit, ASharedTailReloadsItsWord) {
  Condition tail = where(test(word(1), Compare::Equal, 9));
  auto both = [&](uint8_t arg) {
    return join(Condition::Kind::And, {where(test(word(arg), Compare::Equal, 9)), tail});
  };
  Rules rules = {{arch_rules(Arch::x86_64, {{1, {{Action::allow(), both(0)}}},
                                            {2, {{Action::allow(), both(2)}}},
                                            {3, {{Action::allow(), tail}}}})}};
  Program program = compile(rules);
  EXPECT_EQ(evaluate(program, input(1, {9, 8, 9})).ret, Action::deny(1).ret);
  EXPECT_EQ(evaluate(program, input(2, {9, 8, 9})).ret, Action::deny(1).ret);
  EXPECT_EQ(evaluate(program, input(3, {9, 8, 9})).ret, Action::deny(1).ret);
  EXPECT_EQ(evaluate(program, input(2, {0, 9, 9})).ret, Action::allow().ret);
}

// Foreign architectures and, without x32, its numbers are killed; numbers above 2^31 are unknown.
TEST(Emit, WhatIsNotListedIsKilledOrUnknown) {
  Program program = compile(one_call({}));
  Input foreign = input(7, {});
  foreign.arch = audit(Arch::x86);
  EXPECT_EQ(evaluate(program, foreign).ret, Action::kill().ret);
  EXPECT_EQ(evaluate(program, input(7 | 0x40000000, {})).ret, Action::kill().ret);
  EXPECT_EQ(evaluate(program, input(7 | 0x80000000, {})).ret, Action::deny(38).ret);
  EXPECT_EQ(evaluate(program, input(8, {})).ret, Action::deny(38).ret);
  EXPECT_EQ(evaluate(program, input(7, {})).ret, Action::allow().ret);
}

// Long programs: jumps beyond 255, and at most one extra instruction on the way.
TEST(Emit, FarJumpsCostOneInstructionAtMost) {
  for (uint32_t calls : {60u, 100u, 200u, 400u, 900u}) {
    std::vector<Call> many;
    for (uint32_t number = 0; number < calls; ++number)
      many.push_back(
          {number * 2,
           {{Action::allow(), where(test(word(number % 5), Compare::Equal, number / 5))}}});
    Rules rules = {{arch_rules(Arch::x86_64, many)}};
    Program program = compile(rules);
    ASSERT_FALSE(invalid(program)) << program.size() << ' ' << invalid(program)->why;
    for (uint32_t number = 0; number < 2 * calls; ++number) {
      for (uint64_t value : {number / 10, number / 10 + 1}) {
        Input tried = input(number, {value, value, value, value, value, value});
        ASSERT_EQ(evaluate(program, tried).ret, wanted(rules, tried)) << calls << ' ' << number;
        ASSERT_LE(extra_jumps(program, tried), 1u) << calls << ' ' << number;
      }
    }
  }
}

}  // namespace
}  // namespace seclude::filter
