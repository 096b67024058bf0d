// Evaluate: what a BPF program answers for one input, exactly as the kernel's interpreter would.
//
// In: a valid program (program.h) and one call (input.h). Out: the raw return value, and how many
// instructions it took. This is the concrete run; lift.h runs a program for all inputs at once.
#pragma once

#include <span>
#include <vector>

#include "filter/input.h"
#include "filter/program.h"

namespace seclude::filter {

struct Evaluation {
  uint32_t ret = 0;       // the raw return value
  uint32_t executed = 0;  // instructions, the return included
  uint32_t last = 0;      // index of the return instruction
};

// The program must be valid (see invalid()). `big_endian`: byte order of the data. `path` receives
// the index of every instruction that was executed, in order.
Evaluation evaluate(std::span<const Instruction> program, const Input& input,
                    bool big_endian = false, std::vector<uint32_t>* path = nullptr);

}  // namespace seclude::filter
