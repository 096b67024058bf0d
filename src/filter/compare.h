// Compare: where two decisions of one store differ, with a concrete input for each difference.
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

}  // namespace seclude::filter
