// Lift by words: any valid program, with every register and scratch word as 32 diagrams.
//
// The general half of lift.h; see there. Neighbours: word.h for the arithmetic.
#pragma once

#include <span>
#include <variant>

#include "filter/diagram.h"
#include "filter/lift.h"
#include "filter/program.h"

namespace seclude::filter {

// The program's function with arch and number bits inside.
std::variant<Id, Undecided> lift_words(Store& store, std::span<const Instruction> program,
                                       bool big_endian);

}  // namespace seclude::filter
