// Search: see search.h. A dynamic program over windows of neighbouring pieces.
//
// The inner loop offers one cut to all windows it could cut, over consecutive memory, four at a
// time.
#include "filter/code/search.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "filter/code/four.h"
#include "filter/code/outright.h"
#include "filter/code/peeling.h"

namespace seclude::filter {
namespace {

using Kind = Comparison::Kind;

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
    std::optional<BitTest> test = bit_test(pieces_, {begin, end});
    if (test && test->cost(price_) <= target) return build_bit_test(*test->find(), tree);
    std::optional<Chain> chain = best_chain(pieces_, {begin, end}, price_);
    if (chain && chain->cost(price_) <= target) return chain->build(pieces_, tree);
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

  void fill_bit_tests(size_t begin, float* row) const {
    BitTest test;
    for (size_t at = begin; at < pieces_.size(); ++at) {
      if (!test.add(pieces_[at], last_of(pieces_, at))) break;
      if (at > begin + 1 && test.find()) row[at + 1] = std::min(row[at + 1], test.cost(price_));
    }
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
Branch halve(std::span<const Piece> pieces, float price, size_t peeled, SearchTree& tree) {
  if (pieces.size() <= exact_limit && peeled > 0) return peeling_tree(pieces, price, peeled, tree);
  if (pieces.size() <= exact_limit) return Windows(pieces, price).build(0, pieces.size(), tree);
  float total = 0;
  for (const Piece& piece : pieces) total += piece.weight + price;
  size_t cut = 0;
  float left = 0;
  while (cut + 1 < pieces.size() && (left < total / 2 || cut == 0))
    left += pieces[cut].weight + price, ++cut;
  uint32_t index = static_cast<uint32_t>(tree.tests.size());
  tree.tests.push_back({Kind::AtLeast, pieces[cut].first, total, {}, {}});
  Branch yes = halve(pieces.subspan(cut), price, peeled, tree);
  Branch no = halve(pieces.subspan(0, cut), price, peeled, tree);
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

SearchTree search(std::span<const Piece> pieces, float price, size_t peeled) {
  SearchTree tree;
  if (std::optional<Comparison> test = single_test(pieces)) {
    tree.tests.push_back(*test);
    tree.root = {false, 0};
  } else {
    tree.root = halve(pieces, price, peeled, tree);
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
