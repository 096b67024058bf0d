// Search: see search.h. Long lists are halved until windows.h can search them exactly.
#include "filter/code/search.h"

#include <optional>

#include "filter/code/windows.h"

namespace seclude::filter {
namespace {

using Kind = Comparison::Kind;

// Cuts lists that are too long for the exact search where weight and count are both near half.
Branch halve(std::span<const Piece> pieces, float price, size_t peeled, SearchTree& tree) {
  if (pieces.size() <= exact_limit) return best_tree(pieces, price, peeled, tree);
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
  if (pieces.size() > 1 && pieces[0].outcome == pieces[1].outcome) return std::nullopt;
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
