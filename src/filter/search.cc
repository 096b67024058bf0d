// Search: see search.h. A dynamic program over windows of neighbouring pieces.
//
// The inner loop asks for the least left[k] + right[k] over all cuts k; both tables are laid out so
// that it runs over consecutive memory, four cuts at a time.
#include "filter/search.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>

namespace seclude::filter {
namespace {

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

using Four = float __attribute__((vector_size(16)));

Four load_four(const float* from) {
  Four four;
  std::memcpy(&four, from, sizeof four);
  return four;
}

// min over k of left[k] + right[k].
float least_sum(const float* left, const float* right, size_t count) {
  float best = infinite;
  size_t k = 0;
  if (count >= 4) {
    Four bests = load_four(left) + load_four(right);
    for (k = 4; k + 4 <= count; k += 4) {
      Four sums = load_four(left + k) + load_four(right + k);
      bests = sums < bests ? sums : bests;
    }
    for (int lane = 0; lane < 4; ++lane) best = std::min(best, bests[lane]);
  }
  for (; k < count; ++k) best = std::min(best, left[k] + right[k]);
  return best;
}

class Windows {
 public:
  Windows(std::span<const Piece> pieces, float price)
      : pieces_(pieces), price_(price), stride_(pieces.size() + 1) {
    by_begin_.assign(stride_ * stride_, infinite);
    by_end_.assign(stride_ * stride_, infinite);
    prefix_.push_back(0);
    for (const Piece& piece : pieces) prefix_.push_back(prefix_.back() + piece.weight);
    for (size_t begin = pieces.size(); begin-- > 0;) fill(begin);
  }

  // Appends the tests of the best tree for pieces [begin, end).
  Branch build(size_t begin, size_t end, SearchTree& tree) const {
    if (end - begin == 1) return {true, pieces_[begin].outcome};
    float target = by_begin_[begin * stride_ + end];
    if (std::optional<Chain> chain = best_chain(begin, end); chain && chain->cost(price_) <= target)
      return build_chain(*chain, tree);
    size_t cut = best_cut(begin, end);
    uint32_t index = static_cast<uint32_t>(tree.tests.size());
    tree.tests.push_back({false, pieces_[cut].first, weight(begin, end), {}, {}});
    Branch yes = build(cut, end, tree);
    Branch no = build(begin, cut, tree);
    tree.tests[index].yes = yes;
    tree.tests[index].no = no;
    return {false, index};
  }

 private:
  // Costs of all windows that start at `begin`, from those that start later.
  void fill(size_t begin) {
    float* row = &by_begin_[begin * stride_];
    fill_chains(begin, row);
    row[begin + 1] = 0;
    by_end_[(begin + 1) * stride_ + begin] = 0;
    for (size_t end = begin + 2; end <= pieces_.size(); ++end) {
      const float* column = &by_end_[end * stride_];
      float cut = least_sum(row + begin + 1, column + begin + 1, end - begin - 1);
      float best = std::min(row[end], cut + weight(begin, end) + price_);
      row[end] = best;
      by_end_[end * stride_ + begin] = best;
    }
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
      tree.tests.push_back({true, piece.first, passing, {true, piece.outcome}, next});
      passing -= piece.weight;
    }
    return {false, static_cast<uint32_t>(start)};
  }

  size_t best_cut(size_t begin, size_t end) const {
    size_t best = begin + 1;
    auto sum = [&](size_t cut) {
      return by_begin_[begin * stride_ + cut] + by_end_[end * stride_ + cut];
    };
    for (size_t cut = begin + 2; cut < end; ++cut)
      if (sum(cut) < sum(best)) best = cut;
    return best;
  }

  float weight(size_t begin, size_t end) const { return prefix_[end] - prefix_[begin]; }

  std::span<const Piece> pieces_;
  float price_;
  size_t stride_;
  std::vector<float> by_begin_;  // [begin][end]
  std::vector<float> by_end_;    // [end][begin]
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
  tree.tests.push_back({false, pieces[cut].first, total, {}, {}});
  Branch yes = halve(pieces.subspan(cut), price, tree);
  Branch no = halve(pieces.subspan(0, cut), price, tree);
  tree.tests[index].yes = yes;
  tree.tests[index].no = no;
  return {false, index};
}

}  // namespace

SearchTree search(std::span<const Piece> pieces, float price) {
  SearchTree tree;
  tree.root = halve(pieces, price, tree);
  return tree;
}

double cost_of(const SearchTree& tree, std::span<const Piece> pieces, float price) {
  double total = static_cast<double>(price) * static_cast<double>(tree.tests.size());
  for (const Piece& piece : pieces) {
    Branch at = tree.root;
    while (!at.is_outcome) {
      const Comparison& test = tree.tests[at.index];
      bool yes = test.equal ? piece.first == test.key : piece.first >= test.key;
      at = yes ? test.yes : test.no;
      total += static_cast<double>(piece.weight);
    }
  }
  return total;
}

}  // namespace seclude::filter
