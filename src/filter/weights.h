// Weights: how often programs make each call.
//
// In: a recording (call names and counts), or nothing: then data/weights.tsv, which the build turns
// into numbers per architecture. Out: the share of each call number, sorted by number.
// Neighbours: emit.cc gives frequent calls the short ways.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "calls/arch.h"

namespace seclude::filter {

struct CallWeight {
  uint32_t number = 0;
  float share = 0;  // of all calls; the shares add up to 1 (or there are none)
};

std::vector<CallWeight> call_weights(calls::Arch arch,
                                     const std::map<std::string, double, std::less<>>& recorded);

}  // namespace seclude::filter
