// Formulas: conditions against the oracle's reading of them, and what a fact leaves of a formula.
#include "filter/code/formulas.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "filter/meaning.h"

namespace seclude::filter {
namespace {

uint32_t word_of(const Input& input, uint8_t word) {
  uint64_t arg = input.args[word / 2];
  return static_cast<uint32_t>(word % 2 != 0 ? arg >> 32 : arg);
}

bool is_true(const Formulas& formulas, FormulaId id, const Input& input) {
  const Formula& formula = formulas.at(id);
  auto child = [&](FormulaId one) { return is_true(formulas, one, input); };
  switch (formula.kind) {
    case Formula::Kind::Never:
      return false;
    case Formula::Kind::Always:
      return true;
    case Formula::Kind::Atom:
      return contains(formula.set, word_of(input, formula.view.word) & formula.view.mask);
    case Formula::Kind::All:
      return std::all_of(formula.children.begin(), formula.children.end(), child);
    case Formula::Kind::Any:
      return std::any_of(formula.children.begin(), formula.children.end(), child);
  }
  return false;
}

uint64_t some_value(std::mt19937_64& random) {
  static constexpr uint64_t values[] = {0,
                                        1,
                                        2,
                                        3,
                                        0x7fff,
                                        0x8000,
                                        0xffff,
                                        0x7fffffff,
                                        0x80000000,
                                        0xffffffff,
                                        0x100000000,
                                        0x7fffffffffffffff,
                                        0x8000000000000000,
                                        0xffffffffffffffff};
  uint64_t value = values[random() % std::size(values)] + random() % 3 - 1;
  return random() % 3 == 0 ? value ^ uint64_t { 1 } << random() % 64 : value;
}

Condition random_test(std::mt19937_64& random) {
  static constexpr uint8_t widths[] = {16, 32, 64};
  Condition condition;
  condition.kind = Condition::Kind::Test;
  Test& test = condition.test;
  test.field = {widths[random() % 3], static_cast<uint8_t>(random() % 2), std::nullopt,
                random() % 2 == 0};
  if (test.field.bits == 64 && random() % 3 == 0) test.field.high = 2;
  uint64_t bits = test.field.bits == 64 ? ~uint64_t{0} : (uint64_t{1} << test.field.bits) - 1;
  test.op = static_cast<Compare>(random() % 12);
  test.mask = random() % 3 == 0 ? some_value(random) & bits : bits;
  test.value = some_value(random) & bits;
  if (test.op >= Compare::HasAll) test.mask = bits;
  for (int i = 0; i < 3; ++i) test.ranges.emplace_back(some_value(random) & bits, 0);
  for (auto& [low, high] : test.ranges) high = random() % 2 == 0 ? low : some_value(random) & bits;
  return condition;
}

Condition random_condition(std::mt19937_64& random, unsigned depth) {
  if (depth == 0 || random() % 3 == 0) return random_test(random);
  Condition condition;
  condition.kind = static_cast<Condition::Kind>(static_cast<unsigned>(Condition::Kind::And) +
                                                static_cast<unsigned>(random() % 3));
  size_t count = condition.kind == Condition::Kind::Not ? 1 : random() % 4;
  for (size_t i = 0; i < count; ++i)
    condition.children.push_back(random_condition(random, depth - 1));
  return condition;
}

Input random_input(std::mt19937_64& random) {
  Input input;
  for (uint64_t& arg : input.args) arg = some_value(random);
  return input;
}

TEST(Formulas, SayWhatTheirConditionsSay) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    Formulas formulas;
    Condition condition = random_condition(random, 3);
    FormulaId id = formulas.from(condition);
    for (int j = 0; j < 30; ++j) {
      Input input = random_input(random);
      ASSERT_EQ(is_true(formulas, id, input), holds(condition, input)) << i << ' ' << j;
    }
  }
}

// A fact from the input itself never changes the answer, and uses up every atom on its view.
TEST(Formulas, FactsLeaveTheSameConditionWhereTheyHold) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    Formulas formulas;
    FormulaId id = formulas.from(random_condition(random, 3));
    Input input = random_input(random);
    View view = {static_cast<uint8_t>(random() % 6),
                 random() % 2 == 0 ? whole_word : static_cast<uint32_t>(some_value(random))};
    uint32_t value = word_of(input, view.word) & view.mask;
    FormulaId left = formulas.assume(id, {view, {value, value}});
    ASSERT_EQ(is_true(formulas, left, input), is_true(formulas, id, input)) << i;
    ASSERT_EQ(formulas.assume(left, {view, {value, value}}), left) << i;
  }
}

TEST(Formulas, EqualConditionsAreOneFormula) {
  Formulas formulas;
  View view = {2, whole_word};
  FormulaId three = formulas.atom(view, {{3, 3}}), four = formulas.atom(view, {{4, 4}});
  EXPECT_EQ(formulas.any({three, four}), formulas.atom(view, {{3, 4}}));
  EXPECT_EQ(formulas.all({three, four}), Formulas::never);
  EXPECT_EQ(formulas.any({three, formulas.all({three, formulas.atom({4, 1}, {{1, 1}})})}), three);
  EXPECT_EQ(formulas.atom({2, 0xfffffff0}, {{0, 0}}), formulas.atom(view, {{0, 15}}));
  EXPECT_EQ(formulas.atom({2, 6}, {{0, 6}}), Formulas::always);
  EXPECT_EQ(formulas.atom({2, 6}, {{1, 1}}), Formulas::never);
}

}  // namespace
}  // namespace seclude::filter
