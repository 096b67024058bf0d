// Layers: which layer holds each line of a policy, for `check --json` and `run --plan`.
//
// In: a policy, loaded and resolved. Out: its path and network lines as places, every line that
// nothing can hold, and a list of lines with their layers. No file is looked at here.
// Neighbours: sandbox/paths/places.h and sandbox/unenforced.h judge.
#pragma once

#include <vector>

#include "cli/json.h"
#include "cli/session.h"
#include "sandbox/limits/limits.h"
#include "sandbox/paths/places.h"
#include "sandbox/plan.h"

namespace seclude::cli {

struct Layers {
  std::vector<sandbox::Unenforced> unenforced;  // neither paths nor connections
  sandbox::Places places;
};

Layers layers_of(const Loaded& loaded, const filter::Resolved& resolved);

Json lines_of(const Loaded& loaded, const filter::Resolved& resolved);

// What this machine can hold; a line of another layer that is not held has none.
struct HeldHere {
  const std::optional<sandbox::Domain>& domain;
  bool isolated = false;
  const sandbox::HeldLimits* limits = nullptr;
};
std::vector<sandbox::HeldLine> held_lines(const Loaded& loaded, const filter::Resolved& resolved,
                                          const HeldHere& here);

}  // namespace seclude::cli
