// Cost: see cost.h.
#include "filter/cost.h"

#include "calls/calls.h"
#include "filter/action.h"
#include "filter/evaluate.h"

namespace seclude::filter {
namespace {

// How the emulation of one call ends, and after how many instructions.
struct Emulated {
  bool allowed = false;
  size_t steps = 0;
};

// The kernel's rule (seccomp_is_const_allow, Linux 5.11): architecture and number are known, any
// other load and any other instruction ends the attempt. Data on ALLOW spoils it, too.
Emulated emulate(std::span<const Instruction> program, uint32_t audit, uint32_t number) {
  uint32_t accumulator = 0;
  Emulated result;
  for (size_t at = 0; at < program.size(); ++at) {
    ++result.steps;
    const Instruction& now = program[at];
    bool taken = false;
    switch (now.code) {
      case op::ld_abs:
        if (now.k != offset_number && now.k != offset_arch) return result;
        accumulator = now.k == offset_number ? number : audit;
        continue;
      case op::and_k:
        accumulator &= now.k;
        continue;
      case op::ja:
        at += now.k;
        continue;
      case op::ret_k:
        result.allowed = now.k == Action::allow_;
        return result;
      case op::jeq_k:
        taken = accumulator == now.k;
        break;
      case op::jgt_k:
        taken = accumulator > now.k;
        break;
      case op::jge_k:
        taken = accumulator >= now.k;
        break;
      case op::jset_k:
        taken = (accumulator & now.k) != 0;
        break;
      default:
        return result;
    }
    at += taken ? now.jt : now.jf;
  }
  return result;
}

// Lengths from bpf_convert_filter (net/core/filter.c, Linux 5.11 to 6.12).
size_t converted(const Instruction& instruction) {
  constexpr uint16_t class_mask = 0x07, class_jump = 0x05, source_x = 0x08;
  if ((instruction.code & class_mask) == class_jump) {
    if (instruction.code == op::ja) return 1;
    // A constant with its top bit set does not fit the signed immediate: one move more.
    bool moves = (instruction.code & source_x) == 0 && instruction.k >> 31 != 0;
    bool inverts = instruction.jt == 0 && (instruction.code & 0xf7) != op::jset_k;
    // Both ways jump: the comparison and a plain jump.
    bool both = instruction.jf != 0 && !inverts;
    return size_t{1} + (moves ? 1 : 0) + (both ? 1 : 0);
  }
  switch (instruction.code) {
    case op::ret_k:
      return 2;  // move and exit; RET A is the exit alone
    case op::div_x:
      return 5;  // with a test for zero
    default:
      return 1;
  }
}

}  // namespace

double expected_instructions(std::span<const Instruction> program,
                             std::span<const WeightedInput> calls, bool big_endian) {
  double executed = 0, total = 0;
  for (const WeightedInput& call : calls) {
    executed += call.weight * evaluate(program, call.input, big_endian).executed;
    total += call.weight;
  }
  return total > 0 ? executed / total : 0;
}

bool is_constant_allow(std::span<const Instruction> program, uint32_t audit, uint32_t number) {
  return emulate(program, audit, number).allowed;
}

std::vector<uint32_t> constant_allows(std::span<const Instruction> program, calls::Arch arch) {
  std::vector<uint32_t> allowed;
  for (const calls::Numbered& numbered : calls::numbers(arch))
    if (is_constant_allow(program, calls::info(arch).audit, numbered.number))
      allowed.push_back(numbered.number);
  return allowed;
}

size_t converted_length(std::span<const Instruction> program) {
  size_t length = 3;  // A and X start as 0; the context moves to its register
  for (const Instruction& instruction : program) length += converted(instruction);
  return length;
}

size_t emulated_instructions(std::span<const Instruction> program, calls::Arch arch) {
  size_t steps = 0;
  for (const calls::Numbered& numbered : calls::numbers(arch))
    steps += emulate(program, calls::info(arch).audit, numbered.number).steps;
  return steps;
}

double estimated_load_microseconds(std::span<const Instruction> program, calls::Arch arch) {
  constexpr double base = 49, each_instruction = 0.37, each_emulated = 0.0045;
  return base + each_instruction * static_cast<double>(program.size()) +
         each_emulated * static_cast<double>(emulated_instructions(program, arch));
}

}  // namespace seclude::filter
