// Search: every tree against an exhaustive search of the stated family, on all small cases, and
// against the best of all two-way comparison trees, to know what the family costs.
#include "filter/code/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <tuple>

namespace seclude::filter {
namespace {

constexpr double unreachable = 1e30;

uint32_t last_value(std::span<const Piece> pieces, size_t i) {
  return i + 1 < pieces.size() ? pieces[i + 1].first - 1 : 0xffffffff;
}

// Where no cut may be: behind a single value in the middle of one outcome, where a test costs as
// much as all calls.
bool is_forbidden(std::span<const Piece> pieces, size_t cut, double price) {
  double total = 0;
  for (const Piece& piece : pieces) total += static_cast<double>(piece.weight);
  return price >= total && cut >= 2 && pieces[cut - 1].single && !pieces[cut - 2].single &&
         pieces[cut - 2].outcome == pieces[cut].outcome;
}

// The stated family, by trying everything. Values are small but for the last piece's end.
class Family {
 public:
  Family(std::span<const Piece> pieces, double price) : pieces_(pieces), price_(price) {}

  double cost(size_t begin, size_t end) {
    if (is_one_outcome(begin, end)) return 0;
    auto [known, is_new] = costs_.try_emplace({begin, end}, unreachable);
    if (!is_new) return known->second;
    double best = bit_test(begin, end);
    for (size_t cut = begin + 1; cut < end; ++cut) {
      if (is_forbidden(pieces_, cut, price_)) continue;
      best = std::min(best, weight(begin, end) + price_ + cost(begin, cut) + cost(cut, end));
    }
    for (size_t base = begin; base < end; ++base)
      best = std::min(best, chain(begin, end, pieces_[base].outcome));
    return costs_[{begin, end}] = best;
  }

 private:
  bool is_one_outcome(size_t begin, size_t end) const {
    return std::all_of(pieces_.begin() + static_cast<ptrdiff_t>(begin),
                       pieces_.begin() + static_cast<ptrdiff_t>(end),
                       [&](const Piece& piece) { return piece.outcome == pieces_[begin].outcome; });
  }
  double weight(size_t begin, size_t end) const {
    double total = 0;
    for (size_t i = begin; i < end; ++i) total += static_cast<double>(pieces_[i].weight);
    return total;
  }
  // Equality tests in every order.
  double chain(size_t begin, size_t end, uint32_t base) const {
    std::vector<double> others;
    for (size_t i = begin; i < end; ++i) {
      if (pieces_[i].outcome == base) continue;
      if (!pieces_[i].single) return unreachable;
      others.push_back(static_cast<double>(pieces_[i].weight));
    }
    if (others.size() > chain_limit) return unreachable;
    std::sort(others.begin(), others.end());
    double best = unreachable;
    do {
      double passing = weight(begin, end), total = 0;
      for (double other : others) total += passing + price_, passing -= other;
      best = std::min(best, total);
    } while (std::next_permutation(others.begin(), others.end()));
    return best;
  }

 public:
  // Every set of bits that matters, on every value that does: those above 31 behave like one of
  // 32..63, whose bit 5 stands for all higher bits.
  double bit_test(size_t begin, size_t end) const {
    for (uint32_t bits = 1; bits < 64; ++bits)
      if (tells_apart(begin, end, bits)) return weight(begin, end) + price_;
    return unreachable;
  }

 private:
  bool tells_apart(size_t begin, size_t end, uint32_t bits) const {
    std::array<std::optional<uint32_t>, 2> outcomes;
    for (size_t i = begin; i < end; ++i) {
      for (uint32_t value = pieces_[i].first; value <= std::min(last_value(pieces_, i), 63u);
           ++value) {
        std::optional<uint32_t>& outcome = outcomes[(value & bits) != 0];
        if (outcome && *outcome != pieces_[i].outcome) return false;
        outcome = pieces_[i].outcome;
      }
    }
    return true;
  }

  std::span<const Piece> pieces_;
  double price_;
  std::map<std::pair<size_t, size_t>, double> costs_;
};

// The larger family, on sets of pieces: what is left of a window once its heaviest single values
// were taken out, as the search does it, but found by trying everything.
class PeeledFamily {
 public:
  PeeledFamily(std::span<const Piece> pieces, double price, size_t most)
      : pieces_(pieces), price_(price), most_(most), plain_(pieces, price) {}

  double cost(size_t begin, size_t end, size_t gone) {
    std::vector<size_t> left = without_heaviest(begin, end, gone);
    if (is_one_outcome(left)) return 0;
    auto [known, is_new] = costs_.try_emplace({begin, end, gone}, unreachable);
    if (!is_new) return known->second;
    double own = weight(left) + price_;
    double best = gone == 0 ? plain_.bit_test(begin, end) : unreachable;
    for (size_t base : left) best = std::min(best, chain(left, pieces_[base].outcome));
    if (gone < std::min(most_, hot(begin, end)))
      best = std::min(best, own + cost(begin, end, gone + 1));
    std::vector<size_t> all_left = without_heaviest(begin, end, gone);
    for (size_t cut = begin + 1; cut < end; ++cut) {
      if (is_forbidden(pieces_, cut, price_)) continue;
      size_t before = 0;  // of those that are gone
      for (size_t i = begin; i < cut; ++i)
        before += std::find(all_left.begin(), all_left.end(), i) == all_left.end() ? 1 : 0;
      best = std::min(best, own + cost(begin, cut, before) + cost(cut, end, gone - before));
    }
    return costs_[{begin, end, gone}] = best;
  }

 private:
  // How many single values have a quarter of the window's weight each.
  size_t hot(size_t begin, size_t end) const {
    double total = 0;
    size_t count = 0;
    for (size_t i = begin; i < end; ++i) total += static_cast<double>(pieces_[i].weight);
    for (size_t i = begin; i < end; ++i)
      count += pieces_[i].single && static_cast<double>(pieces_[i].weight) >= total / 4 ? 1 : 0;
    return count;
  }
  std::vector<size_t> without_heaviest(size_t begin, size_t end, size_t gone) const {
    std::vector<size_t> order, left;
    for (size_t i = begin; i < end; ++i)
      if (pieces_[i].single) order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return pieces_[a].weight > pieces_[b].weight; });
    order.resize(std::min(gone, order.size()));
    for (size_t i = begin; i < end; ++i)
      if (std::find(order.begin(), order.end(), i) == order.end()) left.push_back(i);
    return left;
  }
  bool is_one_outcome(const std::vector<size_t>& left) const {
    return std::all_of(left.begin(), left.end(), [&](size_t i) {
      return pieces_[i].outcome == pieces_[left.front()].outcome;
    });
  }
  double weight(const std::vector<size_t>& left) const {
    double total = 0;
    for (size_t i : left) total += static_cast<double>(pieces_[i].weight);
    return total;
  }
  double chain(const std::vector<size_t>& left, uint32_t base) const {
    std::vector<double> others;
    for (size_t i : left) {
      if (pieces_[i].outcome == base) continue;
      if (!pieces_[i].single) return unreachable;
      others.push_back(static_cast<double>(pieces_[i].weight));
    }
    std::sort(others.rbegin(), others.rend());
    double passing = weight(left), total = 0;
    for (double other : others) total += passing + price_, passing -= other;
    return total;
  }

  std::span<const Piece> pieces_;
  double price_;
  size_t most_;
  Family plain_;
  std::map<std::tuple<size_t, size_t, size_t>, double> costs_;
};

// The best of all trees of equality and less-than tests, whatever sets of pieces they leave.
double best_of_all(std::span<const Piece> pieces, double price) {
  std::vector<double> costs(size_t{1} << pieces.size(), 0);
  for (uint32_t set = 1; set < costs.size(); ++set) {
    double total = 0, best = unreachable;
    std::optional<uint32_t> outcome;
    bool uniform = true;
    for (size_t i = 0; i < pieces.size(); ++i) {
      if ((set >> i & 1) == 0) continue;
      total += static_cast<double>(pieces[i].weight);
      uniform = uniform && (!outcome || *outcome == pieces[i].outcome);
      outcome = pieces[i].outcome;
    }
    for (size_t i = 0; i < pieces.size(); ++i) {
      uint32_t below = set & ((1u << i) - 1), one = set & (1u << i);
      if (below != 0 && below != set) best = std::min(best, costs[below] + costs[set ^ below]);
      if (one != 0 && one != set && pieces[i].single) best = std::min(best, costs[set ^ one]);
    }
    costs[set] = uniform ? 0 : best + total + price;
  }
  return costs.back();
}

enum class Neighbours { Differ, MayBeEqual };

// All ways to give n pieces outcomes, up to renaming.
std::vector<std::vector<uint32_t>> outcome_patterns(size_t count,
                                                    Neighbours neighbours = Neighbours::Differ) {
  std::vector<std::vector<uint32_t>> patterns = {{0}};
  for (size_t i = 1; i < count; ++i) {
    std::vector<std::vector<uint32_t>> longer;
    for (const std::vector<uint32_t>& pattern : patterns) {
      uint32_t highest = *std::max_element(pattern.begin(), pattern.end());
      for (uint32_t next = 0; next <= highest + 1; ++next) {
        if (next == pattern.back() && neighbours == Neighbours::Differ) continue;
        longer.push_back(pattern);
        longer.back().push_back(next);
      }
    }
    patterns = std::move(longer);
  }
  return patterns;
}

std::vector<Piece> make_pieces(const std::vector<uint32_t>& outcomes, uint32_t singles,
                               uint32_t weights) {
  std::vector<Piece> pieces;
  uint32_t at = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    bool single = (singles >> i & 1) != 0 && i + 1 < outcomes.size();
    pieces.push_back({at, single, outcomes[i], static_cast<float>(weights >> (2 * i) & 3)});
    at += single ? 1 : 2 + static_cast<uint32_t>(i % 2);
  }
  return pieces;
}

// The tree must lead every value to its piece's outcome.
bool is_right(const SearchTree& tree, std::span<const Piece> pieces) {
  for (size_t i = 0; i < pieces.size(); ++i) {
    for (uint32_t value : {pieces[i].first, last_value(pieces, i)}) {
      Branch at = tree.root;
      while (!at.is_outcome) {
        const Comparison& test = tree.tests[at.index];
        at = passes(test, value) ? test.yes : test.no;
      }
      if (at.index != pieces[i].outcome) return false;
    }
  }
  return true;
}

// What is too cheap to matter, and more than all calls together pay.
constexpr float cheap = 0.5f, dear = 24;

TEST(Search, IsTheBestOfItsFamilyOnAllSmallCases) {
  size_t cases = 0;
  double family_total = 0, best_total = 0;
  for (size_t count = 1; count <= 6; ++count) {
    for (const std::vector<uint32_t>& outcomes : outcome_patterns(count)) {
      for (uint32_t weights = 0; weights < 1u << (2 * count); ++weights) {
        uint32_t singles = (weights * 2654435761u) >> 26;  // all combinations come up, mixed
        std::vector<Piece> pieces = make_pieces(outcomes, singles, weights);
        for (float price : {cheap, dear}) {
          SearchTree tree = search(pieces, price);
          double cost = cost_of(tree, pieces, price);
          ASSERT_EQ(cost, Family(pieces, price).cost(0, pieces.size()))
              << count << " pieces, weights " << weights << ", singles " << singles << ", price "
              << price;
          ASSERT_TRUE(is_right(tree, pieces));
          ++cases;
          family_total += cost;
          best_total += std::min(cost, best_of_all(pieces, price));
        }
      }
    }
  }
  EXPECT_GT(cases, 400000u);
  // What the family gives away: equality tests before a cut.
  EXPECT_LT(family_total, best_total * 1.02) << family_total / best_total;
}

TEST(Search, PeelingIsTheBestOfTheLargerFamilyOnAllSmallCases) {
  double cuts_total = 0, peeled_total = 0, best_total = 0;
  for (size_t count = 1; count <= 6; ++count) {
    for (const std::vector<uint32_t>& outcomes :
         outcome_patterns(count, count < 6 ? Neighbours::MayBeEqual : Neighbours::Differ)) {
      for (uint32_t weights = 0; weights < 1u << (2 * count); ++weights) {
        uint32_t singles = (weights * 2654435761u) >> 26;
        std::vector<Piece> pieces = make_pieces(outcomes, singles, weights);
        size_t most = 1 + weights % peel_limit;
        for (float price : {cheap, dear}) {
          SearchTree tree = search(pieces, price, most);
          double cost = cost_of(tree, pieces, price);
          double wanted = PeeledFamily(pieces, price, most).cost(0, pieces.size(), 0);
          ASSERT_EQ(cost, wanted) << count << " pieces, weights " << weights << ", singles "
                                  << singles << ", most " << most << ", price " << price;
          ASSERT_TRUE(is_right(tree, pieces));
          if (price == dear) continue;
          cuts_total += cost_of(search(pieces, price), pieces, price);
          peeled_total += cost;
          best_total += std::min(cost, best_of_all(pieces, price));
        }
      }
    }
  }
  EXPECT_LT(peeled_total, cuts_total);
  EXPECT_LT(peeled_total, best_total * 1.005) << peeled_total / best_total;
}

TEST(Search, PicksOneHotValueOutOfAColdRange) {
  std::vector<Piece> pieces = {
      {0, false, 0, 0}, {10, true, 1, 10}, {11, false, 0, 0}, {20, false, 2, 1}, {30, false, 3, 1}};
  EXPECT_EQ(cost_of(search(pieces, 0.01f), pieces, 0), 12 + 10 + 2);
  EXPECT_EQ(cost_of(search(pieces, 0.01f, 1), pieces, 0), 12 + 2 + 1);
}

TEST(Search, LongListsAreRightAndNotMuchDeeperThanTheirLogarithm) {
  std::mt19937 random(7);
  for (size_t count : {20u, 60u, 144u, 145u, 300u, 1000u}) {
    std::vector<Piece> pieces;
    uint32_t at = 0;
    for (size_t i = 0; i < count; ++i) {
      bool single = random() % 3 == 0 && i + 1 < count;
      uint32_t outcome = static_cast<uint32_t>(i % 2 == 0 ? 0 : 1 + random() % 3);
      pieces.push_back({at, single, outcome, 1.0f / static_cast<float>(count)});
      at += single ? 1 : 2 + static_cast<uint32_t>(random() % 9);
    }
    SearchTree tree = search(pieces, 0.001f);
    ASSERT_TRUE(is_right(tree, pieces)) << count;
    SearchTree peeled = search(pieces, 0.001f, peel_limit);
    ASSERT_TRUE(is_right(peeled, pieces)) << count;
    EXPECT_LE(cost_of(peeled, pieces, 0.001f), cost_of(tree, pieces, 0.001f) + 1e-4) << count;
    EXPECT_LE(tree.tests.size(), count);
    EXPECT_LE(cost_of(tree, pieces, 0), std::log2(count) + 1) << count;
  }
}

TEST(Search, OneBitReplacesManyComparisons) {
  std::vector<Piece> pieces;
  for (uint32_t i = 0; i < 8; ++i) pieces.push_back({i, true, i % 2, 1});
  pieces.push_back({8, false, 2, 1});
  SearchTree tree = search(pieces, 0.001f);
  ASSERT_TRUE(is_right(tree, pieces));
  EXPECT_EQ(tree.tests.size(), 2u);
}

}  // namespace
}  // namespace seclude::filter
