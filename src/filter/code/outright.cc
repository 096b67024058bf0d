// Outright: see outright.h.
//
// In: pieces added one by one, so that a search pays for each window only what is new in it. Out:
// costs, and the tests. Neighbours: windows.cc.
#include "filter/code/outright.h"

#include <algorithm>

namespace seclude::filter {
namespace {

using Kind = Comparison::Kind;

// What a chain of just this window may fall back to: where it has an interval, which no equality
// test picks out, only that one's outcome.
Bases bases_of(std::span<const Piece> pieces, Window window) {
  for (size_t at = window.begin; at < window.end; ++at)
    if (!pieces[at].single) return {{pieces[at].outcome}, 1};
  return bases_from(pieces, window.begin);
}

}  // namespace

// ---- chains -------------------------------------------------------------------------------------

Branch Chain::build(std::span<const Piece> pieces, SearchTree& tree, const Gone& gone) const {
  float passing = weight_ - gone.weight;
  size_t start = tree.tests.size();
  for (size_t i = first_left(gone); i < count_; ++i) {
    const Piece& piece = pieces[members_[i].position];
    Branch next = {false, static_cast<uint32_t>(tree.tests.size() + 1)};
    tree.tests.push_back({Kind::Equal, piece.first, passing, {true, piece.outcome}, next});
    passing -= piece.weight;
  }
  if (tree.tests.size() == start) return {true, base_};
  tree.tests.back().no = {true, base_};
  return {false, static_cast<uint32_t>(start)};
}

Bases bases_from(std::span<const Piece> pieces, size_t begin) {
  Bases bases;
  size_t end = std::min(pieces.size(), begin + chain_limit + 1);
  for (size_t i = begin; i < end; ++i) {
    auto known = bases.outcome.begin() + static_cast<ptrdiff_t>(bases.count);
    if (std::find(bases.outcome.begin(), known, pieces[i].outcome) == known)
      bases.outcome[bases.count++] = pieces[i].outcome;
    if (!pieces[i].single) break;  // nothing but its own outcome can be the base from here on
  }
  return bases;
}

std::optional<Chain> best_chain(std::span<const Piece> pieces, Window window, float price,
                                const Gone& gone) {
  std::optional<Chain> best;
  Bases bases = bases_of(pieces, window);
  for (size_t b = 0; b < bases.count; ++b) {
    Chain chain(bases.outcome[b]);
    bool fits = true;
    for (size_t at = window.begin; at < window.end && fits; ++at)
      fits = chain.add(pieces[at], static_cast<uint32_t>(at));
    if (fits && (!best || chain.cost(price, gone) < best->cost(price, gone))) best = chain;
  }
  return best;
}

// ---- tests for bits -----------------------------------------------------------------------------

std::optional<BitTest::Found> BitTest::find() const {
  for (size_t side = 0; side < 2; ++side)
    if (sides_[side].told_apart)
      return Found{~sides_[side].bits, sides_[1 - side].outcome, sides_[side].outcome, weight_};
  return std::nullopt;
}

std::optional<BitTest> bit_test(std::span<const Piece> pieces, Window window) {
  BitTest test;
  for (size_t at = window.begin; at < window.end; ++at)
    if (!test.add(pieces[at], last_of(pieces, at))) return std::nullopt;
  if (window.end - window.begin < 3 || !test.find()) return std::nullopt;
  return test;
}

Branch build_bit_test(const BitTest::Found& found, SearchTree& tree) {
  tree.tests.push_back(
      {Kind::AnyBit, found.bits, found.weight, {true, found.with}, {true, found.without}});
  return {false, static_cast<uint32_t>(tree.tests.size() - 1)};
}

}  // namespace seclude::filter
