// Calls: look-ups by name and number, and arguments (calls.h).
//
// In: tables.h. Out: what calls.h declares, relatives apart (relatives.cc).
// A policy of 300 calls is compiled in about 100 us, so a name costs one hash and one comparison, a
// number one array access.
#include "calls/calls.h"

#include <algorithm>

#include "calls/tables.h"

namespace seclude::calls {
namespace {

size_t column(Arch arch) { return static_cast<size_t>(arch); }

bool in_memory(CallId id, Arch arch) {
  for (const tables::InMemory& row : tables::in_memory) {
    if (row.call == id && row.arch == arch) return true;
  }
  return false;
}

}  // namespace

std::span<const Call> all_calls() { return tables::calls; }

std::optional<CallId> find_call(std::string_view name) {
  constexpr uint32_t slot_mask = static_cast<uint32_t>(std::size(tables::call_slots)) - 1;
  uint32_t slot = tables::hash_of(name) & slot_mask;
  for (; tables::call_slots[slot] != 0; slot = (slot + 1) & slot_mask) {
    CallId id = static_cast<CallId>(tables::call_slots[slot] - 1);
    if (tables::calls[id].name == name) return id;
  }
  return std::nullopt;
}

std::optional<CallId> call_at(Arch arch, uint32_t number) {
  const tables::NumberTable& table = tables::number_tables[column(arch)];
  uint32_t offset = number - table.first;  // wraps to a large value below the first
  if (offset < table.dense.size()) {
    if (table.dense[offset] == 0) return std::nullopt;
    return static_cast<CallId>(table.dense[offset] - 1);
  }
  auto found = std::ranges::lower_bound(table.sorted, number, {}, &Numbered::number);
  if (found == table.sorted.end() || found->number != number) return std::nullopt;
  return found->call;
}

std::span<const Numbered> numbers(Arch arch) { return tables::number_tables[column(arch)].sorted; }

KernelVersion since(CallId id, Arch arch) {
  for (size_t row = tables::since_starts[id]; row < tables::since_starts[id + 1]; ++row) {
    if (tables::since_exceptions[row].arch == arch) return tables::since_exceptions[row].since;
  }
  return tables::calls[id].since;
}

std::span<const Arg> args(CallId id, Arch arch) {
  tables::ArgRange range = tables::arg_ranges[id][column(arch)];
  return {tables::arg_rows + range.first, range.count};
}

std::optional<Place> place_of(CallId id, Arch arch, size_t arg) {
  std::span<const Arg> all = args(id, arch);
  if (arg >= all.size() || in_memory(id, arch)) return std::nullopt;
  const ArchInfo& facts = info(arch);
  if (facts.word_bits == 64) return Place{static_cast<uint8_t>(arg), std::nullopt};

  // 32 bits: wide arguments take two registers and push the later ones along; where pairs are
  // aligned (arm's calling convention), they start in an even one and may leave a hole.
  size_t next = 0;
  for (size_t i = 0;; ++i) {
    if (all[i].wide && facts.aligned_pairs) next += next % 2;
    if (i == arg) break;
    next += all[i].wide ? 2 : 1;
  }
  if (next + (all[arg].wide ? 1 : 0) > 5) return std::nullopt;  // no such call there
  Place place{static_cast<uint8_t>(next), std::nullopt};
  // The low half comes first: both 32-bit architectures here are little-endian.
  if (all[arg].wide) place.high = static_cast<uint8_t>(next + 1);
  return place;
}

std::optional<size_t> find_arg(CallId id, Arch arch, std::string_view name) {
  std::span<const Arg> all = args(id, arch);
  if (name.empty()) return std::nullopt;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].kernel_name == name || all[i].man_name == name) return i;
  }
  for (const tables::OtherName& other : tables::other_names) {
    if (other.call == id && other.name == name) return other.arg;
  }
  return std::nullopt;
}

}  // namespace seclude::calls
