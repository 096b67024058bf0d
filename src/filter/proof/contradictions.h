// Contradictions: two lines that refuse one call in two ways.
//
// In: a resolved policy. Out: an error with one concrete call for each pair of lines that would
// answer it with two different errnos (or trap and trace data), unless a stricter line decides it.
// What such a call gets would depend on the order of lines, and order never matters.
#pragma once

#include "base/diagnostic.h"
#include "filter/diagram.h"
#include "filter/resolve.h"

namespace seclude::filter {

void find_contradictions(Store& store, const Resolved& resolved, Diagnostics& diagnostics);

}  // namespace seclude::filter
