// Diagram: equal ids exactly for equal functions, by whatever route they were built.
//
// Functions over a handful of bits are held against their truth tables; functions of whole words
// against plain arithmetic on random and boundary inputs. Seeded: SECLUDE_SEED repeats a failure.
#include "filter/diagram.h"

#include <gtest/gtest.h>

#include <bitset>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

namespace seclude::filter {
namespace {

uint64_t seed() {
  const char* text = std::getenv("SECLUDE_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 0) : 20260731;
}

// ---- functions of seven bits, as truth tables ---------------------------------------------------

constexpr size_t bit_count = 7, row_count = 1 << bit_count;
using Table = std::bitset<row_count>;
struct Place {
  Group group;
  unsigned bit;
};
// Neighbours within words, across the arch/number border, and across groups.
constexpr std::array<Place, bit_count> places{{{Group::ArchNumber, 33},
                                               {Group::ArchNumber, 32},
                                               {Group::ArchNumber, 31},
                                               {Group::Arg0, 63},
                                               {Group::Arg0, 62},
                                               {Group::Arg0, 0},
                                               {Group::Ip, 5}}};

Input input_of(size_t row) {
  Input input;
  for (size_t i = 0; i < bit_count; ++i) {
    if ((row >> i & 1) == 0) continue;
    uint64_t bit = uint64_t{1} << places[i].bit;
    if (places[i].group == Group::ArchNumber) {
      input.arch |= static_cast<uint32_t>(bit >> 32);
      input.number |= static_cast<uint32_t>(bit);
    } else if (places[i].group == Group::Ip) {
      input.instruction_pointer |= bit;
    } else {
      input.args[0] |= bit;
    }
  }
  return input;
}

struct Function {
  Id id;
  Table table;
};

// (all chosen bits as wanted), as one test per group, applied from the last group to the first.
Function random_cube(Store& store, std::mt19937_64& random) {
  Function cube{store.yes(), Table().set()};
  for (Group group : {Group::Ip, Group::Arg0, Group::ArchNumber}) {
    uint64_t mask = 0, bits = 0;
    for (size_t i = 0; i < bit_count; ++i) {
      if (places[i].group != group || random() % 2 == 0) continue;
      bool wanted = random() % 2 == 0;
      mask |= uint64_t{1} << places[i].bit;
      bits |= uint64_t{wanted} << places[i].bit;
      for (size_t row = 0; row < row_count; ++row) {
        if ((row >> i & 1) != wanted) cube.table.reset(row);
      }
    }
    cube.id = store.test(group, mask, bits, cube.id, store.no());
  }
  return cube;
}

Function combine(Store& store, std::mt19937_64& random, const std::vector<Function>& pool) {
  const Function& a = pool[random() % pool.size()];
  const Function& b = pool[random() % pool.size()];
  const Function& c = pool[random() % pool.size()];
  switch (random() % 5) {
    case 0:
      return {store.both(a.id, b.id), a.table & b.table};
    case 1:
      return {store.either(a.id, b.id), a.table | b.table};
    case 2:
      return {store.negate(a.id), ~a.table};
    case 3:
      return random_cube(store, random);
    default:
      return {store.ite(a.id, b.id, c.id), (a.table & b.table) | (~a.table & c.table)};
  }
}

// From the table alone, one variable after the other.
Id expand(Store& store, const Table& table, size_t variable, size_t row) {
  if (variable == bit_count) return table[row] ? store.yes() : store.no();
  Id clear = expand(store, table, variable + 1, row);
  Id set = expand(store, table, variable + 1, row | size_t{1} << variable);
  uint64_t bit = uint64_t{1} << places[variable].bit;
  return store.test(places[variable].group, bit, bit, set, clear);
}

TEST(Diagram, IdsAreEqualExactlyWhenTruthTablesAre) {
  std::mt19937_64 random(seed());
  auto text = [](const Table& table) { return table.to_string(); };
  for (int round = 0; round < 40; ++round) {
    Store store;
    std::vector<Function> pool{random_cube(store, random), {store.yes(), Table().set()}};
    std::map<std::string, Id> id_of;
    std::map<Id, std::string> table_of;
    for (int step = 0; step < 400; ++step) {
      Function made = combine(store, random, pool);
      if (pool.size() < 60) {
        pool.push_back(made);
      } else {
        pool[random() % pool.size()] = made;
      }
      auto [known, is_new] = id_of.emplace(text(made.table), made.id);
      ASSERT_EQ(known->second, made.id) << "seed " << seed() << " round " << round;
      ASSERT_EQ(table_of.emplace(made.id, text(made.table)).first->second, text(made.table));
      if (is_new) {
        ASSERT_EQ(expand(store, made.table, 0, 0), made.id) << "seed " << seed();
      }
    }
    ASSERT_FALSE(store.exhausted());
  }
}

TEST(Diagram, EvaluatesAsTheTruthTable) {
  std::mt19937_64 random(seed() + 1);
  Store store;
  std::vector<Function> pool{random_cube(store, random), random_cube(store, random)};
  for (int step = 0; step < 300; ++step) {
    Function made = combine(store, random, pool);
    pool.push_back(made);
    for (size_t row = 0; row < row_count; ++row) {
      ASSERT_EQ(store.evaluate(made.id, input_of(row)), made.table[row] ? 1u : 0u);
    }
  }
}

TEST(Diagram, NodesAreMaximalChains) {
  std::mt19937_64 random(seed() + 2);
  Store store;
  std::vector<Function> pool{random_cube(store, random), random_cube(store, random)};
  for (int step = 0; step < 500; ++step) pool.push_back(combine(store, random, pool));
  for (uint32_t index = 1; index < store.node_count(); ++index) {
    Node node = store.node({index});
    ASSERT_NE(node.hit, node.miss);
    ASSERT_EQ(node.bits & ~node.mask, 0u);
    if ((node.mask & (node.mask - 1)) == 0) {
      ASSERT_EQ(node.bits, node.mask);
    }
    if (store.is_terminal(node.hit) || store.node(node.hit).group != node.group) continue;
    ASSERT_NE(store.node(node.hit).miss, node.miss) << "could have absorbed what it hits";
  }
}

// ---- words --------------------------------------------------------------------------------------

TEST(Diagram, RangesHoldExactlyTheirNumbers) {
  std::mt19937_64 random(seed() + 3);
  Store store;
  for (unsigned shift : {0u, 3u, 32u, 60u}) {
    for (uint64_t low = 0; low < 16; ++low) {
      for (uint64_t high = 0; high < 18; ++high) {
        Id range = store.in_range(Group::Arg2, shift, 4, low, high);
        Id one_by_one = store.no();
        for (uint64_t value = 0; value < 16; ++value) {
          bool inside = low <= value && value <= high;
          Input input;
          input.args[2] = (random() & ~(uint64_t{15} << shift)) | value << shift;
          ASSERT_EQ(store.evaluate(range, input), inside ? 1u : 0u) << low << ".." << high;
          Id equal = store.test(Group::Arg2, uint64_t{15} << shift, value << shift, store.yes(),
                                store.no());
          if (inside) one_by_one = store.either(equal, one_by_one);
        }
        ASSERT_EQ(range, one_by_one) << low << ".." << high;
      }
    }
  }
}

TEST(Diagram, WideRangesAgreeWithArithmetic) {
  std::mt19937_64 random(seed() + 4);
  Store store;
  auto number = [&] { return random() >> random() % 64; };
  for (int round = 0; round < 2000; ++round) {
    uint64_t low = number(), high = number();
    Id range = store.in_range(Group::Arg5, 0, 64, low, high);
    for (uint64_t value : {low, high, low - 1, high + 1, number(), uint64_t{0}, ~uint64_t{0}}) {
      Input input;
      input.args[5] = value;
      ASSERT_EQ(store.evaluate(range, input), low <= value && value <= high ? 1u : 0u)
          << low << ".." << high << " of " << value;
    }
    Id outside = store.no();
    if (low > 0 && low <= high) outside = store.in_range(Group::Arg5, 0, 64, 0, low - 1);
    if (high < ~uint64_t{0} && low <= high) {
      outside = store.either(outside, store.in_range(Group::Arg5, 0, 64, high + 1, ~uint64_t{0}));
    }
    if (low <= high) {
      ASSERT_EQ(store.negate(range), outside);
    }
    if (round % 100 == 99) store.clear();
  }
}

TEST(Diagram, TestsAboveOtherTestsAndBelowThem) {
  Store store;
  Id high = store.test(Group::Arg0, 0xf0, 0x30, store.terminal(7), store.terminal(8));
  // Bits of the test are before, between and after those of its branches.
  Id mixed = store.test(Group::Arg0, 0x188, 0x108, high, store.terminal(9));
  for (uint64_t value = 0; value < 1024; ++value) {
    Input input;
    input.args[0] = value;
    uint32_t inner = (value & 0xf0) == 0x30 ? 7 : 8;
    ASSERT_EQ(store.evaluate(mixed, input), (value & 0x188) == 0x108 ? inner : 9) << value;
  }
  EXPECT_EQ(store.test(Group::Arg1, 0xf, 0x10, high, mixed), mixed) << "bits outside the mask";
}

// ---- terminals, witnesses, limits ---------------------------------------------------------------

TEST(Diagram, TerminalsAreTheirValues) {
  Store store;
  std::set<Id> seen;
  for (uint32_t value = 0; value < 5000; ++value) {
    Id id = store.terminal(value * 2654435761u);
    ASSERT_TRUE(store.is_terminal(id));
    ASSERT_EQ(store.value(id), value * 2654435761u);
    ASSERT_TRUE(seen.insert(id).second);
    ASSERT_EQ(store.terminal(value * 2654435761u), id);
  }
  EXPECT_EQ(store.terminal(1), store.yes());
  EXPECT_EQ(store.terminal(0), store.no());
}

TEST(Diagram, WitnessesAreInputsOfTheFunction) {
  std::mt19937_64 random(seed() + 5);
  Store store;
  std::vector<Function> pool{random_cube(store, random), random_cube(store, random)};
  for (int step = 0; step < 1000; ++step) {
    Function made = combine(store, random, pool);
    pool.push_back(made);
    std::optional<Input> input = store.witness(made.id);
    ASSERT_EQ(input.has_value(), made.table.any());
    if (input) {
      ASSERT_EQ(store.evaluate(made.id, *input), 1u);
    }
  }
  Id other_value = store.test(Group::Arg3, 6, 0, store.no(), store.terminal(99));
  ASSERT_TRUE(store.witness(other_value).has_value());
  EXPECT_EQ(store.witness(other_value)->args[3], 2u) << "bits nothing mentions are 0";
}

TEST(Diagram, MappedTerminalsMergeWhatBecomesEqual) {
  Store store;
  Id three = store.test(Group::Arg0, 0xff, 1, store.terminal(10),
                        store.test(Group::Arg0, 0xf, 2, store.terminal(11), store.terminal(12)));
  std::multiset<uint32_t> asked;
  Id two = store.map_terminals(three, [&](uint32_t value) {
    asked.insert(value);
    return value == 12 ? 10 : value;
  });
  EXPECT_EQ(asked, (std::multiset<uint32_t>{10, 11, 12}));
  EXPECT_EQ(two, store.test(Group::Arg0, 0xf, 2, store.terminal(11), store.terminal(10)));
  EXPECT_EQ(store.map_terminals(three, [](uint32_t) { return 5u; }), store.terminal(5));
  EXPECT_EQ(store.size(two), 1u);
  EXPECT_EQ(store.size(store.yes()), 0u);
}

// x == y on whole words is too much for any order of whole words: it must stop, and say so.
TEST(Diagram, ExhaustionIsReportedUntilCleared) {
  Store store(5000);
  Id equal = store.yes();
  for (unsigned bit = 0; bit < 32 && !store.exhausted(); ++bit) {
    uint64_t mask = uint64_t{1} << bit;
    Id left = store.test(Group::Arg0, mask, mask, store.yes(), store.no());
    Id right = store.test(Group::Arg1, mask, mask, store.yes(), store.no());
    equal = store.both(equal, store.ite(left, right, store.negate(right)));
  }
  EXPECT_TRUE(store.exhausted());
  EXPECT_LE(store.node_count(), 5001u);
  store.clear();
  EXPECT_FALSE(store.exhausted());
  EXPECT_EQ(store.node_count(), 1u);
}

// Walks count as well: what only replaces answers, again and again, comes to an end.
TEST(Diagram, WalksAreBoundedLikeSteps) {
  Store store(20000);
  Id chain = store.no();
  for (uint64_t i = 0; i < 100; ++i)
    chain = store.test(Group::Arg0, ~uint64_t{0}, i * 0x9E3779B97F4A7C15, store.yes(), chain);
  ASSERT_FALSE(store.exhausted());
  EXPECT_TRUE(store.larger_than(chain, 50));
  EXPECT_TRUE(store.larger_than(chain, store.size(chain) - 1));
  EXPECT_FALSE(store.larger_than(chain, store.size(chain)));
  auto walk = [&](size_t most) {
    size_t walks = 0;
    for (; walks < most && !store.exhausted(); ++walks)
      store.map_terminals(chain, [](uint32_t old) { return old; });
    return walks;
  };
  const size_t few = 8 * 20000 * 8 / store.size(chain) / 2;
  store.renew_steps();
  EXPECT_EQ(walk(few), few);
  store.renew_steps();
  EXPECT_EQ(walk(few), few);
  EXPECT_LT(walk(100000), 100000u);
}

TEST(Diagram, ClearedStoresForgetEverything) {
  std::mt19937_64 random(seed() + 6);
  Store used(1 << 20);
  for (int round = 0; round < 30; ++round) {
    used.clear();
    Store fresh(1 << 20);
    auto one = random, other = random;
    int steps = round % 3 == 0 ? 3000 : 20;  // small after large: the table is mostly empty
    std::vector<Function> left{random_cube(used, one)}, right{random_cube(fresh, other)};
    for (int step = 0; step < steps; ++step) {
      left.push_back(combine(used, one, left));
      right.push_back(combine(fresh, other, right));
      ASSERT_EQ(left.back().id, right.back().id) << "seed " << seed();
    }
    ASSERT_EQ(used.node_count(), fresh.node_count());
    random.discard(1000);
  }
}

}  // namespace
}  // namespace seclude::filter
