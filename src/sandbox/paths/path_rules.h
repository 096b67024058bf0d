// Path rules: a policy's places, as they are on this machine, made a domain.
//
// In: places (places.h), and what this machine can do. Out: the domain, and diagnostics:
// a listed path that is not there; what lies elsewhere than the text says (symbolic links) and then
// cannot be held; a kernel without Landlock. With best effort each lack is a warning, and its line
// is held as far as it can be. Neighbours: plan.h takes the domain.
#pragma once

#include <optional>

#include "base/diagnostic.h"
#include "kernel/landlock.h"
#include "sandbox/paths/domain.h"
#include "sandbox/paths/places.h"

namespace seclude::sandbox {

struct Machine {
  kernel::LandlockVersion landlock = {};
  // How to mend it that no namespaces can be made, where that is known; else the launch will tell.
  std::optional<std::string> no_namespaces = {};
};

// nullopt: the policy confines neither paths nor the network.
std::optional<Domain> domain_of(const Places& places, const Machine& machine, bool best_effort,
                                Diagnostics& diagnostics);

}  // namespace seclude::sandbox
