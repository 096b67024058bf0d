// Cost report: what a filter costs, as text and JSON, for `inspect` and `compile --json`.
//
// In: a valid program and the architectures it is for. Out: its size against the kernel's bounds,
// the calls the kernel's bitmap answers, expected instructions over usual calls, and an estimate of
// its load time (filter/cost.h says how far to believe it).
#pragma once

#include <span>
#include <string>

#include "calls/arch.h"
#include "cli/json.h"
#include "filter/program.h"

namespace seclude::cli {

struct Priced {
  std::span<const filter::Instruction> program;
  std::span<const calls::Arch> archs;
};

Json cost_json(const Priced& priced);
std::string cost_text(const Priced& priced);

}  // namespace seclude::cli
