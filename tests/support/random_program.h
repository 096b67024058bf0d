// Random programs and inputs for the tests that hold two readings of BPF against each other.
//
// In: a seeded generator. Out: programs the kernel would load (valid_program), the same as
// compilers write them (compiled_program), programs that are perhaps wrong (near_valid_program),
// and inputs around the constants a program mentions. SECLUDE_SEED repeats a run, SECLUDE_ROUNDS
// scales it.
#pragma once

#include <cstdlib>
#include <random>
#include <span>
#include <vector>

#include "filter/input.h"
#include "filter/program.h"

namespace seclude::testing {

using Random = std::mt19937_64;

inline uint64_t seed_from_environment() {
  const char* text = std::getenv("SECLUDE_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 0) : 20260731;
}
inline size_t rounds_from_environment(size_t usual) {
  const char* text = std::getenv("SECLUDE_ROUNDS");
  return text != nullptr ? std::strtoull(text, nullptr, 0) : usual;
}

template <typename T>
const T& pick(Random& random, std::span<const T> values) {
  return values[random() % values.size()];
}

inline uint32_t random_constant(Random& random) {
  static constexpr uint32_t usual[] = {0,          1,          2,          3,          5,
                                       16,         31,         60,         63,         231,
                                       255,        0x5401,     0x7fff,     0xffff,     0x10000,
                                       0x40000000, 0x40000001, 0x7fffffff, 0x80000000, 0xc000003e,
                                       0x40000003, 0xc00000b7, 0xfffffffe, 0xffffffff};
  switch (random() % 4) {
    case 0:
      return static_cast<uint32_t>(random() >> (32 + random() % 32));
    case 1:
      return uint32_t{1} << random() % 32;
    default:
      return pick<uint32_t>(random, usual);
  }
}

inline uint32_t random_return(Random& random) {
  static constexpr uint32_t kinds[] = {0x80000000, 0,          0x00030000, 0x00050000, 0x7fc00000,
                                       0x7ff00000, 0x7ffc0000, 0x7fff0000, 0x12340000};
  uint32_t data = random() % 2 == 0 ? 0 : static_cast<uint32_t>(random() % 0x10000);
  return pick<uint32_t>(random, kinds) | data;
}

// Every opcode seccomp knows, jumps and returns apart; loads of data and immediates more often.
inline uint16_t random_straight_opcode(Random& random) {
  using namespace filter::op;
  static constexpr uint16_t loads[] = {ld_abs, ld_abs, ld_abs, ld_abs, ld_imm, ldx_imm, and_k};
  static constexpr uint16_t rest[] = {ld_mem, ld_len, ldx_mem, ldx_len, st,    stx,   add_k,
                                      sub_k,  mul_k,  div_k,   or_k,    and_k, lsh_k, rsh_k,
                                      neg,    xor_k,  add_x,   sub_x,   mul_x, div_x, or_x,
                                      and_x,  lsh_x,  rsh_x,   xor_x,   tax,   txa};
  return random() % 3 != 0 ? pick<uint16_t>(random, loads) : pick<uint16_t>(random, rest);
}

inline uint16_t random_branch(Random& random) {
  using namespace filter::op;
  static constexpr uint16_t all[] = {jeq_k, jgt_k, jge_k, jset_k, jeq_x, jgt_x, jge_x, jset_x};
  return random() % 8 == 0 ? pick<uint16_t>(random, all) : pick(random, std::span(all).first(4));
}

inline filter::Instruction random_instruction(Random& random, size_t left) {
  using namespace filter;
  auto distance = [&] {
    size_t far = random() % 4 == 0 ? left : std::min<size_t>(left, 4);
    return static_cast<uint8_t>(random() % std::min<size_t>(far, 256));
  };
  size_t choice = random() % 20;
  if (left == 0 || choice == 0) {
    return {random() % 4 == 0 ? op::ret_a : op::ret_k, 0, 0, random_return(random)};
  }
  if (choice == 1) return {op::ja, 0, 0, distance()};
  if (choice < 9) return {random_branch(random), distance(), distance(), random_constant(random)};
  Instruction made{random_straight_opcode(random), 0, 0, random_constant(random)};
  switch (made.code) {
    case op::ld_abs:
      made.k = static_cast<uint32_t>(random() % 16) * 4;
      break;
    case op::ld_mem:
    case op::ldx_mem:
    case op::st:
    case op::stx:
      made.k = static_cast<uint32_t>(random() % 4);
      break;
    case op::lsh_k:
    case op::rsh_k:
      made.k %= 32;
      break;
    case op::mul_k:
    case op::div_k:  // by a large constant only sometimes: exactness is then too expensive
      if (random() % 16 != 0) made.k = 1 + static_cast<uint32_t>(random() % 12);
      made.k |= made.k == 0;
      break;
    default:
      break;
  }
  return made;
}

inline bool is_target(const filter::Program& program, size_t wanted) {
  for (size_t at = 0; at < program.size(); ++at) {
    const filter::Instruction& each = program[at];
    if ((each.code & 7) != 5) continue;
    bool always = each.code == filter::op::ja;
    if (always ? at + 1 + each.k == wanted
               : at + 1 + each.jt == wanted || at + 1 + each.jf == wanted) {
      return true;
    }
  }
  return false;
}

// What the kernel would load: mistakes (unwritten scratch) are replaced until it would. A returned
// A is mostly masked, as nothing can list all values of a whole word.
inline filter::Program valid_program(Random& random, size_t longest) {
  filter::Program program(1 + random() % longest);
  for (size_t at = 0; at < program.size(); ++at) {
    program[at] = random_instruction(random, program.size() - 1 - at);
    if (at == 0 || program[at].code != filter::op::ret_a || random() % 64 == 0) continue;
    uint32_t mask = 0x7fff0000 | static_cast<uint32_t>(random() & random() & 0xff);
    program[at - 1] = {filter::op::and_k, 0, 0, mask};
  }
  while (std::optional<filter::Invalid> invalid = filter::invalid(program)) {
    program[invalid->at] = random_instruction(random, program.size() - 1 - invalid->at);
  }
  for (size_t at = 0; at < program.size(); ++at) {
    filter::Instruction& each = program[at];
    bool masked = at > 0 && program[at - 1].code == filter::op::and_k && !is_target(program, at);
    if (each.code != filter::op::ret_a || masked || random() % 64 == 0) continue;
    each = {filter::op::ret_k, 0, 0, random_return(random)};
  }
  return program;
}

// One or two fields of a valid program changed to anything: about half are still valid.
inline filter::Program near_valid_program(Random& random, size_t longest) {
  filter::Program program = valid_program(random, longest);
  for (size_t changes = random() % 3; changes > 0; --changes) {
    filter::Instruction& victim = program[random() % program.size()];
    switch (random() % 6) {
      case 0:
        victim.code = static_cast<uint16_t>(random() % 256);
        break;
      case 1:
        victim.code = static_cast<uint16_t>(victim.code ^ 1u << random() % 16);
        break;
      case 2:
        victim.k = random_constant(random);
        break;
      case 3:
        victim.jt = static_cast<uint8_t>(random() % (program.size() + 2));
        break;
      case 4:
        victim.jf = static_cast<uint8_t>(random() % (program.size() + 2));
        break;
      default:
        victim = random_instruction(random, program.size());
        break;
    }
  }
  return program;
}

// As compilers write them: arch, then number, then arguments, AND and comparisons only.
inline filter::Program compiled_program(Random& random, size_t longest) {
  using namespace filter;
  Program program = valid_program(random, longest);
  static constexpr uint32_t heads[] = {offset_arch, offset_number, offset_number, offset_number};
  for (size_t at = 0; at + 1 < program.size(); ++at) {
    Instruction& each = program[at];
    bool branches = (each.code & 7) == 5 && each.code != op::ja;
    if (branches) {
      each.code = static_cast<uint16_t>(each.code & ~8);
    } else if (each.code == op::ret_a) {
      each.code = op::ret_k;
    } else if (each.code != op::ja && each.code != op::ret_k && each.code != op::ld_imm) {
      bool masks = random() % 4 == 0;
      uint32_t offset =
          at < 3 ? pick<uint32_t>(random, heads) : static_cast<uint32_t>(random() % 16) * 4;
      each = masks ? Instruction{op::and_k, 0, 0, random_constant(random)}
                   : Instruction{op::ld_abs, 0, 0, offset};
    }
  }
  program.back().code = op::ret_k;
  return program;
}

// Values around the constants the program mentions, and anything.
inline filter::Input random_input(Random& random, const filter::Program& program) {
  auto word = [&]() -> uint32_t {
    uint32_t k = program[random() % program.size()].k;
    switch (random() % 6) {
      case 0:
        return k - 1;
      case 1:
        return k + 1;
      case 2:
        return random_constant(random);
      case 3:
        return k ^ uint32_t { 1 } << random() % 32;
      default:
        return k;
    }
  };
  auto wide = [&] { return uint64_t{random() % 2 == 0 ? word() : 0} << 32 | word(); };
  filter::Input input;
  static constexpr uint32_t archs[] = {0xc000003e, 0x40000003, 0xc00000b7};
  input.arch = random() % 2 == 0 ? pick<uint32_t>(random, archs) : word();
  input.number = word();
  input.instruction_pointer = wide();
  for (uint64_t& arg : input.args) arg = wide();
  return input;
}

}  // namespace seclude::testing
