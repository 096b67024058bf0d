// Peeling: search.h's larger family, which may pick hot values out before it cuts.
//
// In: the intervals of a word, the price of an instruction, how many values may be picked out in a
// row (at most peel_limit). Out: the best tree, appended to `tree`. A hot value in the middle of a
// window else takes two cuts of its own; here one equality test takes it out, and its neighbours
// may become one interval. Neighbours: search.cc calls it where every call pays for its way;
// outright.h.
#pragma once

#include <span>

#include "filter/code/search.h"

namespace seclude::filter {

Branch peeling_tree(std::span<const Piece> pieces, float price, size_t most, SearchTree& tree);

}  // namespace seclude::filter
