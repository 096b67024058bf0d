// Launch tables: how long ways of starting a program take, side by side.
//
// In: the ways, of which the first is the bare one (launches.h). Out: tables in a section: in
// multiples of the bare way, median and 99th percentile.
// Neighbours: launch_bench.cc and posture_bench.cc say what is launched.
#pragma once

#include <vector>

#include "launches.h"
#include "section.h"

namespace bench {

// One at a time in a row, two at a time, and after pauses.
void report_launches(Section& section, const std::vector<Way>& ways, size_t rounds);

// From a process that has touched 1 MiB, or 1 GiB, of memory.
void report_parents(Section& section, const std::vector<Way>& ways, size_t rounds);

}  // namespace bench
