// Covers: what `hide` and `protect` lines take away again from what other lines grant.
//
// In: a policy's places and where they really are. Out: a domain's paths without what is hidden,
// and the places that mounts have to cover, with the folders that must not be renamed. Neighbours:
// path_rules.h has found the places, isolation.h mounts.
#pragma once

#include <vector>

#include "sandbox/paths/domain.h"
#include "sandbox/paths/places.h"

namespace seclude::sandbox {

// `trees` are in the order of `places`.
void cover(const std::vector<Place>& places, const std::vector<Tree>& trees, Domain& domain);

}  // namespace seclude::sandbox
