// Lift: any valid seccomp program to its exact decision, over all inputs.
//
// In: a valid program (program.h). Out: its Decision in the given store with return values
// normalised to what the kernel does (action.h), or the program point where exactness would cost
// more than the node budget. Never approximate.
#pragma once

#include <span>
#include <string>
#include <variant>

#include "filter/diagram.h"
#include "filter/program.h"

namespace seclude::filter {

struct Undecided {
  size_t at;        // instruction
  std::string why;  // "the product of two argument words (more than 65536 nodes)"
};

std::variant<Decision, Undecided> lift(Store& store, std::span<const Instruction> program,
                                       bool big_endian = false);

}  // namespace seclude::filter
