// Lint: lines of a policy that hold, and that their author may regret.
//
// In: a resolved policy without errors. Out: warnings about the root's own lines: calls whose form
// in another libc or on another architecture is refused (data/equivalents.tsv), and calls that are
// known to lead out of a sandbox or into rarely tried kernel code. A line that says `because` has
// thought of it and is left alone, and so is what a used profile decides.
// Neighbours: check.h proves what can be proven; oddities.h says such things about filters.
#pragma once

#include "base/diagnostic.h"
#include "filter/diagram.h"
#include "filter/resolve.h"
#include "policy/load.h"

namespace seclude::filter {

void lint(Store& store, const policy::Texts& texts, const Resolved& resolved,
          Diagnostics& diagnostics);

}  // namespace seclude::filter
