// Windows: the search itself, a dynamic program over windows of neighbouring pieces.
//
// In: the intervals of a word, the price of an instruction, how many hot values may be picked out
// in a row (`most`, at most peel_limit). Out: the best tree of the family in search.h, appended to
// `tree`. A hot value in the middle of a window else takes two cuts of its own; an equality test
// takes it out, and its neighbours may become one interval. Neighbours: search.cc cuts lists that
// are too long for it; outright.h settles windows that need no cut.
#pragma once

#include <span>

#include "filter/code/search.h"

namespace seclude::filter {

Branch best_tree(std::span<const Piece> pieces, float price, size_t most, SearchTree& tree);

}  // namespace seclude::filter
