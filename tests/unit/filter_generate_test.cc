// Generate: the instructions a check of arguments becomes, and that what is known is not asked
// again. Whether they are right is shown elsewhere, for all inputs; here, that they are few.
#include "filter/code/generate.h"

#include <gtest/gtest.h>

#include "filter/code/layout.h"
#include "filter/evaluate.h"

namespace seclude::filter {
namespace {

Condition compared(Compare op, uint8_t arg, uint64_t value, uint64_t mask = ~uint64_t{0},
                   uint8_t bits = 32) {
  Condition condition;
  condition.kind = Condition::Kind::Test;
  condition.test.field = {bits, arg, {}, false};
  condition.test.op = op;
  condition.test.mask = bits == 64 ? mask : mask & 0xffffffff;
  condition.test.value = value;
  return condition;
}

Condition both(Condition a, Condition b) {
  Condition condition;
  condition.kind = Condition::Kind::And;
  condition.children = {std::move(a), std::move(b)};
  return condition;
}

// The code for calls that are allowed where one of the conditions holds.
class Generated {
 public:
  explicit Generated(std::vector<Condition> conditions, std::span<const ArgumentWeight> known = {},
                     bool big_endian = false)
      : generator_(code_, choices_, {big_endian, 1.0f}) {
    std::vector<Rule> rules;
    for (Condition& condition : conditions) {
      rules.emplace_back();
      rules.back().action = Action::allow();
      rules.back().where = std::move(condition);
    }
    choice_ = choices_.of(rules, Action::deny(1));
    program_ = layout(code_, generator_.enter(choice_, {0, 0xffffffff}, known));
  }

  const Program& program() const { return program_; }
  Evaluation run(std::array<uint64_t, 6> args) const {
    Input input;
    input.args = args;
    return evaluate(program_, input);
  }
  float chance(std::span<const ArgumentWeight> known) {
    return generator_.chance_of_passing(choice_, known);
  }

 private:
  Code code_;
  Choices choices_;
  Generator generator_;
  ChoiceId choice_ = 0;
  Program program_;
};

bool allowed(const Evaluation& evaluation) { return evaluation.ret == Action::allow_; }

TEST(Generate, OneLoadAndOneTestForA32BitValue) {
  Generated made({compared(Compare::Equal, 1, 7)});
  EXPECT_EQ(made.program().size(), 4u);  // load, test, two returns
  EXPECT_TRUE(allowed(made.run({0, 7})));
  EXPECT_TRUE(allowed(made.run({0, 7 | uint64_t{1} << 40})));
  EXPECT_FALSE(allowed(made.run({0, 8})));
}

TEST(Generate, BitsNeedNoAnd) {
  Generated made({compared(Compare::Equal, 2, 0, 6)});
  ASSERT_EQ(made.program().size(), 4u);
  EXPECT_EQ(made.program()[1].code, op::jset_k);
  EXPECT_FALSE(allowed(made.run({0, 0, 4})));
  EXPECT_TRUE(allowed(made.run({0, 0, 1})));
}

TEST(Generate, TheHighWordIsAskedOnce) {
  std::vector<Condition> values;
  for (uint64_t value : {3u, 9u, 20u, 40u})
    values.push_back(compared(Compare::Equal, 0, value, ~uint64_t{0}, 64));
  Generated made(values);
  size_t high_loads = 0;
  for (const Instruction& instruction : made.program())
    high_loads += instruction.code == op::ld_abs && instruction.k == 20 ? 1 : 0;
  EXPECT_EQ(high_loads, 1u);
  EXPECT_TRUE(allowed(made.run({40})));
  EXPECT_FALSE(allowed(made.run({40 | uint64_t{1} << 32})));
}

TEST(Generate, EqualRestsAreOnePieceOfCode) {
  Condition rest = compared(Compare::Equal, 1, 0, 4);
  Generated one({both(compared(Compare::Equal, 0, 5), rest)});
  Generated three({both(compared(Compare::Equal, 0, 5), rest),
                   both(compared(Compare::Equal, 0, 8), rest),
                   both(compared(Compare::Equal, 0, 11), rest)});
  EXPECT_EQ(three.program().size(), one.program().size() + 2);  // two more values, the same rest
}

TEST(Generate, KnownValuesComeFirst) {
  std::vector<Condition> values;
  for (uint64_t value : {100u, 200u, 300u, 400u, 500u, 600u})
    values.push_back(compared(Compare::Equal, 0, value));
  const ArgumentWeight known[] = {{0, 0, 400, 0.9f}};
  Generated plain(values), weighted(values, known);
  EXPECT_EQ(weighted.run({400}).executed, 3u);  // load, test, return
  EXPECT_GT(plain.run({600}).executed + plain.run({400}).executed, 6u);
}

TEST(Generate, ByteOrderDecidesWhichHalfIsLoaded) {
  Generated little({compared(Compare::Equal, 0, 7)}),
      big({compared(Compare::Equal, 0, 7)}, {}, true);
  EXPECT_EQ(little.program()[0].k, 16u);
  EXPECT_EQ(big.program()[0].k, 20u);
}

TEST(Generate, ChancesFollowWhatIsKnown) {
  Generated made({compared(Compare::Equal, 0, 7)});
  const ArgumentWeight passing[] = {{0, 0, 7, 1.0f}}, failing[] = {{0, 0, 8, 1.0f}};
  EXPECT_EQ(made.chance({}), 1);
  EXPECT_GT(made.chance(passing), made.chance(failing));
}

}  // namespace
}  // namespace seclude::filter
