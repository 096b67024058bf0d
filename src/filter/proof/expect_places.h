// Expect places: proves `expect read PATH`, `expect refused connect END` and their like.
//
// In: the path and network lines of a resolved policy, and the expectation. Out: an error with one
// path or end for which it does not hold. What is decided here are the lines; that a layer enforces
// them is the launcher's business.
// Neighbours: expect.h does the same for calls; policy/paths.h and policy/ends.h know the patterns.
#pragma once

#include <vector>

#include "base/diagnostic.h"
#include "filter/resolve.h"
#include "filter/settings.h"
#include "policy/load.h"

namespace seclude::filter {

void prove_places(const std::vector<const Item*>& expects, const policy::Texts& texts,
                  const Settings& settings, const Resolved& resolved, Diagnostics& diagnostics);

}  // namespace seclude::filter
