// Outright: the tests that settle a window of pieces at once, without cutting it in two.
//
// In: the pieces of a window, one after the other. Out: what settling it costs, and with which
// tests: a chain of equality tests when everything else has one outcome, or one test for bits.
// Neighbours: windows.cc, which looks for the best cuts around such windows.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "filter/code/intervals.h"
#include "filter/code/search.h"

namespace seclude::filter {

inline constexpr float infinite = std::numeric_limits<float>::infinity();

// The pieces from `begin` up to `end`.
struct Window {
  size_t begin = 0, end = 0;

  size_t size() const { return end - begin; }
};

// The heaviest single pieces of a window, told apart before.
struct Gone {
  std::span<const uint32_t> positions = {};
  float weight = 0;

  bool has(size_t position) const {
    return std::find(positions.begin(), positions.end(), position) != positions.end();
  }
};

// Equality tests for all pieces of a window but those of one outcome. Heaviest first, so that the
// cost of adding a piece is known without building the tree.
class Chain {
 public:
  explicit Chain(uint32_t base) : base_(base) {}

  // Takes one more piece into the window; false when no chain can hold it.
  bool add(const Piece& piece, uint32_t position) {
    weight_ += piece.weight;
    if (piece.outcome == base_) return true;
    if (!piece.single || count_ == chain_limit) return false;
    size_t at = count_++;
    for (; at > 0 && members_[at - 1].weight < piece.weight; --at) members_[at] = members_[at - 1];
    members_[at] = {piece.weight, position};
    return true;
  }

  // Each test is passed by everything that earlier ones did not catch.
  float cost(float price, const Gone& gone = {}) const {
    float passing = weight_ - gone.weight;
    float total = 0;
    for (size_t i = first_left(gone); i < count_; ++i) {
      total += passing + price;
      passing -= members_[i].weight;
    }
    return total;
  }

  // Appends the tests.
  Branch build(std::span<const Piece> pieces, SearchTree& tree, const Gone& gone = {}) const;

 private:
  struct Member {
    float weight;
    uint32_t position;
  };

  // What is gone from a window are its heaviest single pieces, so of the members the first.
  size_t first_left(const Gone& gone) const {
    size_t first = 0;
    while (first < count_ && first < gone.positions.size() && gone.has(members_[first].position))
      ++first;
    return first;
  }

  uint32_t base_;
  float weight_ = 0;
  size_t count_ = 0;
  std::array<Member, chain_limit> members_;  // the first count_ of them
};

// The outcomes a chain starting at `begin` may fall back to: those of the first pieces, since a
// chain has at most chain_limit others before it meets its base.
struct Bases {
  std::array<uint32_t, chain_limit + 1> outcome;  // the first `count` of them
  size_t count = 0;
};

Bases bases_from(std::span<const Piece> pieces, size_t begin);

// The cheapest chain of a window, if one holds it.
std::optional<Chain> best_chain(std::span<const Piece> pieces, Window window, float price,
                                const Gone& gone = {});

// A window of two outcomes that one test for bits tells apart: no value of the one outcome has any
// of the bits, every value of the other has one.
class BitTest {
 public:
  // Takes one more piece, with its last value; false when a window with it can have no such test.
  bool add(const Piece& piece, uint32_t last) {
    size_t side = count_ == 0 || piece.outcome == sides_[0].outcome ? 0 : 1;
    if (side == 1 && sides_[1].count > 0 && piece.outcome != sides_[1].outcome) return false;
    if (count_ == members_.size()) return false;
    members_[count_++] = {piece.first, last, side};
    sides_[side].outcome = piece.outcome;
    sides_[side].bits |= any_bits(piece.first, last);
    ++sides_[side].count;
    weight_ += piece.weight;
    // The longer the window, the fewer bits a side is without: what fails once fails for ever.
    Side &own = sides_[side], &other = sides_[1 - side];
    own.told_apart = own.told_apart && all_others_have(~own.bits, side);
    other.told_apart = other.told_apart && has_some(~other.bits, members_[count_ - 1]);
    return own.told_apart || other.told_apart;
  }

  // The bits to test, when they exist, and the outcomes with and without them.
  struct Found {
    uint32_t bits, with, without;
    float weight;
  };
  std::optional<Found> find() const;
  float cost(float price) const { return weight_ + price; }

 private:
  // All bits that some number of [low, high] has.
  static uint32_t any_bits(uint32_t low, uint32_t high) {
    uint32_t differing = low ^ high;
    return differing == 0 ? high : high | (0xffffffff >> std::countl_zero(differing));
  }

  struct Member {
    uint32_t first, last;
    size_t side;
  };
  struct Side {
    uint32_t outcome = 0, bits = 0;
    size_t count = 0;
    bool told_apart = true;  // every value of the other side has a bit that none of this side has
  };

  bool all_others_have(uint32_t bits, size_t side) const {
    for (size_t i = 0; i < count_; ++i)
      if (members_[i].side != side && !has_some(bits, members_[i])) return false;
    return true;
  }
  // Whether every value of the member has one of the bits.
  static bool has_some(uint32_t bits, const Member& member) {
    return value_at_most(member.last, ~bits) < member.first;
  }

  std::array<Member, 16> members_;  // the first count_ of them
  size_t count_ = 0;
  std::array<Side, 2> sides_;
  float weight_ = 0;
};

// The test of a window, if there is one and the window is too long for a single comparison.
std::optional<BitTest> bit_test(std::span<const Piece> pieces, Window window);
inline uint32_t last_of(std::span<const Piece> pieces, size_t position) {
  return position + 1 < pieces.size() ? pieces[position + 1].first - 1 : 0xffffffff;
}
Branch build_bit_test(const BitTest::Found& found, SearchTree& tree);

}  // namespace seclude::filter
