// Kernel harness: what filters cost in the running kernel.
//
// In: programs, and for each a call that its filter looks at arguments of. Out: microseconds to
// load each, nanoseconds per call for a call allowed whatever its arguments (which the kernel
// answers from its bitmap) and for the checked one. Every measurement is a child of its own, and
// the programs take turns, so that slow moments of the machine hit all alike.
// Neighbours: measure_filters.cc prints what comes out.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "filter/program.h"

namespace seclude::bench {

struct Candidate {
  std::string name;
  filter::Program program;            // empty: no filter at all
  std::array<unsigned long, 4> call;  // number and three arguments; harmless and allowed
};

struct KernelTimes {
  double load_microseconds = 0;
  double plain_nanoseconds = 0;    // close(-1)
  double checked_nanoseconds = 0;  // the candidate's call
};

// Medians over `rounds`; zeros where the kernel would not load a program.
std::vector<KernelTimes> time_in_kernel(const std::vector<Candidate>& candidates, size_t rounds);

}  // namespace seclude::bench
