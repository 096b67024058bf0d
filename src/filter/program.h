// Program: classic BPF for seccomp, as a list of 8-byte instructions.
//
// In: emit.h, or the bytes of anyone's filter. Out: the kernel's own judgement of whether it would
// load (so that every later pass may assume a valid program), a disassembly, raw bytes.
// Neighbours: evaluate.h runs one input, lift.h all inputs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "calls/arch.h"

namespace seclude::filter {

// Layout of the kernel's struct sock_filter (asserted equal in kernel/seccomp.cc).
struct Instruction {
  uint16_t code = 0;
  uint8_t jt = 0, jf = 0;
  uint32_t k = 0;
  friend bool operator==(const Instruction&, const Instruction&) = default;
};
using Program = std::vector<Instruction>;

inline constexpr size_t max_program_length = 4096;  // BPF_MAXINSNS

// The opcodes by their kernel names, for the few places that build or take apart instructions.
namespace op {
inline constexpr uint16_t ld_abs = 0x20, ld_imm = 0x00, ld_mem = 0x60, ld_len = 0x80;
inline constexpr uint16_t ldx_imm = 0x01, ldx_mem = 0x61, ldx_len = 0x81;
inline constexpr uint16_t st = 0x02, stx = 0x03;
inline constexpr uint16_t add_k = 0x04, sub_k = 0x14, mul_k = 0x24, div_k = 0x34, or_k = 0x44,
                          and_k = 0x54, lsh_k = 0x64, rsh_k = 0x74, neg = 0x84, xor_k = 0xa4;
inline constexpr uint16_t add_x = 0x0c, sub_x = 0x1c, mul_x = 0x2c, div_x = 0x3c, or_x = 0x4c,
                          and_x = 0x5c, lsh_x = 0x6c, rsh_x = 0x7c, xor_x = 0xac;
inline constexpr uint16_t ja = 0x05, jeq_k = 0x15, jgt_k = 0x25, jge_k = 0x35, jset_k = 0x45;
inline constexpr uint16_t jeq_x = 0x1d, jgt_x = 0x2d, jge_x = 0x3d, jset_x = 0x4d;
inline constexpr uint16_t ret_k = 0x06, ret_a = 0x16;
inline constexpr uint16_t tax = 0x07, txa = 0x87;
}  // namespace op

// Offsets in struct seccomp_data.
inline constexpr uint32_t offset_number = 0, offset_arch = 4, offset_ip = 8, offset_args = 16;
// Offset of the low or high half of args[index] (index 0..5) in this byte order.
uint32_t offset_of_half(uint8_t index, bool high, bool big_endian);

// Why the kernel would refuse to load it (bpf_check_classic and seccomp_check_filter), or nullopt.
struct Invalid {
  size_t at;        // instruction
  std::string why;  // "jump to instruction 260 is past the end (12 instructions)"
};
std::optional<Invalid> invalid(std::span<const Instruction> program);

// "  12: jeq #0x3e (lseek), 14, 13", one line each; names from the tables where the meaning is
// clear.
std::string disassemble(std::span<const Instruction> program, calls::Arch arch);

// Raw struct sock_filter[] in the byte order of the target, and back (nullopt: not a multiple of
// 8).
std::string to_bytes(std::span<const Instruction> program, bool big_endian);
std::optional<Program> from_bytes(std::string_view bytes, bool big_endian);

}  // namespace seclude::filter
