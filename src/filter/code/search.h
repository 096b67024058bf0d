// Search: the best tree of two-way comparisons that tells the intervals of a word apart.
//
// In: the word's intervals, each with what it leads to and how often; the price of an instruction.
// Out: a tree of tests, the cheapest of this family, where the cost of a tree is
// sum(weight x tests on the way) + price x number of tests:
//   tree(window) = outcome              when the window has one outcome
//                | >= k                 between any two intervals, then a tree for each side; but
//                                       where tests are dear not right behind an odd one
//                | == a, == b, ...      at most `chain_limit` single values, heaviest first, when
//                                       all the rest of the window has one outcome
//                | & bits               when that alone tells the window's two outcomes apart
// With `peeled` above 0 also
//                | == a, then a tree for the rest of the window, where a is its heaviest single
//                                       value that is left and has a quarter of the window's
//                                       weight, at most `peeled` times in a row
// which is what hot values among cold ones want, and takes longer to find the larger `peeled` is.
// Tests are dear when the price is at least the weight of all; an odd one is a single value between
// two intervals of one outcome, of which the lower holds more than one value.
// Neighbours may have one outcome: a hot number among others of its answer can be picked out, too.
// Exact for up to `exact_limit` intervals (cubic time, eight windows at a time); longer lists are
// first halved by weight and count. Neighbours: emit.cc and generate.cc call it, windows.h does the
// search.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace seclude::filter {

// The values from `first` up to the next piece's first.
struct Piece {
  uint32_t first = 0;
  bool single = false;   // holds one value only, so that an equality test can pick it out
  uint32_t outcome = 0;  // equal outcomes are one piece of code
  float weight = 0;
};

// Where a test leads: another test of the tree, or an outcome.
struct Branch {
  bool is_outcome = true;
  uint32_t index = 0;  // of the test, or the outcome itself
  friend bool operator==(const Branch&, const Branch&) = default;
};

struct Comparison {
  enum class Kind : uint8_t { Equal, AtLeast, AnyBit };  // == key, >= key, (value & key) != 0
  Kind kind = Kind::AtLeast;
  uint32_t key = 0;
  float weight = 0;  // of everything that passes here
  Branch yes, no;
};

// `tests` in an order in which every test stands before those it leads to.
struct SearchTree {
  std::vector<Comparison> tests;
  Branch root;
};

inline constexpr size_t chain_limit = 12;
inline constexpr size_t peel_limit = 4;  // of `peeled`
inline constexpr size_t exact_limit = 144;

// `pieces` must not be empty; the first starts at the lowest value there is.
SearchTree search(std::span<const Piece> pieces, float price, size_t peeled = 0);

bool passes(const Comparison& test, uint32_t value);

// What search() minimises.
double cost_of(const SearchTree& tree, std::span<const Piece> pieces, float price);

}  // namespace seclude::filter
