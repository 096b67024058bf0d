// Weights: how often programs make each call.
//
// In: a recording (call names and counts), or nothing: then data/weights.tsv and
// data/argument_weights.tsv, which the build turns into numbers per architecture. Out: the share of
// each call number, sorted by number, and of the values of a call's arguments.
// Neighbours: emit.cc gives frequent calls the short ways.
#pragma once

#include <cstdint>
#include <map>
#include <span>
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

// How often the low 32 bits of an argument have a value, of all calls of this number.
struct ArgumentWeight {
  uint32_t number = 0;
  uint8_t arg = 0;
  uint32_t value = 0;
  float share = 0;
};

// What is known of a call's arguments: nothing for most.
std::span<const ArgumentWeight> argument_weights(calls::Arch arch, uint32_t number);

}  // namespace seclude::filter
