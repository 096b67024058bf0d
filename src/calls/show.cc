// Show: the value of an argument as a policy's author would write it (constants.h).
//
// In: a value, the argument it belongs to, the architecture. Out: "O_RDWR|O_CREAT|0x40000000",
// "AF_INET6", "-1", "0o644". Exact: read back in the language, at the argument's width, the text is
// the value again; bits the kernel does not read are left out.
// Grammar: TERM{"|"TERM}, a term being a constant that exists on this architecture, a number in
// decimal, 0x or 0o, or a negative number (then it is the only term).
// A set of constants says how (data/sets.tsv): first a name for the whole value; else the name of
// its enumerated part (O_ACCMODE, MAP_TYPE), then its bits, those with most bits first; what is
// left is a number.
#include <algorithm>
#include <bit>
#include <charconv>
#include <vector>

#include "calls/constants.h"
#include "calls/tables.h"

namespace seclude::calls {
namespace {

uint64_t mask_of(unsigned bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

std::string number(uint64_t value, int base, std::string_view prefix) {
  char digits[24];
  auto end = std::to_chars(std::begin(digits), std::end(digits), value, base).ptr;
  return std::string(prefix) + std::string(digits, end);
}

std::string decimal(uint64_t value) { return number(value, 10, ""); }
std::string hexadecimal(uint64_t value) { return number(value, 16, "0x"); }

// "-1" for the top of the range, where a person means a small negative number.
std::optional<std::string> negative(uint64_t value, unsigned bits, uint64_t smallest) {
  uint64_t magnitude = (~value + 1) & mask_of(bits);
  if (magnitude == 0 || magnitude > smallest) return std::nullopt;
  return "-" + decimal(magnitude);
}

std::string plain(uint64_t value, const Arg& arg) {
  constexpr uint64_t readable = 1 << 20;  // longer decimal numbers are addresses, masks, magic
  uint64_t most_negative = arg.is_signed ? readable : 4096;
  if (auto text = negative(value, arg.bits, most_negative)) return *text;
  return value < readable ? decimal(value) : hexadecimal(value);
}

const tables::SetInfo* find_set(std::string_view name) {
  auto found = std::ranges::lower_bound(tables::sets, name, {}, &tables::SetInfo::name);
  if (name.empty() || found == tables::sets.end() || found->name != name) return nullptr;
  return &*found;
}

bool printable(uint16_t index) { return !tables::constant_value_rows[index].alias; }

// The name of exactly this value in the set.
std::optional<std::string_view> name_of_value(const tables::SetInfo* set, uint64_t value,
                                              unsigned bits, Arch arch) {
  if (!set) return std::nullopt;
  for (uint16_t index : set->members) {
    std::optional<uint64_t> own = value_of(index, arch);
    if (own && printable(index) && (*own & mask_of(bits)) == value) return constant_at(index).name;
  }
  return std::nullopt;
}

// Every bit of the pieces must be within what is left: then their sum is exact.
void take_bits(const tables::SetInfo* set, uint64_t& rest, Arch arch,
               std::vector<std::string>& pieces) {
  if (!set) return;
  struct Bit {
    uint64_t value;
    std::string_view name;
  };
  std::vector<Bit> bits;
  for (uint16_t index : set->members) {
    std::optional<uint64_t> own = value_of(index, arch);
    if (own && *own != 0 && printable(index) && constant_at(index).is_bits) {
      bits.push_back(Bit{*own, constant_at(index).name});
    }
  }
  std::ranges::stable_sort(bits, [](const Bit& left, const Bit& right) {
    int left_count = std::popcount(left.value), right_count = std::popcount(right.value);
    return left_count != right_count ? left_count > right_count : left.value < right.value;
  });
  for (const Bit& bit : bits) {
    if ((rest & bit.value) != bit.value) continue;
    pieces.emplace_back(bit.name);
    rest &= ~bit.value;
  }
}

// The part that is one of several values: its name, when it has one other than 0.
void take_field(const tables::SetInfo& set, uint64_t& rest, Arch arch,
                std::vector<std::string>& pieces) {
  uint64_t field = set.field;
  if (set.field_constant != tables::no_constant) {
    field = value_of(set.field_constant, arch).value_or(0);
  }
  if (field == 0) return;
  const tables::SetInfo* names = set.field_set.empty() ? &set : find_set(set.field_set);
  for (uint16_t index : names->members) {
    std::optional<uint64_t> own = value_of(index, arch);
    if (!own || !printable(index) || constant_at(index).is_bits || *own != (rest & field)) continue;
    pieces.emplace_back(constant_at(index).name);
    rest &= ~field;
    return;
  }
}

std::string join_pieces(const std::vector<std::string>& pieces) {
  std::string result;
  for (const std::string& piece : pieces) {
    if (!result.empty()) result += '|';
    result += piece;
  }
  return result;
}

std::string show_set(uint64_t value, const Arg& arg, Arch arch) {
  const tables::SetInfo* set = find_set(arg.set);
  if (!set)
    return arg.kind == ArgKind::Flags && value != 0 ? hexadecimal(value) : plain(value, arg);
  const tables::SetInfo* also = find_set(set->also);
  if (auto name = name_of_value(set, value, arg.bits, arch)) {
    // "O_CLOEXEC" alone would hide that its enumerated part is O_RDONLY.
    if (set->field_constant == tables::no_constant || !constant_at(*find_constant(*name)).is_bits) {
      return std::string(*name);
    }
  }

  uint64_t rest = value;
  std::vector<std::string> pieces;
  // Only a set of bits can be taken apart; other enumerations are a name or a number.
  bool apart = arg.kind == ArgKind::Flags || set->field != 0;
  if (apart) {
    take_field(*set, rest, arch, pieces);
    take_bits(set, rest, arch, pieces);
    take_bits(also, rest, arch, pieces);
  } else if (auto name = name_of_value(also, value, arg.bits, arch)) {
    return std::string(*name);
  }
  if (pieces.empty()) return value == 0 || !apart ? plain(value, arg) : hexadecimal(value);
  if (rest != 0) pieces.push_back(hexadecimal(rest));
  return join_pieces(pieces);
}

// A descriptor is small, -1 or AT_FDCWD, also where the kernel declares it unsigned.
std::string show_fd(uint64_t value, const Arg& arg, Arch arch) {
  if (auto name = name_of_value(find_set("atfd"), value, arg.bits, arch)) return std::string(*name);
  if (auto text = negative(value, arg.bits, mask_of(arg.bits - 1u) + 1)) return *text;
  return decimal(value);
}

std::string show_signed(uint64_t value, const Arg& arg) {
  if (auto text = negative(value, arg.bits, mask_of(arg.bits - 1u) + 1)) return *text;
  return decimal(value);
}

}  // namespace

std::string show(uint64_t value, const Arg& arg, Arch arch) {
  value &= mask_of(arg.bits);
  switch (arg.kind) {
    case ArgKind::Word:
      return plain(value, arg);
    case ArgKind::Fd:
      return show_fd(value, arg, arch);
    case ArgKind::Pid:
      return show_signed(value, arg);
    case ArgKind::Signal:
      if (auto name = name_of_value(find_set("sig"), value, arg.bits, arch))
        return std::string(*name);
      return show_signed(value, arg);
    case ArgKind::Mode:
      return value == 0 ? "0" : number(value, 8, "0o");
    case ArgKind::Flags:
    case ArgKind::Enum:
      return show_set(value, arg, arch);
    case ArgKind::Path:
    case ArgKind::Address:
      return value == 0 ? "0" : hexadecimal(value);
  }
  return hexadecimal(value);
}

}  // namespace seclude::calls
