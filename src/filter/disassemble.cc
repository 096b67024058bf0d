// Disassemble: a program as text, with the names that are certain.
//
// In: instructions, and the architecture to read numbers by until the program itself has tested it.
// Out: one line each. Names come from a pass over the program that remembers, for every
// instruction, what A holds and which architecture and call all ways to it have established.
// Neighbours: program.cc; `seclude compile --show bpf` and the golden tests print this.
#include <fmt/format.h>

#include <algorithm>

#include "calls/calls.h"
#include "filter/action.h"
#include "filter/program.h"

namespace seclude::filter {
namespace {

// What is known on every way to an instruction.
struct Known {
  std::optional<uint32_t> loaded;  // A holds the word at this offset
  std::optional<uint32_t> audit;
  std::optional<uint32_t> number;
};

class Reader {
 public:
  Reader(std::span<const Instruction> program, calls::Arch arch)
      : program_(program), arch_(arch), known_(program.size()) {
    if (program.empty()) return;
    known_[0] = Known{};
    for (size_t at = 0; at < program.size(); ++at) follow(at);
  }

  std::string line(size_t at) const;

 private:
  void follow(size_t at);
  void arrive(size_t at, const Known& known);
  calls::Arch arch_at(const Known& known) const;
  std::string word(const Known& known, uint32_t offset) const;
  std::string constant(const Known& known, uint32_t k) const;
  std::string branch(const Known& known, size_t at, std::string_view name) const;

  std::span<const Instruction> program_;
  calls::Arch arch_;
  std::vector<std::optional<Known>> known_;  // nullopt: nothing leads here
};

std::optional<calls::Arch> arch_of(uint32_t audit) {
  for (calls::Arch arch : calls::all_archs) {
    if (calls::info(arch).audit == audit) return arch;
  }
  return std::nullopt;
}

bool is_branch(uint16_t code) { return (code & 0x07) == 0x05 && code != op::ja; }

void Reader::arrive(size_t at, const Known& known) {
  if (at >= program_.size()) return;
  std::optional<Known>& there = known_[at];
  if (!there) {
    there = known;
    return;
  }
  if (there->loaded != known.loaded) there->loaded.reset();
  if (there->audit != known.audit) there->audit.reset();
  if (there->number != known.number) there->number.reset();
}

void Reader::follow(size_t at) {
  if (!known_[at]) return;
  Known known = *known_[at];
  const Instruction& instruction = program_[at];
  uint16_t code = instruction.code;
  if (code == op::ret_k || code == op::ret_a) return;
  if (code == op::ja) return arrive(at + 1 + instruction.k, known);
  if (is_branch(code)) {
    Known equal = known;
    if (code == op::jeq_k && known.loaded == offset_arch) equal.audit = instruction.k;
    if (code == op::jeq_k && known.loaded == offset_number) equal.number = instruction.k;
    arrive(at + 1 + instruction.jt, equal);
    arrive(at + 1 + instruction.jf, known);
    return;
  }
  bool stores = code == op::st || code == op::stx || code == op::tax || (code & 0x07) == 0x01;
  if (code == op::ld_abs) {
    known.loaded = instruction.k;
  } else if (!stores) {
    known.loaded.reset();
  }
  arrive(at + 1, known);
}

calls::Arch Reader::arch_at(const Known& known) const {
  if (!known.audit) return arch_;
  calls::Arch tested = arch_of(*known.audit).value_or(arch_);
  // x32 and x86_64 have the same audit number.
  return calls::info(arch_).audit == *known.audit ? arch_ : tested;
}

// A call number's name; a set bit 30 on x86_64 is an x32 number.
std::optional<std::string_view> call_name(calls::Arch arch, uint32_t number) {
  std::optional<calls::CallId> call = calls::call_at(arch, number);
  uint32_t x32_bit = calls::info(calls::Arch::x32).number_bit;
  if (!call && arch == calls::Arch::x86_64 && (number & x32_bit) != 0) {
    call = calls::call_at(calls::Arch::x32, number);
  }
  if (!call) return std::nullopt;
  return calls::name_of(*call);
}

std::string Reader::word(const Known& known, uint32_t offset) const {
  if (offset == offset_number) return "number";
  if (offset == offset_arch) return "arch";
  calls::Arch arch = arch_at(known);
  bool high = (offset % 8 == 4) != calls::info(arch).big_endian;
  std::string_view half = high ? "high" : "low";
  if (offset < offset_args) return fmt::format("ip.{}", half);
  uint32_t index = (offset - offset_args) / 8;
  std::string text = fmt::format("args[{}].{}", index, half);
  if (!known.number) return text;
  std::optional<calls::CallId> call = calls::call_at(arch, *known.number);
  if (!call) return text;
  std::span<const calls::Arg> args = calls::args(*call, arch);
  // On 32-bit machines registers and arguments part ways after the first wide one.
  for (size_t i = 0; i < args.size(); ++i) {
    std::optional<calls::Place> place = calls::place_of(*call, arch, i);
    if (!place || (place->low != index && place->high != index)) continue;
    return fmt::format("{} ({})", text, args[i].kernel_name);
  }
  return text;
}

std::string Reader::constant(const Known& known, uint32_t k) const {
  std::string text = fmt::format("#{:#x}", k);
  if (known.loaded == offset_arch) {
    if (std::optional<calls::Arch> arch = arch_of(k)) {
      return fmt::format("{} ({})", text, calls::info(*arch).name);
    }
  }
  if (known.loaded == offset_number) {
    if (std::optional<std::string_view> name = call_name(arch_at(known), k)) {
      return fmt::format("{} ({})", text, *name);
    }
  }
  return text;
}

std::string Reader::branch(const Known& known, size_t at, std::string_view name) const {
  const Instruction& instruction = program_[at];
  bool with_x = (instruction.code & 0x08) != 0;
  bool bits = instruction.code == op::jset_k;
  std::string right = with_x ? "x"
                      : bits ? fmt::format("#{:#x}", instruction.k)
                             : constant(known, instruction.k);
  return fmt::format("{:<4} {}, {}, {}", name, right, at + 1 + instruction.jt,
                     at + 1 + instruction.jf);
}

struct Mnemonic {
  uint16_t code;
  std::string_view name;
};
constexpr Mnemonic mnemonics[] = {
    {op::ld_abs, "ld"},   {op::ld_imm, "ld"},   {op::ld_mem, "ld"},   {op::ld_len, "ld"},
    {op::ldx_imm, "ldx"}, {op::ldx_mem, "ldx"}, {op::ldx_len, "ldx"}, {op::st, "st"},
    {op::stx, "stx"},     {op::add_k, "add"},   {op::sub_k, "sub"},   {op::mul_k, "mul"},
    {op::div_k, "div"},   {op::or_k, "or"},     {op::and_k, "and"},   {op::lsh_k, "lsh"},
    {op::rsh_k, "rsh"},   {op::neg, "neg"},     {op::xor_k, "xor"},   {op::add_x, "add"},
    {op::sub_x, "sub"},   {op::mul_x, "mul"},   {op::div_x, "div"},   {op::or_x, "or"},
    {op::and_x, "and"},   {op::lsh_x, "lsh"},   {op::rsh_x, "rsh"},   {op::xor_x, "xor"},
    {op::ja, "ja"},       {op::jeq_k, "jeq"},   {op::jgt_k, "jgt"},   {op::jge_k, "jge"},
    {op::jset_k, "jset"}, {op::jeq_x, "jeq"},   {op::jgt_x, "jgt"},   {op::jge_x, "jge"},
    {op::jset_x, "jset"}, {op::ret_k, "ret"},   {op::ret_a, "ret"},   {op::tax, "tax"},
    {op::txa, "txa"},
};

std::string Reader::line(size_t at) const {
  const Instruction& instruction = program_[at];
  const Known known = known_[at].value_or(Known{});
  uint32_t k = instruction.k;
  const Mnemonic* found =
      std::find_if(std::begin(mnemonics), std::end(mnemonics),
                   [&](const Mnemonic& each) { return each.code == instruction.code; });
  if (found == std::end(mnemonics)) {
    return fmt::format(".raw {:#06x}, {}, {}, {:#x}", instruction.code, instruction.jt,
                       instruction.jf, k);
  }
  if (is_branch(instruction.code)) return branch(known, at, found->name);
  auto with = [&](std::string_view operand) {
    return fmt::format("{:<4} {}", found->name, operand);
  };
  switch (instruction.code) {
    case op::ld_abs:
      return with(word(known, k));
    case op::ld_mem:
    case op::ldx_mem:
    case op::st:
    case op::stx:
      return with(fmt::format("scratch[{}]", k));
    case op::ld_len:
    case op::ldx_len:
      return with("length");
    case op::ja:
      return with(fmt::format("{}", at + 1 + size_t{k}));
    case op::ret_k:
      return with(fmt::format("#{:#x} ({})", k, to_string(normalised(k), arch_at(known))));
    case op::ret_a:
      return with("a");
    case op::neg:
    case op::tax:
    case op::txa:
      return std::string(found->name);
    default:
      return with((instruction.code & 0x0f) == 0x0c ? "x" : fmt::format("#{:#x}", k));
  }
}

}  // namespace

std::string disassemble(std::span<const Instruction> program, calls::Arch arch) {
  Reader reader(program, arch);
  std::string text;
  for (size_t at = 0; at < program.size(); ++at) {
    text += fmt::format("{:4}: {}\n", at, reader.line(at));
  }
  return text;
}

}  // namespace seclude::filter
