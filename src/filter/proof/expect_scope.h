// Expect scope: on which architectures an expectation is to be proven.
//
// In: an `expect` line, with the `on` it names and the `on` block it stands in. Out: the
// architectures, among those being looked at. One that no listed architecture is in would hold for
// the wrong reason, and is an error; one for a listed architecture that `--arch` left out is not.
// Neighbours: expect.h and expect_places.h prove what is in scope.
#pragma once

#include <cstdint>

#include "base/diagnostic.h"
#include "filter/resolve.h"

namespace seclude::filter {

// Bit per calls::Arch, of those that are looked at.
uint16_t expected_archs(const Item& expect, const Resolved& resolved);

// Whether there is something to prove here and now; an error when there never is.
bool provable(const Item& expect, const Resolved& resolved, Diagnostics& diagnostics);

}  // namespace seclude::filter
