// Cost: what a program costs: per call, at load, and of the kernel's bound on stacked filters.
//
// In: any valid program. Out: expected instructions for weighted calls, which calls the kernel
// answers without running it (since 5.11), its length after the kernel's conversion, and an
// estimate of the time it takes to load. Nothing here is proven; it is what `compile` and `inspect`
// report. Neighbours: evaluate.h runs single inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "calls/arch.h"
#include "filter/input.h"
#include "filter/program.h"

namespace seclude::filter {

struct WeightedInput {
  double weight = 0;
  Input input;
};

// Mean instructions executed per call; 0 when there are no calls.
double expected_instructions(std::span<const Instruction> program,
                             std::span<const WeightedInput> calls, bool big_endian = false);

// Whether the kernel's bitmap answers the call: its emulation reaches ALLOW knowing only the
// architecture and the number.
bool is_constant_allow(std::span<const Instruction> program, uint32_t audit, uint32_t number);

// The call numbers of the tables that the bitmap answers on this architecture, sorted.
std::vector<uint32_t> constant_allows(std::span<const Instruction> program, calls::Arch arch);

// Instructions after the kernel's conversion to eBPF. A chain of filters may have 32,768 in all,
// each counted with 4 more.
size_t converted_length(std::span<const Instruction> program);
inline constexpr size_t chain_limit_instructions = 32768, chain_charge_per_filter = 4;

// Instructions the kernel's emulation runs at load to find the bitmap, for one architecture.
size_t emulated_instructions(std::span<const Instruction> program, calls::Arch arch);

// Microseconds to load, as measured on one x86_64 machine with Linux 6.18; for comparing programs,
// not for promises.
double estimated_load_microseconds(std::span<const Instruction> program, calls::Arch arch);

}  // namespace seclude::filter
