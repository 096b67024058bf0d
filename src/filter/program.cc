// Program: would the kernel load it, and its bytes.
//
// In: instructions. Out: the judgement of bpf_check_classic() and seccomp_check_filter(), in words;
// raw struct sock_filter[] and back. tests/kernel/program_kernel_test.cc holds the judgement
// against the running kernel. Neighbours: disassemble.cc prints programs.
#include "filter/program.h"

#include <fmt/format.h>

namespace seclude::filter {
namespace {

constexpr uint32_t data_size = 64;  // sizeof(struct seccomp_data)
constexpr uint32_t scratch_words = 16, word_bits = 32;

// What the kernel says to one instruction apart from jumps: whether seccomp knows the opcode, and
// what it demands of k.
enum class Demand : uint8_t { Unknown, Nothing, Offset, Slot, Divisor, Shift, Jump, Branch };

Demand demand_of(uint16_t code) {
  switch (code) {
    case op::ld_abs:
      return Demand::Offset;
    case op::ld_mem:
    case op::ldx_mem:
    case op::st:
    case op::stx:
      return Demand::Slot;
    case op::div_k:
      return Demand::Divisor;
    case op::lsh_k:
    case op::rsh_k:
      return Demand::Shift;
    case op::ja:
      return Demand::Jump;
    case op::jeq_k:
    case op::jgt_k:
    case op::jge_k:
    case op::jset_k:
    case op::jeq_x:
    case op::jgt_x:
    case op::jge_x:
    case op::jset_x:
      return Demand::Branch;
    case op::ld_imm:
    case op::ld_len:
    case op::ldx_imm:
    case op::ldx_len:
    case op::add_k:
    case op::sub_k:
    case op::mul_k:
    case op::or_k:
    case op::and_k:
    case op::neg:
    case op::xor_k:
    case op::add_x:
    case op::sub_x:
    case op::mul_x:
    case op::div_x:
    case op::or_x:
    case op::and_x:
    case op::lsh_x:
    case op::rsh_x:
    case op::xor_x:
    case op::ret_k:
    case op::ret_a:
    case op::tax:
    case op::txa:
      return Demand::Nothing;
    default:  // BPF has more (MOD, IND, MSH, half words); seccomp refuses them
      return Demand::Unknown;
  }
}

std::optional<std::string> invalid_jump(const Instruction& instruction, size_t at, size_t length,
                                        bool conditional) {
  size_t left = length - at - 1;
  auto past = [&](size_t distance) -> std::optional<std::string> {
    if (distance < left) return std::nullopt;
    return fmt::format("jump to instruction {} is past the end ({} instructions)",
                       at + 1 + distance, length);
  };
  if (!conditional) return past(instruction.k);
  if (std::optional<std::string> why = past(instruction.jt)) return why;
  return past(instruction.jf);
}

std::optional<std::string> invalid_instruction(const Instruction& instruction, size_t at,
                                               size_t length) {
  uint32_t k = instruction.k;
  switch (demand_of(instruction.code)) {
    case Demand::Unknown:
      return fmt::format("opcode {:#04x} is not allowed in a seccomp filter", instruction.code);
    case Demand::Nothing:
      return std::nullopt;
    case Demand::Offset:
      if (k < data_size && k % 4 == 0) return std::nullopt;
      return fmt::format("load at offset {} is not an aligned word of the {} bytes of call data", k,
                         data_size);
    case Demand::Slot:
      if (k < scratch_words) return std::nullopt;
      return fmt::format("scratch word {} does not exist (there are {})", k, scratch_words);
    case Demand::Divisor:
      if (k != 0) return std::nullopt;
      return "division by zero";
    case Demand::Shift:
      if (k < word_bits) return std::nullopt;
      return fmt::format("shift by {} in a word of {} bits", k, word_bits);
    case Demand::Jump:
    case Demand::Branch:
      return invalid_jump(instruction, at, length, instruction.code != op::ja);
  }
  return std::nullopt;
}

// The kernel's check_load_and_stores(): a scratch word must have been written on every way to its
// reader. A return ends no way in that check: what follows one inherits its state, as there.
std::optional<Invalid> unwritten_read(std::span<const Instruction> program) {
  std::vector<uint16_t> arriving(program.size(), 0xffff);
  uint16_t written = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const Instruction& instruction = program[at];
    written &= arriving[at];
    auto jump = [&](size_t distance) { arriving[at + 1 + distance] &= written; };
    switch (instruction.code) {
      case op::st:
      case op::stx:
        written = static_cast<uint16_t>(written | 1u << instruction.k);
        break;
      case op::ld_mem:
      case op::ldx_mem:
        if ((written >> instruction.k & 1) != 0) break;
        return Invalid{
            at, fmt::format("scratch word {} may be read before it is written", instruction.k)};
      case op::ja:
        jump(instruction.k);
        written = 0xffff;
        break;
      default:
        if (demand_of(instruction.code) != Demand::Branch) break;
        jump(instruction.jt);
        jump(instruction.jf);
        written = 0xffff;
        break;
    }
  }
  return std::nullopt;
}

}  // namespace

uint32_t offset_of_half(uint8_t index, bool high, bool big_endian) {
  return offset_args + 8u * index + (high != big_endian ? 4u : 0u);
}

std::optional<Invalid> invalid(std::span<const Instruction> program) {
  if (program.empty()) return Invalid{0, "the program is empty"};
  if (program.size() > max_program_length) {
    return Invalid{max_program_length, fmt::format("{} instructions are more than the kernel's {}",
                                                   program.size(), max_program_length)};
  }
  for (size_t at = 0; at < program.size(); ++at) {
    std::optional<std::string> why = invalid_instruction(program[at], at, program.size());
    if (why) return Invalid{at, *std::move(why)};
  }
  uint16_t last = program.back().code;
  if (last != op::ret_k && last != op::ret_a) {
    return Invalid{program.size() - 1, "the last instruction is not a return"};
  }
  return unwritten_read(program);
}

std::string to_bytes(std::span<const Instruction> program, bool big_endian) {
  std::string bytes;
  bytes.reserve(program.size() * 8);
  auto put = [&](uint32_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) {
      unsigned shift = 8 * (big_endian ? size - 1 - i : i);
      bytes.push_back(static_cast<char>(value >> shift & 0xff));
    }
  };
  for (const Instruction& instruction : program) {
    put(instruction.code, 2);
    put(instruction.jt, 1);
    put(instruction.jf, 1);
    put(instruction.k, 4);
  }
  return bytes;
}

std::optional<Program> from_bytes(std::string_view bytes, bool big_endian) {
  if (bytes.size() % 8 != 0) return std::nullopt;
  size_t next = 0;
  auto take = [&](unsigned size) {
    uint32_t value = 0;
    for (unsigned i = 0; i < size; ++i) {
      unsigned shift = 8 * (big_endian ? size - 1 - i : i);
      value |= uint32_t{static_cast<uint8_t>(bytes[next++])} << shift;
    }
    return value;
  };
  Program program;
  program.reserve(bytes.size() / 8);
  while (next < bytes.size()) {
    Instruction instruction;
    instruction.code = static_cast<uint16_t>(take(2));
    instruction.jt = static_cast<uint8_t>(take(1));
    instruction.jf = static_cast<uint8_t>(take(1));
    instruction.k = take(4);
    program.push_back(instruction);
  }
  return program;
}

}  // namespace seclude::filter
