// Probes: calls made so that the kernel shows how many bits of one argument it reads.
//
// In: bits to add to the argument. Out: what happened, as one number to compare: a value the probe
// chooses when the call had its effect, or minus the errno. Each runs in a child of its own
// (widths_test.cc).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace seclude::kernel_test {

inline constexpr int64_t died = std::numeric_limits<int64_t>::min();  // the child did not answer
inline constexpr int64_t cannot_ask = died + 1;                       // nothing to ask with here

struct Probe {
  const char* call;
  const char* arg;      // as in the table
  const char* variant;  // where one argument is asked in several ways
  std::function<int64_t(uint64_t high)> run;
  // The table may say the smaller width although the kernel refuses higher bits: a rule then covers
  // calls that fail anyway, and holds where another kernel ignores those bits.
  bool may_refuse = false;
  unsigned width = 32;  // the smaller width in question: bits are added above it
};

std::vector<Probe> all_probes();

// Calls of the 32-bit entry that take 16-bit user and group ids.
struct UidProbe {
  const char* call;
  std::function<int64_t(uint64_t high)> run;
};
std::vector<UidProbe> uid_probes();

}  // namespace seclude::kernel_test
