// Patterns: programs filled in for other constants mean the rules with those constants, or there is
// no pattern, or it is not filled. Rules and blanks are random; the proof of any other program is
// what they are held against.
#include "filter/pattern.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "filter/compile.h"
#include "filter/stack.h"
#include "support/random_program.h"

namespace seclude::filter {
namespace {

constexpr uint8_t argument = 1;

Condition test_of(Test test) {
  Condition condition;
  condition.kind = Condition::Kind::Test;
  condition.test = std::move(test);
  return condition;
}

Condition joined(Condition::Kind kind, std::vector<Condition> children) {
  Condition condition;
  condition.kind = kind;
  condition.children = std::move(children);
  return condition;
}

Condition equals(uint8_t which, uint32_t value) {
  return test_of({.field = {.bits = 32, .low = which, .high = {}},
                  .op = Compare::Equal,
                  .mask = UINT32_MAX,
                  .value = value,
                  .ranges = {}});
}

Condition within(uint32_t first, uint32_t last) {
  return test_of({.field = {.bits = 32, .low = argument, .high = {}},
                  .op = Compare::In,
                  .mask = UINT32_MAX,
                  .value = 0,
                  .ranges = {{first, last}}});
}

// Nothing, where another value of a blank has moved the ends past each other.
Condition between(uint32_t first, uint32_t last) {
  if (first <= last) return within(first, last);
  Condition never;
  never.kind = Condition::Kind::Never;
  return never;
}

Condition has_any(uint32_t bits) {
  return test_of({.field = {.bits = 32, .low = argument, .high = {}},
                  .op = Compare::HasAny,
                  .mask = UINT32_MAX,
                  .value = bits,
                  .ranges = {}});
}

// Two calls: one with the rule, one that is allowed where another argument is 7.
Rules rules_with(Condition where) {
  ArchRules arch{.arch = calls::Arch::x86_64,
                 .numbers = {},
                 .rules = {{.action = Action::allow(), .where = std::move(where), .origin = {}},
                           {.action = Action::allow(), .where = equals(argument, 7), .origin = {}}},
                 .unknown = Action::deny(1),
                 .unknown_origin = {}};
  for (uint32_t i = 0; i < 2; ++i)
    arch.numbers.push_back({.number = 10 + 4 * i,
                            .first_rule = i,
                            .end_rule = i + 1,
                            .otherwise = Action::deny(2),
                            .otherwise_origin = {}});
  return {{std::move(arch)}};
}

// What is blank is 0 to 2; a shape says where they are.
struct Shape {
  unsigned kind = 0;
  uint32_t first = 0, last = 0;
};

Condition condition_of(const std::vector<Shape>& shapes, const Blanks& blanks) {
  std::vector<Condition> children;
  for (const Shape& shape : shapes) {
    switch (shape.kind) {
      case 0:
        children.push_back(equals(argument, blanks[0]));
        break;
      case 1:
        children.push_back(joined(Condition::Kind::Not, {equals(argument, blanks[1])}));
        break;
      case 2:
        children.push_back(equals(0, blanks[2]));
        break;
      case 3:
        children.push_back(equals(argument, 0 - blanks[2]));
        break;
      case 4:
        children.push_back(between(shape.first, blanks[0]));
        break;
      case 5:
        children.push_back(between(blanks[1], shape.last));
        break;
      default:
        children.push_back(within(shape.first, shape.last));
    }
  }
  return joined(Condition::Kind::Or, std::move(children));
}

const Blanks to_come = {0x4c1a551c, 0x5ca1ab1e, 0x7e57ab1e};
const Blanks others = {0x4c1a551d + 900, 0x5ca1ab1e + 900, 0x7e57ab1e + 900};

std::optional<Pattern> pattern_of(const Rules& rules, const Rules& rules_for_others) {
  Store store;
  auto compiled = compile(store, rules);
  EXPECT_TRUE(compiled);
  return make_pattern({{std::move(compiled->program)}, rules, to_come}, rules_for_others, others);
}

bool means(std::vector<Program> programs, const Rules& rules) {
  Store store;
  return prove_stack(store, rules, std::move(programs)).has_value();
}

// Close together and at the ends of what a word can be, so that neighbours meet.
uint32_t near_others(std::mt19937& random) {
  constexpr uint32_t bases[] = {0, 7, 100, 0x7fffffff, 0xfffffffd};
  return bases[random() % std::size(bases)] + random() % 4;
}

TEST(Pattern, IsFilledRightlyOrNotAtAll) {
  std::mt19937 random(static_cast<unsigned>(testing::seed_from_environment()));
  size_t filled = 0, refused = 0, none = 0;
  const uint64_t rounds = testing::rounds_from_environment(2000);
  for (uint64_t round = 0; round < rounds; ++round) {
    std::vector<Shape> shapes(1 + random() % 4);
    for (Shape& shape : shapes) {
      shape = {
          .kind = static_cast<unsigned>(random() % 8), .first = near_others(random), .last = 0};
      shape.last = shape.first + std::min<uint32_t>(random() % 5, UINT32_MAX - shape.first);
      const bool empty = (shape.kind == 4 && shape.first > to_come[0]) ||
                         (shape.kind == 5 && shape.last < others[1]);
      if (empty) shape.kind = 6;
    }
    const auto pattern = pattern_of(rules_with(condition_of(shapes, to_come)),
                                    rules_with(condition_of(shapes, others)));
    none += !pattern;
    if (!pattern) continue;
    wire::Writer writer;
    write(writer, *pattern);
    wire::Reader reader{writer.bytes};
    const Pattern again = read_pattern(reader);
    EXPECT_TRUE(reader.done());
    for (int i = 0; i < 8; ++i) {
      const Blanks blanks = {near_others(random), near_others(random), near_others(random)};
      auto programs = fill(again, blanks);
      refused += !programs;
      if (!programs) continue;
      ++filled;
      EXPECT_TRUE(means(std::move(*programs), rules_with(condition_of(shapes, blanks))))
          << "round " << round;
    }
  }
  EXPECT_GT(filled, refused / 50);
  EXPECT_GT(refused, 0u);
  EXPECT_LT(none, rounds / 2);
}

TEST(Pattern, IsNotMadeWhereABlankIsTestedWithAMask) {
  const auto masked = [](const Blanks& blanks) {
    return rules_with(joined(Condition::Kind::Or, {equals(argument, blanks[0]), has_any(0x10)}));
  };
  EXPECT_FALSE(pattern_of(masked(to_come), masked(others)));
  const auto blank_mask = [](const Blanks& blanks) { return rules_with(has_any(blanks[0])); };
  EXPECT_FALSE(pattern_of(blank_mask(to_come), blank_mask(others)));
}

TEST(Pattern, IsNotMadeWhereAnotherConstantChangesToo) {
  const auto plain = [](const Blanks& blanks, uint32_t more) {
    return rules_with(
        joined(Condition::Kind::Or, {equals(argument, blanks[0]), equals(argument, more)}));
  };
  EXPECT_TRUE(pattern_of(plain(to_come, 9), plain(others, 9)));
  EXPECT_FALSE(pattern_of(plain(to_come, 9), plain(others, 10)));
}

// A constant that is a blank by chance is found out: it does not change with the others.
TEST(Pattern, IsNotMadeWhereABlankCannotBeTold) {
  const Rules same = rules_with(equals(argument, to_come[0]));
  EXPECT_FALSE(pattern_of(same, same));
  const auto beside = [](const Blanks& blanks) {
    return rules_with(joined(Condition::Kind::Or,
                             {equals(argument, blanks[0]), equals(argument, to_come[0] - 1)}));
  };
  // The value before it ends where it begins: in another order that would be another cell.
  EXPECT_FALSE(pattern_of(beside(to_come), beside(others)));
}

// Ranges that a blank begins or ends, also where a word ends: all that is filled is proven.
TEST(Pattern, IsFilledRightlyWhereABlankEndsARange) {
  const auto before = [](const Blanks& blanks) { return rules_with(within(5, blanks[0])); };
  const auto behind = [](const Blanks& blanks) {
    return rules_with(within(blanks[0], 0xfffffff0));
  };
  const auto whole = [](const Blanks& blanks) { return rules_with(within(0, blanks[0])); };
  size_t filled = 0;
  for (const auto& rules_for : {+before, +behind, +whole}) {
    for (const uint32_t at : {0x4c1a551cU, 5U, 9U, UINT32_MAX, UINT32_MAX - 1, 0U, 1U}) {
      const Blanks blanks = {at}, changed = {0x4c1a5700};
      Store store;
      const Rules rules = rules_for(blanks);
      auto compiled = compile(store, rules);
      ASSERT_TRUE(compiled);
      const auto pattern = make_pattern({{std::move(compiled->program)}, rules, blanks},
                                        rules_for(changed), changed);
      if (!pattern) continue;
      for (const uint32_t value :
           {0U, 1U, 5U, 6U, 7U, 0xffffffefU, 0xfffffff0U, 0xfffffff1U, 0xfffffffeU, UINT32_MAX}) {
        auto programs = fill(*pattern, Blanks{value});
        if (!programs) continue;
        ++filled;
        EXPECT_TRUE(means(std::move(*programs), rules_for({value}))) << at << " to " << value;
      }
    }
  }
  EXPECT_GT(filled, 0u);
}

// Of two neighbours one is the other and one more, and so it is after both have moved.
TEST(Pattern, IsNotMadeOfBlanksThatCannotBeToldFromEachOther) {
  const auto makes = [](const Blanks& blanks, const Blanks& changed) {
    const Rules rules = rules_with(equals(argument, blanks[1]));
    Store store;
    auto compiled = compile(store, rules);
    EXPECT_TRUE(compiled);
    return make_pattern({{std::move(compiled->program)}, rules, blanks},
                        rules_with(equals(argument, changed[1])), changed)
        .has_value();
  };
  EXPECT_TRUE(makes({100, 200}, {1100, 1200}));
  EXPECT_FALSE(makes({100, 101}, {1100, 1101}));
  EXPECT_FALSE(makes({100, 100}, {1100, 1100}));
  EXPECT_FALSE(makes({100, 0U - 100}, {1100, 0U - 1100}));
  EXPECT_FALSE(makes({100, 200}, {100, 1200}));
}

// A wrong program is never proven, so it is none that a pattern is made of; but one whose tests are
// beyond what is followed makes none either.
TEST(Pattern, IsNotMadeOfProgramsWithOtherMeansOfTheMachine) {
  const Rules rules = rules_with(equals(argument, to_come[0]));
  Store store;
  auto compiled = compile(store, rules);
  ASSERT_TRUE(compiled);
  const Program program = std::move(compiled->program);
  const Rules rules_for_others = rules_with(equals(argument, others[0]));
  const auto makes = [&](Program changed) {
    return make_pattern({{std::move(changed)}, rules, to_come}, rules_for_others, others)
        .has_value();
  };
  EXPECT_TRUE(makes(program));
  Program other_register = program, returns_blank = program, masks_with_blank = program;
  other_register.insert(other_register.begin(), {.code = op::tax});
  EXPECT_FALSE(makes(other_register));
  returns_blank.push_back({.code = op::ret_k, .k = to_come[1]});
  EXPECT_FALSE(makes(returns_blank));
  masks_with_blank.insert(masks_with_blank.begin(), {.code = op::ld_abs, .k = offset_args});
  masks_with_blank.insert(masks_with_blank.begin() + 1, {.code = op::and_k, .k = to_come[2]});
  EXPECT_FALSE(makes(masks_with_blank));
}

}  // namespace
}  // namespace seclude::filter
