// Compare: where two decisions of one store differ, with a concrete input for each difference.
//
// In: two canonical decisions. Out: for each stretch of numbers on which they differ, one call that
// shows it. Exact: no difference found means equal on every input.
// Neighbours: diagram.h; check.h and the `diff` command print these.
#pragma once

#include <optional>
#include <vector>

#include "filter/action.h"
#include "filter/diagram.h"

namespace seclude::filter {

struct Difference {
  Input input;   // on this
  Action left;   // the first answers this,
  Action right;  // the second that
};

// One input on which they differ, or nullopt when they are equal.
std::optional<Difference> difference(Store& store, const Decision& left, const Decision& right);

// Numbers first..last of one architecture, for which both have one function each, not the same.
struct RunDifference {
  std::optional<uint32_t> audit;  // nullopt: every architecture neither decision lists
  uint32_t first = 0, last = 0;
  Difference example;  // its number is `first`
};

// All of them, by architecture and number. Where one decision is mixed() the runs are not known:
// then one example for everything (its number can be any, first..last is all numbers).
std::vector<RunDifference> differences(Store& store, const Decision& left, const Decision& right);

}  // namespace seclude::filter
