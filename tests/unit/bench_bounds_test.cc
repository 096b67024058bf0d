// Bounds: what benchmarks print as out of reach is held against trying every tree of == and >=.
#include "bounds.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <random>

#include "filter/diagram.h"

namespace seclude::bench {
namespace {

struct Number {
  double weight = 0;
  uint32_t answer = 0;
};

// The cheapest tree for the numbers 0, 1, ..., the last of which stands for all above, too.
double best_tree(const std::vector<Number>& numbers) {
  std::vector<double> costs(size_t{1} << numbers.size(), 0);
  for (uint32_t set = 1; set < costs.size(); ++set) {
    double weight = 0, below = std::numeric_limits<double>::infinity();
    bool one_answer = true;
    size_t first = static_cast<size_t>(std::countr_zero(set));
    for (size_t i = 0; i < numbers.size(); ++i) {
      if ((set >> i & 1) == 0) continue;
      weight += numbers[i].weight;
      one_answer = one_answer && numbers[i].answer == numbers[first].answer;
      uint32_t less = set & ((1u << i) - 1), others = set ^ 1u << i;
      if (less != 0) below = std::min(below, costs[less] + costs[set ^ less]);
      if (others != 0 && i + 1 < numbers.size()) below = std::min(below, costs[others]);
    }
    costs[set] = one_answer ? 0 : weight + below;
  }
  return costs.back();
}

std::vector<Stretch> as_stretches(const std::vector<Number>& numbers) {
  std::vector<Stretch> stretches;
  for (const auto& [weight, answer] : numbers) {
    bool joins = !stretches.empty() && weight == 0 && stretches.back().weight == 0 &&
                 stretches.back().answer == answer;
    if (joins)
      ++stretches.back().numbers;
    else
      stretches.push_back({weight, answer, 1});
  }
  stretches.back().numbers += 1000;
  return stretches;
}

TEST(Bounds, NoTreeOnTheNumberIsCheaperAndTheBestIsClose) {
  std::mt19937 random(4);
  double bounds = 0, best_of_all = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<Number> numbers(3 + random() % 8);
    uint32_t answers = 2 + static_cast<uint32_t>(random() % 3);
    for (Number& number : numbers) {
      number.answer = static_cast<uint32_t>(random()) % answers;
      if (random() % 2 == 0) number.weight = static_cast<double>(1u << random() % 8);
    }
    numbers.back().weight = 0;
    double bound = fewest_tests_per_call(as_stretches(numbers)), best = best_tree(numbers);
    ASSERT_LE(bound, best) << "round " << round;
    bounds += bound;
    best_of_all += best;
  }
  EXPECT_GT(bounds, best_of_all * 0.97) << bounds / best_of_all;
}

TEST(Bounds, OneAnswerTakesNoTestAndOneOddNumberTakesOne) {
  EXPECT_EQ(fewest_tests_per_call({{5, 1, 1}, {0, 1, 1000}}), 0);
  EXPECT_EQ(fewest_tests_per_call({{0, 1, 7}, {5, 2, 1}, {0, 1, 1000}}), 5);
  // The heavier one first.
  EXPECT_EQ(fewest_tests_per_call({{0, 1, 9}, {5, 2, 1}, {0, 1, 9}, {4, 3, 1}, {0, 1, 9}}), 9 + 4);
}

TEST(Bounds, ArgumentsTakeALoadAndATestForEachWordThatMatters) {
  filter::Store store;
  filter::Id low =
      store.test(filter::Group::Arg0, 0xffffffff, 7, store.terminal(1), store.terminal(2));
  filter::Id both = store.test(filter::Group::Arg0, ~0ull, 7, store.terminal(1), store.terminal(2));
  filter::Runs runs = {{0, store.terminal(1)}, {5, low}, {6, both}, {7, store.terminal(2)}};
  filter::Input call;
  EXPECT_EQ(fewest_for_arguments(store, runs, call), 0u);
  call.number = 5;
  EXPECT_EQ(fewest_for_arguments(store, runs, call), 2u);
  call.number = 6;
  EXPECT_EQ(fewest_for_arguments(store, runs, call), 2u);  // refused: one word is enough
  call.args[0] = 7;
  EXPECT_EQ(fewest_for_arguments(store, runs, call), 4u);
}

TEST(Bounds, StretchesKeepCalledNumbersApart) {
  filter::Runs runs = {{0, {1}}, {4, {2}}, {5, {3}}};
  std::vector<Stretch> stretches = stretches_of(runs, {{1, 0.5}, {2, 0}, {4, 0.25}, {9, 0.25}});
  ASSERT_EQ(stretches.size(), 7u);
  double numbers = 0;
  for (const Stretch& stretch : stretches) numbers += stretch.numbers;
  EXPECT_EQ(numbers, 4294967296.0);
  EXPECT_EQ(stretches[1].weight, 0.5);
  EXPECT_EQ(stretches[1].numbers, 1);
  EXPECT_EQ(stretches[2].numbers, 2);
  EXPECT_EQ(stretches[3].weight, 0.25);
  EXPECT_EQ(stretches[3].answer, 2u);
}

}  // namespace
}  // namespace seclude::bench
