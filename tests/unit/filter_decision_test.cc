// Decision: both of its forms, and the way between them, held against point-by-point evaluation.
#include <gtest/gtest.h>

#include <random>

#include "filter/diagram.h"

namespace seclude::filter {
namespace {

Runs random_runs(Store& store, std::mt19937_64& random, size_t count) {
  Runs runs{{0, store.terminal(2)}};
  std::vector<uint32_t> firsts;
  for (size_t i = 0; i < count; ++i)
    firsts.push_back(static_cast<uint32_t>(random() >> random() % 33));
  std::sort(firsts.begin(), firsts.end());
  firsts.erase(std::unique(firsts.begin(), firsts.end()), firsts.end());
  for (uint32_t first : firsts) {
    if (first == 0) continue;
    Id leaf = store.terminal(static_cast<uint32_t>(random() % 3));
    Id id =
        random() % 2 == 0 ? leaf : store.in_range(Group::Arg1, 0, 32, random() % 9, random() % 99);
    runs.push_back({first, id});
  }
  return merged(runs);
}

TEST(Decision, LooksUpTheRunThatHoldsTheNumber) {
  Store store;
  Decision decision{{{7, {{0, store.no()}, {10, store.yes()}}}}, {{0, store.terminal(5)}}};
  EXPECT_EQ(decision.at(7, 0), store.no());
  EXPECT_EQ(decision.at(7, 9), store.no());
  EXPECT_EQ(decision.at(7, 10), store.yes());
  EXPECT_EQ(decision.at(7, UINT32_MAX), store.yes());
  EXPECT_EQ(decision.at(8, 10), store.terminal(5));
}

TEST(Decision, CanonicalDropsWhatChangesNothing) {
  Store store;
  Runs plain{{0, store.yes()}}, repeated{{0, store.yes()}, {5, store.yes()}};
  Runs differs{{0, store.no()}};
  Decision untidy{{{9, differs}, {4, repeated}, {3, differs}}, repeated};
  Decision tidy{{{3, differs}, {9, differs}}, plain};
  EXPECT_EQ(canonical(store, untidy), tidy);
}

TEST(Decision, WholeAndSplitAreInverse) {
  std::mt19937_64 random(11);
  Store store(1 << 20);
  for (int round = 0; round < 200; ++round) {
    Decision decision{{}, random_runs(store, random, random() % 40)};
    for (uint32_t audit : {0u, 0xc000003eu, 0x40000003u, UINT32_MAX}) {
      if (random() % 2 == 0) continue;
      decision.archs.push_back({audit, random_runs(store, random, random() % 40)});
    }
    decision = canonical(store, decision);
    Id inside = whole(store, decision);
    ASSERT_EQ(split(store, inside), decision);
    for (int probe = 0; probe < 50; ++probe) {
      const Runs& runs = decision.archs.empty() ? decision.other : decision.archs[0].runs;
      uint32_t first = runs[random() % runs.size()].first;
      Input input;
      input.arch = decision.archs.empty() || probe % 5 == 0 ? 77 : decision.archs[0].audit;
      input.number = first - static_cast<uint32_t>(random() % 2);
      input.args[1] = random() % 120;
      Id at = decision.at(input.arch, input.number);
      ASSERT_EQ(store.evaluate(inside, input), store.evaluate(at, input));
      ASSERT_EQ(store.at(inside, input.arch, input.number), at);
    }
    if (round % 50 == 49) store.clear();
  }
  ASSERT_FALSE(store.exhausted());
}

TEST(Decision, TooManyRunsStayInsideTheDiagram) {
  Store store(1 << 20);
  Id odd = store.test(Group::ArchNumber, 1, 1, store.yes(), store.no());
  Decision decision = split(store, odd);
  EXPECT_TRUE(mixed(store, decision));
  EXPECT_EQ(whole(store, decision), odd);
  EXPECT_EQ(store.at(decision.at(3, 5), 3, 5), store.yes());

  Id many_archs = store.test(Group::ArchNumber, uint64_t{1} << 40, 0, store.yes(), store.no());
  EXPECT_TRUE(mixed(store, split(store, many_archs)));

  // The bound itself: one run more changes the form, and both builders agree on it.
  for (size_t count : {max_runs, max_runs + 1}) {
    Decision listed;
    for (uint32_t i = 0; i < count; ++i) {
      listed.other.push_back({i * 7, i % 2 == 0 ? store.yes() : store.no()});
    }
    Decision made = canonical(store, listed);
    EXPECT_EQ(mixed(store, made), count > max_runs);
    EXPECT_EQ(made, split(store, whole(store, listed)));
  }
  ASSERT_FALSE(store.exhausted());
}

TEST(Decision, TheBoundOnRunsCountsAllArchitectures) {
  Store store(1 << 20);
  for (uint32_t count : {uint32_t{max_runs} / 2 - 1, uint32_t{max_runs} / 2}) {
    Decision listed{{{3, {}}, {5, {}}}, {{0, store.terminal(9)}}};
    for (uint32_t i = 0; i < count; ++i) {
      listed.archs[0].runs.push_back({i * 7, i % 2 == 0 ? store.yes() : store.no()});
      listed.archs[1].runs.push_back({i * 5, i % 2 == 0 ? store.yes() : store.no()});
    }
    Decision made = canonical(store, listed);
    EXPECT_EQ(mixed(store, made), count * 2 + 1 > max_runs);
    EXPECT_EQ(made, split(store, whole(store, listed)));
  }
}

TEST(Decision, TheBoundOnArchitecturesIsExact) {
  Store store(1 << 20);
  for (size_t count : {max_listed_archs, max_listed_archs + 1}) {
    Decision listed{{}, {{0, store.no()}}};
    // Neighbouring and far values, so that some share one interval.
    for (uint32_t i = 0; i < count; ++i) {
      listed.archs.push_back({i < 10 ? i : i * 1000003, {{0, store.yes()}}});
    }
    Decision made = canonical(store, listed);
    EXPECT_EQ(mixed(store, made), count > max_listed_archs);
    EXPECT_EQ(made, split(store, whole(store, listed)));
  }
}

}  // namespace
}  // namespace seclude::filter
