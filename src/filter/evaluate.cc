// Evaluate: the classic BPF machine, as seccomp runs it.
//
// In: a valid program and one input. Out: what it returns, and how many instructions that took.
// A and X begin as 0. tests/kernel/evaluate_kernel_test.cc holds it against the running kernel.
#include "filter/evaluate.h"

#include <array>

#include "base/result.h"

namespace seclude::filter {
namespace {

struct Machine {
  uint32_t a = 0, x = 0;
  std::array<uint32_t, 16> scratch{};
};

uint32_t load(const Input& input, uint32_t offset, bool big_endian) {
  if (offset == offset_number) return input.number;
  if (offset == offset_arch) return input.arch;
  bool high = (offset % 8 == 4) != big_endian;
  uint64_t value =
      offset < offset_args ? input.instruction_pointer : input.args[(offset - offset_args) / 8];
  return static_cast<uint32_t>(high ? value >> 32 : value);
}

uint32_t arithmetic(uint16_t code, uint32_t a, uint32_t operand) {
  switch (code & 0xf0) {  // the operation, whether its operand is K or X
    case op::add_k & 0xf0:
      return a + operand;
    case op::sub_k & 0xf0:
      return a - operand;
    case op::mul_k & 0xf0:
      return a * operand;
    case op::div_k & 0xf0:
      return a / operand;
    case op::or_k & 0xf0:
      return a | operand;
    case op::and_k & 0xf0:
      return a & operand;
    case op::xor_k & 0xf0:
      return a ^ operand;
    // Shifts by X take its low five bits (kernels since 5.14; before, what the machine did).
    case op::lsh_k & 0xf0:
      return a << (operand & 31);
    case op::rsh_k & 0xf0:
      return a >> (operand & 31);
    case op::neg & 0xf0:
      return -a;
    default:
      CHECK(false);  // not a valid program
  }
}

// Everything that neither jumps nor returns. The divisor is not 0.
void calculate(Machine& machine, const Instruction& instruction, const Input& input,
               bool big_endian) {
  uint32_t k = instruction.k;
  constexpr uint32_t data_length = 64;  // sizeof(struct seccomp_data)
  switch (instruction.code) {
    case op::ld_abs:
      machine.a = load(input, k, big_endian);
      return;
    case op::ld_imm:
      machine.a = k;
      return;
    case op::ldx_imm:
      machine.x = k;
      return;
    case op::ld_len:
      machine.a = data_length;
      return;
    case op::ldx_len:
      machine.x = data_length;
      return;
    case op::ld_mem:
      machine.a = machine.scratch[k];
      return;
    case op::ldx_mem:
      machine.x = machine.scratch[k];
      return;
    case op::st:
      machine.scratch[k] = machine.a;
      return;
    case op::stx:
      machine.scratch[k] = machine.x;
      return;
    case op::tax:
      machine.x = machine.a;
      return;
    case op::txa:
      machine.a = machine.x;
      return;
    default:
      break;
  }
  CHECK((instruction.code & 0x07) == 0x04);  // BPF_ALU
  bool from_x = (instruction.code & 0x08) != 0;
  machine.a = arithmetic(instruction.code, machine.a, from_x ? machine.x : k);
}

bool is_jump(uint16_t code) { return (code & 0x07) == 0x05; }

size_t jump_distance(const Machine& machine, const Instruction& instruction) {
  uint32_t k = instruction.k, x = machine.x;
  auto choose = [&](bool taken) -> size_t { return taken ? instruction.jt : instruction.jf; };
  switch (instruction.code) {
    case op::ja:
      return k;
    case op::jeq_k:
      return choose(machine.a == k);
    case op::jeq_x:
      return choose(machine.a == x);
    case op::jgt_k:
      return choose(machine.a > k);
    case op::jgt_x:
      return choose(machine.a > x);
    case op::jge_k:
      return choose(machine.a >= k);
    case op::jge_x:
      return choose(machine.a >= x);
    case op::jset_k:
      return choose((machine.a & k) != 0);
    case op::jset_x:
      return choose((machine.a & x) != 0);
    default:
      CHECK(false);
  }
}

}  // namespace

Evaluation evaluate(std::span<const Instruction> program, const Input& input, bool big_endian,
                    std::vector<uint32_t>* path) {
  Machine machine;
  uint32_t executed = 0;
  for (size_t at = 0;; ++at) {
    CHECK(at < program.size());
    const Instruction& instruction = program[at];
    ++executed;
    if (path != nullptr) path->push_back(static_cast<uint32_t>(at));
    auto done = [&](uint32_t ret) { return Evaluation{ret, executed, static_cast<uint32_t>(at)}; };
    if (instruction.code == op::ret_k) return done(instruction.k);
    if (instruction.code == op::ret_a) return done(machine.a);
    // The kernel's translation returns 0 here, which kills the thread.
    if (instruction.code == op::div_x && machine.x == 0) return done(0);
    if (is_jump(instruction.code)) {
      at += jump_distance(machine, instruction);
    } else {
      calculate(machine, instruction, input, big_endian);
    }
  }
}

}  // namespace seclude::filter
