// Check: everything about a policy that can be proven without running it.
//
// In: a resolved policy. Out: diagnostics: two refusals that contradict each other, expectations
// that do not hold (each with one concrete call), phases that widen, rules without effect.
// Neighbours: resolve.h comes before; expect.h proves the `expect` lines.
#pragma once

#include "base/diagnostic.h"
#include "filter/diagram.h"
#include "filter/resolve.h"
#include "filter/settings.h"
#include "policy/load.h"

namespace seclude::filter {

// Call only when resolve() found no errors. The store is used for all decisions and may be cleared
// by the caller afterwards.
void check(Store& store, const policy::Texts& texts, const Settings& settings,
           const Resolved& resolved, Diagnostics& diagnostics);

}  // namespace seclude::filter
