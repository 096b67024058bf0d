// Decision: whole meanings, per architecture and number, on top of the diagram.
//
// In: runs of numbers per architecture, or one diagram with arch and number bits inside. Out: the
// canonical Decision (declared in diagram.h), and conversions both ways.
// Neighbours: diagram.cc for the nodes; lift.cc, decide.cc and compare.cc are the users.
#include <algorithm>

#include "filter/diagram.h"

namespace seclude::filter {
namespace {

// The last run that begins at or before `number`.
const Run& run_of(const Runs& runs, uint32_t number) {
  auto next = std::upper_bound(runs.begin(), runs.end(), number,
                               [](uint32_t wanted, const Run& run) { return wanted < run.first; });
  return *(next - 1);
}

// Number bits `top_bit` and below for runs [begin, end), which cover from..from + 2 * top_bit - 1.
Id from_runs(Store& store, const Run* begin, const Run* end, uint64_t from, uint64_t top_bit) {
  if (end - begin == 1 || top_bit == 0) return begin->id;
  uint64_t middle = from + top_bit;
  const Run* upper = std::upper_bound(
      begin, end, middle, [](uint64_t wanted, const Run& run) { return wanted < run.first; });
  // The run that holds `middle`, and the end of the lower half: the same run unless it begins
  // there.
  const Run* holds = upper - 1;
  const Run* lower_end = holds->first == middle ? holds : upper;
  Id low = from_runs(store, begin, lower_end, from, top_bit / 2);
  Id high = from_runs(store, holds, end, middle, top_bit / 2);
  return store.test(Group::ArchNumber, top_bit, top_bit, high, low);
}

// Splits `id` by the bits from `top_bit` down to `last_bit` of {arch, number} into runs in
// ascending order. False when there are more than `bound`.
bool collect(Store& store, Id id, uint64_t top_bit, uint64_t last_bit, uint64_t from, size_t bound,
             Runs& runs) {
  bool constant = store.is_terminal(id) || store.node(id).group != Group::ArchNumber ||
                  store.node(id).mask < last_bit;
  if (constant || top_bit < last_bit) {
    if (!runs.empty() && runs.back().id == id) return true;
    auto first = static_cast<uint32_t>(last_bit == 1 ? from : from >> 32);
    runs.push_back({first, id});
    return runs.size() <= bound;
  }
  Id clear = store.cofactor(id, Group::ArchNumber, top_bit, false);
  Id set = store.cofactor(id, Group::ArchNumber, top_bit, true);
  if (store.exhausted()) return false;
  return collect(store, clear, top_bit >> 1, last_bit, from, bound, runs) &&
         collect(store, set, top_bit >> 1, last_bit, from | top_bit, bound, runs);
}

constexpr uint64_t first_arch_bit = uint64_t{1} << 63, last_arch_bit = uint64_t{1} << 32;
constexpr uint64_t first_number_bit = uint64_t{1} << 31, last_number_bit = 1;

uint64_t length_of(const Runs& runs, size_t index) {
  uint64_t end = index + 1 < runs.size() ? runs[index + 1].first : uint64_t{1} << 32;
  return end - runs[index].first;
}

// The run that all but a few architectures have, or nullopt when no function is so common.
std::optional<Id> common_function(const Runs& archs) {
  uint64_t rest = uint64_t{1} << 32;
  std::vector<std::pair<Id, uint64_t>> lengths;
  for (size_t i = 0; i < archs.size(); ++i) lengths.emplace_back(archs[i].id, length_of(archs, i));
  std::sort(lengths.begin(), lengths.end());
  for (size_t i = 0; i < lengths.size();) {
    uint64_t length = 0;
    size_t end = i;
    while (end < lengths.size() && lengths[end].first == lengths[i].first) {
      length += lengths[end++].second;
    }
    if (length + max_listed_archs >= rest) return lengths[i].first;
    i = end;
  }
  return std::nullopt;
}

size_t count_runs(const Decision& decision) {
  size_t count = decision.other.size();
  for (const ArchRuns& arch : decision.archs) count += arch.runs.size();
  return count;
}

std::optional<Decision> try_split(Store& store, Id id) {
  Runs archs;
  // Every listed architecture parts the space in two places at most.
  size_t bound = 2 * max_listed_archs + 1;
  if (!collect(store, id, first_arch_bit, last_arch_bit, 0, bound, archs)) return std::nullopt;
  std::optional<Id> common = common_function(archs);
  if (!common) return std::nullopt;
  Decision decision;
  if (!collect(store, *common, first_number_bit, last_number_bit, 0, max_runs, decision.other)) {
    return std::nullopt;
  }
  for (size_t i = 0; i < archs.size(); ++i) {
    if (archs[i].id == *common) continue;
    Runs runs;
    if (!collect(store, archs[i].id, first_number_bit, last_number_bit, 0, max_runs, runs)) {
      return std::nullopt;
    }
    auto length = static_cast<uint32_t>(length_of(archs, i));
    for (uint32_t k = 0; k < length; ++k) decision.archs.push_back({archs[i].first + k, runs});
  }
  if (count_runs(decision) > max_runs) return std::nullopt;
  return decision;
}

}  // namespace

const Runs& Decision::runs(uint32_t audit) const {
  for (const ArchRuns& arch : archs) {
    if (arch.audit == audit) return arch.runs;
  }
  return other;
}

Id Decision::at(uint32_t audit, uint32_t number) const { return run_of(runs(audit), number).id; }

Runs merged(Runs runs) {
  auto same = [](const Run& left, const Run& right) { return left.id == right.id; };
  runs.erase(std::unique(runs.begin(), runs.end(), same), runs.end());
  return runs;
}

Decision canonical(Store& store, Decision decision) {
  for (ArchRuns& arch : decision.archs) arch.runs = merged(std::move(arch.runs));
  decision.other = merged(std::move(decision.other));
  std::erase_if(decision.archs, [&](const ArchRuns& arch) { return arch.runs == decision.other; });
  std::sort(decision.archs.begin(), decision.archs.end(),
            [](const ArchRuns& left, const ArchRuns& right) { return left.audit < right.audit; });
  if (decision.archs.size() > max_listed_archs || count_runs(decision) > max_runs) {
    return {{}, {{0, whole(store, decision)}}};
  }
  return decision;
}

bool mixed(const Store& store, const Decision& decision) {
  if (!decision.archs.empty() || decision.other.size() != 1) return false;
  Id only = decision.other[0].id;
  return !store.is_terminal(only) && store.node(only).group == Group::ArchNumber;
}

Id whole(Store& store, const Decision& decision) {
  if (mixed(store, decision)) return decision.other[0].id;
  auto numbers = [&](const Runs& runs) {
    return from_runs(store, runs.data(), runs.data() + runs.size(), 0, first_number_bit);
  };
  Id result = numbers(decision.other);
  for (const ArchRuns& arch : decision.archs) {
    uint64_t mask = ~uint64_t{0} << 32;
    result =
        store.test(Group::ArchNumber, mask, uint64_t{arch.audit} << 32, numbers(arch.runs), result);
  }
  return result;
}

Decision split(Store& store, Id id) {
  if (std::optional<Decision> decision = try_split(store, id)) return *std::move(decision);
  return {{}, {{0, id}}};
}

}  // namespace seclude::filter
