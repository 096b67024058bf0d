// Relatives: which calls stand for which others (calls.h, second half).
//
// In: data/relatives.tsv through tables.h. Out: carriers and their codes, opaque twins, siblings.
#include <algorithm>

#include "calls/calls.h"
#include "calls/tables.h"

namespace seclude::calls {
namespace {

const tables::Carrier* find_carrier(CallId id) {
  for (const tables::Carrier& carrier : tables::carriers) {
    if (carrier.call == id) return &carrier;
  }
  return nullptr;
}

const tables::SiblingLists* find_siblings(CallId id, Arch arch) {
  auto found = std::ranges::lower_bound(tables::sibling_rows, id, {}, &tables::SiblingRow::call);
  if (found == tables::sibling_rows.end() || found->call != id) return nullptr;
  return &found->lists[static_cast<size_t>(arch)];
}

}  // namespace

std::optional<Multiplexed> multiplexed(CallId id, Arch arch) {
  for (const tables::Carrier& carrier : tables::carriers) {
    if (!number_of(carrier.call, arch)) continue;
    for (const Code& code : carrier.codes) {
      if (code.call == id) return Multiplexed{carrier.call, code.code, carrier.mask};
    }
  }
  return std::nullopt;
}

bool has_carriers(Arch arch) {
  return std::ranges::any_of(tables::carriers, [&](const tables::Carrier& carrier) {
    return number_of(carrier.call, arch).has_value();
  });
}

std::span<const Code> codes(CallId carrier) {
  const tables::Carrier* found = find_carrier(carrier);
  return found ? found->codes : std::span<const Code>{};
}

bool is_carrier(CallId id) { return find_carrier(id) != nullptr; }

std::span<const CallId> opaque_twins(CallId id) {
  auto found = std::ranges::lower_bound(tables::twins, id, {}, &tables::Twins::call);
  if (found == tables::twins.end() || found->call != id) return {};
  return found->twins;
}

std::span<const Sibling> siblings(CallId id, Arch arch) {
  const tables::SiblingLists* lists = find_siblings(id, arch);
  if (!lists) return {};
  return {tables::sibling_lists + lists->free.first, lists->free.count};
}

std::span<const Sibling> pinned_siblings(CallId id, Arch arch) {
  const tables::SiblingLists* lists = find_siblings(id, arch);
  if (!lists) return {};
  return {tables::sibling_lists + lists->pinned.first, lists->pinned.count};
}

}  // namespace seclude::calls
