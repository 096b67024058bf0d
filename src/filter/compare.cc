// Compare: follows two decisions down to a call that they answer differently.
//
// In: two decisions of one store. Out: a call and both answers. Needs no new nodes: where two
// canonical functions differ, they differ on one side of their first bit, and so on down.
// Neighbours: check.cc and the `diff` command ask; diagram.h says why ids are enough.
#include "filter/compare.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/result.h"

namespace seclude::filter {
namespace {

// A function on the way down: a terminal, or a node of which the first bits may be used up.
struct Cursor {
  Id id;      // of the terminal
  Node node;  // mask 0: it is a terminal
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

Cursor cursor_at(const Store& store, Id id) {
  if (store.is_terminal(id)) return {id, {}};
  return {{}, store.node(id)};
}

uint64_t first_bit(const Node& node) { return uint64_t{1} << (63 - std::countl_zero(node.mask)); }

Cursor below(const Store& store, const Cursor& cursor, Group group, uint64_t bit, bool set) {
  if (cursor.node.mask == 0 || cursor.node.group != group || first_bit(cursor.node) != bit) {
    return cursor;
  }
  Node left = cursor.node;
  if (((left.bits & bit) != 0) != set) return cursor_at(store, left.miss);
  left.mask &= ~bit;
  left.bits &= ~bit;
  if (left.mask == 0) return cursor_at(store, left.hit);
  if ((left.mask & (left.mask - 1)) == 0 && left.bits == 0) {
    std::swap(left.hit, left.miss);
    left.bits = left.mask;
  }
  return {{}, left};
}

// Whether `left` begins at an earlier bit than `right`.
bool earlier(const Node& left, const Node& right) {
  if (left.mask == 0 || right.mask == 0) return left.mask != 0;
  if (left.group != right.group) return left.group < right.group;
  return first_bit(left) > first_bit(right);
}

// left and right are different functions. Bits not needed stay as they are in `input`.
Difference follow(const Store& store, Id left_id, Id right_id, const Input& input) {
  std::array<uint64_t, 8> groups{};
  groups[0] = uint64_t{input.arch} << 32 | input.number;
  Cursor left = cursor_at(store, left_id), right = cursor_at(store, right_id);
  while (left.node.mask != 0 || right.node.mask != 0) {
    const Node& first = earlier(right.node, left.node) ? right.node : left.node;
    Group group = first.group;
    uint64_t bit = first_bit(first);
    Cursor left_clear = below(store, left, group, bit, false);
    Cursor right_clear = below(store, right, group, bit, false);
    bool set = left_clear == right_clear;
    left = set ? below(store, left, group, bit, true) : left_clear;
    right = set ? below(store, right, group, bit, true) : right_clear;
    if (set) groups[static_cast<size_t>(group)] |= bit;
  }
  Input found;
  found.arch = static_cast<uint32_t>(groups[0] >> 32);
  found.number = static_cast<uint32_t>(groups[0]);
  std::copy(groups.begin() + 1, groups.begin() + 7, found.args.begin());
  found.instruction_pointer = groups[7];
  return {found, {store.value(left.id)}, {store.value(right.id)}};
}

// Where runs of one architecture part: calls `found` with the first and last number and both ids.
template <typename Found>
void walk(const Runs& left, const Runs& right, Found&& found) {
  size_t l = 0, r = 0;
  for (uint64_t first = 0; first <= UINT32_MAX;) {
    uint64_t end = uint64_t{1} << 32;
    if (l + 1 < left.size()) end = std::min<uint64_t>(end, left[l + 1].first);
    if (r + 1 < right.size()) end = std::min<uint64_t>(end, right[r + 1].first);
    if (left[l].id != right[r].id) {
      found(static_cast<uint32_t>(first), static_cast<uint32_t>(end - 1), left[l].id, right[r].id);
    }
    first = end;
    if (l + 1 < left.size() && left[l + 1].first == first) ++l;
    if (r + 1 < right.size() && right[r + 1].first == first) ++r;
  }
}

std::vector<uint32_t> listed_archs(const Decision& left, const Decision& right) {
  std::vector<uint32_t> audits;
  for (const Decision* decision : {&left, &right}) {
    for (const ArchRuns& arch : decision->archs) audits.push_back(arch.audit);
  }
  std::sort(audits.begin(), audits.end());
  audits.erase(std::unique(audits.begin(), audits.end()), audits.end());
  return audits;
}

// The smallest number that no architecture has.
uint32_t unlisted(const std::vector<uint32_t>& audits) {
  uint32_t audit = 0;
  while (std::binary_search(audits.begin(), audits.end(), audit)) ++audit;
  return audit;
}

}  // namespace

std::vector<RunDifference> differences(Store& store, const Decision& left, const Decision& right) {
  if (left == right || store.exhausted()) return {};
  if (mixed(store, left) || mixed(store, right)) {
    // Listed runs are few enough to be put inside whatever the limit was meant for.
    uint32_t limit = store.node_limit();
    store.set_node_limit(UINT32_MAX);
    Id left_whole = whole(store, left), right_whole = whole(store, right);
    store.set_node_limit(limit);
    CHECK(!store.exhausted() && left_whole != right_whole);
    Difference example = follow(store, left_whole, right_whole, {});
    return {{example.input.arch, 0, UINT32_MAX, example}};
  }
  std::vector<RunDifference> all;
  std::vector<uint32_t> audits = listed_archs(left, right);
  auto compare = [&](std::optional<uint32_t> audit) {
    Input input;
    input.arch = audit.value_or(unlisted(audits));
    walk(left.runs(input.arch), right.runs(input.arch),
         [&](uint32_t first, uint32_t last, Id left_id, Id right_id) {
           input.number = first;
           all.push_back({audit, first, last, follow(store, left_id, right_id, input)});
         });
  };
  for (uint32_t audit : audits) compare(audit);
  compare(std::nullopt);
  return all;
}

std::optional<Difference> difference(Store& store, const Decision& left, const Decision& right) {
  std::vector<RunDifference> all = differences(store, left, right);
  if (all.empty()) return std::nullopt;
  return all.front().example;
}

}  // namespace seclude::filter
