// Peers: the same policies, compiled by others.
//
// In: a reference policy as its file says it. Out: the program libseccomp makes of it, linear or as
// a tree, and how long that takes. What the policy language adds (reference.h) libseccomp cannot
// say, so its programs answer unknown and x32 numbers with the policy's default. Neighbours:
// compare_filters.cc puts the programs side by side.
#pragma once

#include <optional>

#include "filter/program.h"
#include "reference.h"

namespace seclude::bench {

enum class Shape { Linear = 1, Tree = 2 };  // SCMP_FLTATR_CTL_OPTIMIZE

std::optional<filter::Program> with_libseccomp(const PolicyFile& policy, Shape shape);

}  // namespace seclude::bench
