// Joins two decisions answer by answer; see strictest.h.
#include "filter/proof/strictest.h"

#include <algorithm>
#include <vector>

#include "filter/action.h"

namespace seclude::filter {

namespace {

uint32_t stricter(uint32_t earlier, uint32_t later) {
  return strictness({earlier}) < strictness({later}) ? earlier : later;
}

// Two functions of the same inputs. For every answer of the later one: where it gives that, the
// stricter of that and what the earlier one gives.
Id joined(Store& store, Id earlier, Id later) {
  const Id allow = store.terminal(Action::allow().ret);
  if (earlier == later || later == allow) return earlier;
  if (earlier == allow) return later;
  Id result = later;
  for (Id answer : store.terminals(later)) {
    const uint32_t given = store.value(answer);
    const Id there =
        store.map_terminals(later, [&](uint32_t value) { return value == given ? 1u : 0u; });
    const Id both =
        store.map_terminals(earlier, [&](uint32_t value) { return stricter(value, given); });
    result = store.ite(there, both, result);
  }
  return result;
}

Runs joined_runs(Store& store, const Runs& earlier, const Runs& later) {
  Runs result;
  for (size_t i = 0, k = 0; i < earlier.size() && k < later.size();) {
    const uint32_t first = std::max(earlier[i].first, later[k].first);
    result.push_back({first, joined(store, earlier[i].id, later[k].id)});
    const uint64_t none = uint64_t{1} << 32;
    const uint64_t next_earlier = i + 1 < earlier.size() ? earlier[i + 1].first : none;
    const uint64_t next_later = k + 1 < later.size() ? later[k + 1].first : none;
    if (next_earlier <= next_later) ++i;
    if (next_later <= next_earlier) ++k;
  }
  return result;
}

}  // namespace

Decision strictest(Store& store, const Loaded& loaded) {
  const Decision& earlier = loaded.earlier;
  const Decision& later = loaded.later;
  if (mixed(store, earlier) || mixed(store, later))
    return split(store, joined(store, whole(store, earlier), whole(store, later)));
  std::vector<uint32_t> audits;
  for (const Decision* each : {&earlier, &later})
    for (const ArchRuns& arch : each->archs) audits.push_back(arch.audit);
  std::sort(audits.begin(), audits.end());
  audits.erase(std::unique(audits.begin(), audits.end()), audits.end());

  Decision result{.archs = {}, .other = joined_runs(store, earlier.other, later.other)};
  for (uint32_t audit : audits)
    result.archs.push_back({audit, joined_runs(store, earlier.runs(audit), later.runs(audit))});
  return canonical(store, std::move(result));
}

}  // namespace seclude::filter
