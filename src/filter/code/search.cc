// Search: see search.h. A dynamic program over windows of neighbouring pieces.
//
// The inner loop offers one cut to all windows it could cut, over consecutive memory, four at a
// time.
#include "filter/code/search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "filter/code/intervals.h"

namespace seclude::filter {
namespace {

using Kind = Comparison::Kind;

constexpr float infinite = std::numeric_limits<float>::infinity();

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
  float cost(float price) const {
    float passing = weight_;
    float total = 0;
    for (size_t i = 0; i < count_; ++i) {
      total += passing + price;
      passing -= members_[i].weight;
    }
    return total;
  }

  uint32_t base() const { return base_; }
  float weight() const { return weight_; }
  size_t size() const { return count_; }
  uint32_t position(size_t i) const { return members_[i].position; }

 private:
  struct Member {
    float weight;
    uint32_t position;
  };
  uint32_t base_;
  float weight_ = 0;
  size_t count_ = 0;
  std::array<Member, chain_limit> members_{};
};

// The outcomes a chain starting at `begin` may fall back to: those of the first pieces, since a
// chain has at most chain_limit others before it meets its base.
struct Bases {
  std::array<uint32_t, chain_limit + 1> outcome{};
  size_t count = 0;
};

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

// All bits that some number of [low, high] has.
uint32_t any_bits(uint32_t low, uint32_t high) {
  uint32_t differing = low ^ high;
  return differing == 0 ? high : high | (0xffffffff >> std::countl_zero(differing));
}

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
    return ~sides_[0].bits != 0 || ~sides_[1].bits != 0;
  }

  // The bits to test, when they exist, and the outcomes with and without them.
  struct Found {
    uint32_t bits, with, without;
    float weight;
  };
  std::optional<Found> find() const {
    for (size_t side = 0; side < 2; ++side)
      if (uint32_t bits = ~sides_[side].bits; all_others_have(bits, side))
        return Found{bits, sides_[1 - side].outcome, sides_[side].outcome, weight_};
    return std::nullopt;
  }
  float cost(float price) const { return weight_ + price; }

 private:
  bool all_others_have(uint32_t bits, size_t side) const {
    for (size_t i = 0; i < count_; ++i)
      if (members_[i].side != side && value_at_most(members_[i].last, ~bits) >= members_[i].first)
        return false;
    return true;
  }

  struct Member {
    uint32_t first, last;
    size_t side;
  };
  struct Side {
    uint32_t outcome = 0, bits = 0;
    size_t count = 0;
  };
  std::array<Member, 16> members_{};
  size_t count_ = 0;
  std::array<Side, 2> sides_;
  float weight_ = 0;
};

using Four = float __attribute__((vector_size(16)));

Four load_four(const float* from) {
  Four four;
  std::memcpy(&four, from, sizeof four);
  return four;
}

Four lesser(Four a, Four b) { return a < b ? a : b; }

// A cut of the windows that start at some place: the cost on its left, the costs on its right by
// the end of the window.
struct Offer {
  float left;
  const float* right;
};

// target[i] = min(target[i], a.left + a.right[i], b.left + b.right[i]) for whole groups of four.
void lower_to(float* target, const Offer& a, const Offer& b, size_t count) {
  for (size_t i = 0; i < count; i += 4) {
    Four with_a = load_four(a.right + i) + a.left;
    Four with_b = load_four(b.right + i) + b.left;
    Four now = lesser(load_four(target + i), lesser(with_a, with_b));
    std::memcpy(target + i, &now, sizeof now);
  }
}

class Windows {
 public:
  Windows(std::span<const Piece> pieces, float price)
      : pieces_(pieces), price_(price), stride_((pieces.size() + 4) / 4 * 4) {
    costs_.assign(stride_ * pieces.size(), infinite);
    prefix_.push_back(0);
    for (const Piece& piece : pieces) prefix_.push_back(prefix_.back() + piece.weight);
    for (size_t begin = pieces.size(); begin-- > 0;) fill(begin);
  }

  // Appends the tests of the best tree for pieces [begin, end).
  Branch build(size_t begin, size_t end, SearchTree& tree) const {
    if (end - begin == 1) return {true, pieces_[begin].outcome};
    float target = costs_[begin * stride_ + end];
    if (std::optional<BitTest> test = bit_test(begin, end); test && test->cost(price_) <= target)
      return build_bit_test(*test->find(), tree);
    if (std::optional<Chain> chain = best_chain(begin, end); chain && chain->cost(price_) <= target)
      return build_chain(*chain, tree);
    size_t cut = best_cut(begin, end);
    uint32_t index = static_cast<uint32_t>(tree.tests.size());
    tree.tests.push_back({Kind::AtLeast, pieces_[cut].first, weight(begin, end), {}, {}});
    Branch yes = build(cut, end, tree);
    Branch no = build(begin, cut, tree);
    tree.tests[index].yes = yes;
    tree.tests[index].no = no;
    return {false, index};
  }

 private:
  // Costs of all windows that start at `begin`, from those that start later. Once the cost up to a
  // cut is final, it is offered to all windows that could be cut there.
  void fill(size_t begin) {
    float* row = &costs_[begin * stride_];
    fill_chains(begin, row);
    fill_bit_tests(begin, row);
    row[begin + 1] = 0;
    cut_costs_.assign(stride_, infinite);
    for (size_t cut = begin + 1; cut < pieces_.size(); cut += 2) {
      // Two cuts at a time: the second one's left side may be cut at the first.
      finish(begin, cut);
      cut_costs_[cut + 1] = std::min(cut_costs_[cut + 1], row[cut]);
      finish(begin, cut + 1);
      if (cut + 1 == pieces_.size()) return;
      size_t from = (cut + 2) / 4 * 4;
      lower_to(&cut_costs_[from], {row[cut], &costs_[cut * stride_ + from]},
               {row[cut + 1], &costs_[(cut + 1) * stride_ + from]}, stride_ - from);
    }
    finish(begin, pieces_.size());
  }

  // All cuts of the window have been offered.
  void finish(size_t begin, size_t end) {
    float& cost = costs_[begin * stride_ + end];
    cost = std::min(cost, cut_costs_[end] + weight(begin, end) + price_);
  }

  void fill_chains(size_t begin, float* row) const {
    Bases bases = bases_from(pieces_, begin);
    for (size_t b = 0; b < bases.count; ++b) {
      Chain chain(bases.outcome[b]);
      for (size_t end = begin; end < pieces_.size(); ++end) {
        if (!chain.add(pieces_[end], static_cast<uint32_t>(end))) break;
        row[end + 1] = std::min(row[end + 1], chain.cost(price_));
      }
    }
  }

  uint32_t last_of(size_t position) const {
    return position + 1 < pieces_.size() ? pieces_[position + 1].first - 1 : 0xffffffff;
  }

  void fill_bit_tests(size_t begin, float* row) const {
    BitTest test;
    for (size_t at = begin; at < pieces_.size(); ++at) {
      if (!test.add(pieces_[at], last_of(at))) break;
      if (at > begin + 1 && test.find()) row[at + 1] = std::min(row[at + 1], test.cost(price_));
    }
  }

  std::optional<BitTest> bit_test(size_t begin, size_t end) const {
    BitTest test;
    for (size_t at = begin; at < end; ++at)
      if (!test.add(pieces_[at], last_of(at))) return std::nullopt;
    if (end - begin < 3 || !test.find()) return std::nullopt;
    return test;
  }

  static Branch build_bit_test(const BitTest::Found& found, SearchTree& tree) {
    tree.tests.push_back(
        {Kind::AnyBit, found.bits, found.weight, {true, found.with}, {true, found.without}});
    return {false, static_cast<uint32_t>(tree.tests.size() - 1)};
  }

  std::optional<Chain> best_chain(size_t begin, size_t end) const {
    std::optional<Chain> best;
    Bases bases = bases_from(pieces_, begin);
    for (size_t b = 0; b < bases.count; ++b) {
      Chain chain(bases.outcome[b]);
      bool fits = true;
      for (size_t at = begin; at < end && fits; ++at)
        fits = chain.add(pieces_[at], static_cast<uint32_t>(at));
      if (fits && (!best || chain.cost(price_) < best->cost(price_))) best = chain;
    }
    return best;
  }

  Branch build_chain(const Chain& chain, SearchTree& tree) const {
    float passing = chain.weight();
    size_t start = tree.tests.size();
    for (size_t i = 0; i < chain.size(); ++i) {
      const Piece& piece = pieces_[chain.position(i)];
      Branch next = {false, static_cast<uint32_t>(start + i + 1)};
      if (i + 1 == chain.size()) next = {true, chain.base()};
      tree.tests.push_back({Kind::Equal, piece.first, passing, {true, piece.outcome}, next});
      passing -= piece.weight;
    }
    return {false, static_cast<uint32_t>(start)};
  }

  size_t best_cut(size_t begin, size_t end) const {
    size_t best = begin + 1;
    auto sum = [&](size_t cut) {
      return costs_[begin * stride_ + cut] + costs_[cut * stride_ + end];
    };
    for (size_t cut = begin + 2; cut < end; ++cut)
      if (sum(cut) < sum(best)) best = cut;
    return best;
  }

  float weight(size_t begin, size_t end) const { return prefix_[end] - prefix_[begin]; }

  std::span<const Piece> pieces_;
  float price_;
  size_t stride_;
  std::vector<float> costs_;      // [begin][end]; infinite where end <= begin
  std::vector<float> cut_costs_;  // [end], for one begin: the best cut, without the cut's own test
  std::vector<float> prefix_;
};

// Cuts lists that are too long for the exact search where weight and count are both near half.
Branch halve(std::span<const Piece> pieces, float price, SearchTree& tree) {
  if (pieces.size() <= exact_limit) return Windows(pieces, price).build(0, pieces.size(), tree);
  float total = 0;
  for (const Piece& piece : pieces) total += piece.weight + price;
  size_t cut = 0;
  float left = 0;
  while (cut + 1 < pieces.size() && (left < total / 2 || cut == 0))
    left += pieces[cut].weight + price, ++cut;
  uint32_t index = static_cast<uint32_t>(tree.tests.size());
  tree.tests.push_back({Kind::AtLeast, pieces[cut].first, total, {}, {}});
  Branch yes = halve(pieces.subspan(cut), price, tree);
  Branch no = halve(pieces.subspan(0, cut), price, tree);
  tree.tests[index].yes = yes;
  tree.tests[index].no = no;
  return {false, index};
}

// One test that is enough, where there obviously is one: most argument checks are such.
std::optional<Comparison> single_test(std::span<const Piece> pieces) {
  if (pieces.size() == 2)
    return Comparison{Kind::AtLeast,
                      pieces[1].first,
                      pieces[0].weight + pieces[1].weight,
                      {true, pieces[1].outcome},
                      {true, pieces[0].outcome}};
  bool is_odd_one =
      pieces.size() == 3 && pieces[1].single && pieces[0].outcome == pieces[2].outcome;
  if (!is_odd_one) return std::nullopt;
  return Comparison{Kind::Equal,
                    pieces[1].first,
                    pieces[0].weight + pieces[1].weight + pieces[2].weight,
                    {true, pieces[1].outcome},
                    {true, pieces[0].outcome}};
}

}  // namespace

SearchTree search(std::span<const Piece> pieces, float price) {
  SearchTree tree;
  if (std::optional<Comparison> test = single_test(pieces)) {
    tree.tests.push_back(*test);
    tree.root = {false, 0};
  } else {
    tree.root = halve(pieces, price, tree);
  }
  return tree;
}

bool passes(const Comparison& test, uint32_t value) {
  switch (test.kind) {
    case Kind::Equal:
      return value == test.key;
    case Kind::AtLeast:
      return value >= test.key;
    case Kind::AnyBit:
      return (value & test.key) != 0;
  }
  return false;
}

double cost_of(const SearchTree& tree, std::span<const Piece> pieces, float price) {
  double total = static_cast<double>(price) * static_cast<double>(tree.tests.size());
  for (const Piece& piece : pieces) {
    Branch at = tree.root;
    while (!at.is_outcome) {
      const Comparison& test = tree.tests[at.index];
      at = passes(test, piece.first) ? test.yes : test.no;
      total += static_cast<double>(piece.weight);
    }
  }
  return total;
}

}  // namespace seclude::filter
