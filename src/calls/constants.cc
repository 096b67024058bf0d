// Constants: look-ups of names and values (constants.h).
//
// In: tables.h. Out: what constants.h declares, show() apart (show.cc).
#include "calls/constants.h"

#include "calls/tables.h"

namespace seclude::calls {
namespace {

const tables::SetInfo* errno_set() {
  static const tables::SetInfo* found = [] {
    for (const tables::SetInfo& set : tables::sets) {
      if (set.name == "errno") return &set;
    }
    return static_cast<const tables::SetInfo*>(nullptr);
  }();
  return found;
}

}  // namespace

std::optional<uint16_t> find_constant(std::string_view name) {
  constexpr uint32_t slot_mask = static_cast<uint32_t>(std::size(tables::constant_slots)) - 1;
  uint32_t slot = tables::hash_of(name) & slot_mask;
  for (; tables::constant_slots[slot] != 0; slot = (slot + 1) & slot_mask) {
    uint16_t index = static_cast<uint16_t>(tables::constant_slots[slot] - 1);
    if (tables::constants[index].name == name) return index;
  }
  return std::nullopt;
}

const Constant& constant_at(uint16_t index) { return tables::constants[index]; }

std::optional<uint64_t> value_of(uint16_t index, Arch arch) {
  const tables::ConstantValue& row = tables::constant_value_rows[index];
  unsigned column = static_cast<unsigned>(arch);
  if ((row.archs >> column & 1) == 0) return std::nullopt;
  return tables::constant_values[row.first + (row.uniform ? 0 : column)];
}

std::span<const Constant> all_constants() { return tables::constants; }

std::optional<uint16_t> find_errno(std::string_view name, Arch arch) {
  std::optional<uint16_t> index = find_constant(name);
  if (!index || constant_at(*index).set != "errno") return std::nullopt;
  std::optional<uint64_t> value = value_of(*index, arch);
  if (!value) return std::nullopt;
  return static_cast<uint16_t>(*value);
}

std::optional<std::string_view> errno_name(uint16_t number, Arch arch) {
  // Where two names share a number (EAGAIN, EWOULDBLOCK) the alias comes second; it is still used
  // when it is the only name of the number on this architecture.
  std::optional<std::string_view> alias;
  for (uint16_t index : errno_set()->members) {
    if (value_of(index, arch) != number) continue;
    if (!tables::constant_value_rows[index].alias) return tables::constants[index].name;
    if (!alias) alias = tables::constants[index].name;
  }
  return alias;
}

}  // namespace seclude::calls
