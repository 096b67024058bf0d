// Emit: rules to the smallest, fastest program that means the same.
//
// In: rules (numbers and tests), their decision (for the memo keys and stopping tests), weights.
// Out: a program; compile.h lifts it again and compares before anyone may use it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "filter/diagram.h"
#include "filter/program.h"
#include "filter/rules.h"

namespace seclude::filter {

enum class Optimise { Size, Balanced, Speed };

struct EmitOptions {
  Optimise optimise = Optimise::Balanced;
  // Kernels before 5.11 run the filter for every call; later ones answer unconditional allows from
  // a bitmap, so that only argument-checked calls and refusals pay for their depth.
  bool kernel_has_bitmap = true;
  // How often each call is made, by name; empty: the default weights.
  std::map<std::string, double, std::less<>> weights;
  // What one instruction of size is worth, in instructions executed per call: instead of the
  // optimisation's own price, to see what others would give.
  std::optional<float> price;
};

// `decision` is decide(rules) with mediated calls allowed. May exceed max_program_length; the
// caller checks.
Program emit(Store& store, const Rules& rules, const Decision& decision,
             const EmitOptions& options = {});

}  // namespace seclude::filter
