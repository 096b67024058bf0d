// Expect: proves each `expect` line for all inputs, on every listed architecture.
//
// In: a resolved policy and its decisions. Out: an error with one concrete call, and the line that
// decides it, for each expectation that does not hold.
#pragma once

#include "base/diagnostic.h"
#include "filter/diagram.h"
#include "filter/resolve.h"
#include "filter/settings.h"
#include "policy/load.h"

namespace seclude::filter {

void prove_expectations(Store& store, const policy::Texts& texts, const Settings& settings,
                        const Resolved& resolved, Diagnostics& diagnostics);

}  // namespace seclude::filter
