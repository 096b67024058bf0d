// Lift by runs: the fast half of lift.h, for programs as compilers write them.
//
// In: a valid program that tests arch by equality, splits numbers by comparisons, and asks
// arguments with AND and comparisons. Out: its decision, in microseconds; nullopt where the program
// does anything else, and lift_words.h has to look.
#pragma once

#include <optional>
#include <span>

#include "filter/diagram.h"
#include "filter/program.h"

namespace seclude::filter {

// Check exhausted() afterwards; then `exhausted_at` is the instruction that took too much.
std::optional<Decision> lift_runs(Store& store, std::span<const Instruction> program,
                                  bool big_endian, size_t* exhausted_at = nullptr);

}  // namespace seclude::filter
