// Four: sums of costs, four at a time, for the searches over windows.
//
// In: consecutive costs. Out: their least sums. GCC's and Clang's vector types, which every
// architecture has; without them the searches take about three times as long.
// Neighbours: search.cc, peeling.cc.
#pragma once

#include <cstddef>
#include <cstring>

namespace seclude::filter {

using Four = float __attribute__((vector_size(16)));

inline Four load_four(const float* from) {
  Four four;
  std::memcpy(&four, from, sizeof four);
  return four;
}

inline Four lesser(Four a, Four b) { return a < b ? a : b; }

inline Four four_of(float value) { return Four{value, value, value, value}; }

// Lowers `least` to a[i] + b[i]. The last four overlap those before, which a minimum allows.
inline void lower_to_sums(Four& least, const float* a, const float* b, size_t count) {
  if (count < 4) {
    for (size_t i = 0; i < count; ++i) least = lesser(least, four_of(a[i] + b[i]));
    return;
  }
  for (size_t i = 0; i + 4 < count; i += 4)
    least = lesser(least, load_four(a + i) + load_four(b + i));
  least = lesser(least, load_four(a + count - 4) + load_four(b + count - 4));
}

inline float least_of(Four four) {
  Four swapped = {four[2], four[3], four[0], four[1]};
  Four halves = lesser(four, swapped);
  return halves[0] < halves[1] ? halves[0] : halves[1];
}

}  // namespace seclude::filter
