// Peeling: see peeling.h. A dynamic program over windows of neighbouring pieces, each without its
// k heaviest single values, for k up to what is asked.
//
// What a cut leaves on either side is again a window without its heaviest single values, so the
// costs of all windows answer each other. They are kept twice, by the window's begin and by its
// end, so that the costs on both sides of all cuts are consecutive memory.
#include "filter/code/peeling.h"

#include <algorithm>
#include <array>
#include <vector>

#include "filter/code/four.h"
#include "filter/code/outright.h"

namespace seclude::filter {
namespace {

using Kind = Comparison::Kind;

// A value is hot when it has this share of its window's weight.
constexpr float hot_share = 0.25f;

// The heaviest single pieces of a window, heaviest first.
class Heaviest {
 public:
  void add(const Piece& piece, uint32_t position) {
    if (!piece.single) return;
    size_t at = count_;
    while (at > 0 && weights_[at - 1] < piece.weight) --at;
    if (at == peel_limit) return;
    if (count_ < peel_limit) ++count_;
    for (size_t i = count_ - 1; i > at; --i) {
      weights_[i] = weights_[i - 1];
      positions_[i] = positions_[i - 1];
    }
    weights_[at] = piece.weight;
    positions_[at] = position;
  }

  // How many are hot in a window of this weight.
  size_t hot(float window) const {
    size_t hot = 0;
    while (hot < count_ && weights_[hot] >= window * hot_share) ++hot;
    return hot;
  }
  uint32_t position(size_t i) const { return positions_[i]; }
  Gone first(size_t count) const {
    Gone gone = {std::span(positions_.data(), count), 0};
    for (size_t i = 0; i < count; ++i) gone.weight += weights_[i];
    return gone;
  }

 private:
  size_t count_ = 0;
  std::array<uint32_t, peel_limit> positions_{};
  std::array<float, peel_limit> weights_{};
};

class PeeledWindows {
 public:
  PeeledWindows(std::span<const Piece> pieces, float price, size_t most)
      : pieces_(pieces), price_(price), most_(most), stride_(pieces.size() + 1) {
    for (size_t k = 0; k <= most; ++k) {
      by_begin_[k].assign(stride_ * stride_, infinite);
      by_end_[k].assign(stride_ * stride_, infinite);
    }
    prefix_.push_back(0);
    for (const Piece& piece : pieces) prefix_.push_back(prefix_.back() + piece.weight);
    for (size_t begin = pieces.size(); begin-- > 0;) fill(begin);
  }

  // Appends the tests of the best tree for a window without its k heaviest single pieces.
  Branch build(Window window, size_t k, SearchTree& tree) const {
    Heaviest heaviest;
    for (size_t at = window.begin; at < window.end; ++at)
      heaviest.add(pieces_[at], static_cast<uint32_t>(at));
    Gone gone = heaviest.first(k);
    if (std::optional<uint32_t> outcome = only_outcome(window, gone)) return {true, *outcome};
    float target = by_begin_[k][window.begin * stride_ + window.end];
    std::optional<BitTest> test = k == 0 ? bit_test(pieces_, window) : std::nullopt;
    if (test && test->cost(price_) <= target) return build_bit_test(*test->find(), tree);
    std::optional<Chain> chain = best_chain(pieces_, window, price_, gone);
    if (chain && chain->cost(price_, gone) <= target) return chain->build(pieces_, tree, gone);

    float passing = weight(window) - gone.weight;
    uint32_t index = static_cast<uint32_t>(tree.tests.size());
    tree.tests.push_back({Kind::AtLeast, 0, passing, {}, {}});
    Branch yes, no;
    if (k < can_peel(window, heaviest) && cost_of_peeling(window, k) + passing + price_ <= target) {
      const Piece& piece = pieces_[heaviest.position(k)];
      tree.tests[index].kind = Kind::Equal;
      tree.tests[index].key = piece.first;
      yes = {true, piece.outcome};
      no = build(window, k + 1, tree);
    } else {
      BestCut best = best_cut(window, gone);
      tree.tests[index].key = pieces_[best.cut].first;
      yes = build({best.cut, window.end}, k - best.left, tree);
      no = build({window.begin, best.cut}, best.left, tree);
    }
    tree.tests[index].yes = yes;
    tree.tests[index].no = no;
    return {false, index};
  }

 private:
  // How many may be peeled. What is hot in a window is so in all parts of it, so that what a cut
  // leaves was looked at, too.
  size_t can_peel(Window window, const Heaviest& heaviest) const {
    return std::min(most_, heaviest.hot(weight(window)));
  }

  void fill(size_t begin) {
    Heaviest heaviest;
    std::vector<Chain> chains;
    Bases bases = bases_from(pieces_, begin);
    for (size_t i = 0; i < bases.count; ++i) chains.emplace_back(bases.outcome[i]);
    BitTest bits;
    bool bits_fit = true;
    for (size_t end = begin + 1; end <= pieces_.size(); ++end) {
      uint32_t added = static_cast<uint32_t>(end - 1);
      heaviest.add(pieces_[added], added);
      std::erase_if(chains, [&](Chain& chain) { return !chain.add(pieces_[added], added); });
      bits_fit = bits_fit && bits.add(pieces_[added], last_of(pieces_, added));
      bool one_test = bits_fit && end - begin > 2 && bits.find();
      size_t most = can_peel({begin, end}, heaviest);
      for (size_t k = most + 1; k-- > 0;) {
        Gone gone = heaviest.first(k);
        float cost = cost_of({begin, end}, gone, most);
        for (const Chain& chain : chains) cost = std::min(cost, chain.cost(price_, gone));
        if (k == 0 && one_test) cost = std::min(cost, bits.cost(price_));
        by_begin_[k][begin * stride_ + end] = by_end_[k][end * stride_ + begin] = cost;
      }
    }
  }

  // Of peeling one more, of the best cut, or 0 where nothing is left to tell apart.
  float cost_of(Window window, const Gone& gone, size_t most) const {
    size_t k = gone.positions.size();
    // Neighbours differ, so that two of a longer window are left.
    bool may_be_settled = window.end - window.begin <= 2 * k + 1;
    if (may_be_settled && only_outcome(window, gone)) return 0;
    Four least = four_of(k < most ? cost_of_peeling(window, k) : infinite);
    for_stretches(window, gone, [&](Window cuts, size_t left) {
      const float* before = &by_begin_[left][window.begin * stride_ + cuts.begin];
      const float* after = &by_end_[k - left][window.end * stride_ + cuts.begin];
      lower_to_sums(least, before, after, cuts.end - cuts.begin);
    });
    return least_of(least) + weight(window) - gone.weight + price_;
  }

  float cost_of_peeling(Window window, size_t k) const {
    return by_begin_[k + 1][window.begin * stride_ + window.end];
  }

  struct BestCut {
    size_t cut = 0;
    size_t left = 0;  // how many of those that are gone lie before it
  };
  BestCut best_cut(Window window, const Gone& gone) const {
    BestCut best;
    float least = infinite;
    size_t k = gone.positions.size();
    for_stretches(window, gone, [&](Window cuts, size_t left) {
      for (size_t cut = cuts.begin; cut < cuts.end; ++cut) {
        float sum = by_begin_[left][window.begin * stride_ + cut] +
                    by_end_[k - left][window.end * stride_ + cut];
        if (sum >= least) continue;
        least = sum;
        best = {cut, left};
      }
    });
    return best;
  }

  // All cuts of the window, in stretches that have equally many of the gone pieces before them.
  template <typename Visit>
  static void for_stretches(Window window, const Gone& gone, Visit&& visit) {
    std::array<uint32_t, peel_limit> sorted{};
    for (size_t i = 0; i < gone.positions.size(); ++i) {
      size_t at = i;
      for (; at > 0 && sorted[at - 1] > gone.positions[i]; --at) sorted[at] = sorted[at - 1];
      sorted[at] = gone.positions[i];
    }
    size_t from = window.begin + 1;
    for (size_t left = 0; left <= gone.positions.size(); ++left) {
      size_t to = left < gone.positions.size() ? size_t{sorted[left]} + 1 : window.end;
      to = std::min(to, window.end);
      if (from < to) visit(Window{from, to}, left);
      from = std::max(from, to);
    }
  }

  // What all that is left of the window leads to, if that is one thing.
  std::optional<uint32_t> only_outcome(Window window, const Gone& gone) const {
    std::optional<uint32_t> outcome;
    for (size_t at = window.begin; at < window.end; ++at) {
      if (outcome == pieces_[at].outcome || gone.has(at)) continue;
      if (outcome) return std::nullopt;
      outcome = pieces_[at].outcome;
    }
    return outcome ? outcome : pieces_[window.begin].outcome;
  }

  float weight(Window window) const { return prefix_[window.end] - prefix_[window.begin]; }

  std::span<const Piece> pieces_;
  float price_;
  size_t most_;
  size_t stride_;
  // By k; [begin][end] and [end][begin]. Infinite where a window has fewer single pieces.
  std::array<std::vector<float>, peel_limit + 1> by_begin_, by_end_;
  std::vector<float> prefix_;
};

}  // namespace

Branch peeling_tree(std::span<const Piece> pieces, float price, size_t most, SearchTree& tree) {
  return PeeledWindows(pieces, price, most).build({0, pieces.size()}, 0, tree);
}

}  // namespace seclude::filter
