// Diagram: the canonical form of "which action for which (arch, number, arguments)".
//
// In: tests on 64-bit groups, combined with ite(). Out: node ids; two functions are equal exactly
// when their ids are. A node asks (group & mask) == bits ? hit : miss. Groups in order:
// 0 = {arch, number}, 1..6 = args[0..5], 7 = instruction pointer; most significant bit first.
// Nodes are maximal chains: a node absorbs the child it hits when group and miss are the same, and
// a single-bit node has bits == mask; that makes the form canonical (docs/design.md has the proof).
// Neighbours: decision.cc has the whole decisions; decide.h builds policies, lift.h programs;
// compare.h walks differences.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "filter/input.h"

namespace seclude::filter {

// A function: terminal (a 32-bit value) or node. Only meaningful together with its Store.
struct Id {
  uint32_t value = 0;
  friend auto operator<=>(const Id&, const Id&) = default;
};

enum class Group : uint8_t { ArchNumber = 0, Arg0 = 1, Arg1, Arg2, Arg3, Arg4, Arg5, Ip = 7 };

struct Node {
  uint64_t mask = 0, bits = 0;
  Id hit, miss;
  Group group = Group::ArchNumber;
  friend bool operator==(const Node&, const Node&) = default;
};

// What nodes of this group look at.
uint64_t group_value(Group group, const Input& input);

// Hash-consed nodes and operation caches. Growing only; clear() makes it empty without giving
// memory back. Not thread-safe; one per thread.
class Store {
 public:
  explicit Store(uint32_t node_limit = 65536);

  // Forgets every node; ids from before are void. Cheap: caches are stamped, not wiped.
  void clear();
  void set_node_limit(uint32_t node_limit);
  uint32_t node_limit() const { return node_limit_; }

  // Beyond the node limit (or 8 steps per node of it; a step is one of ITE, or eight nodes of
  // map_terminals) every operation returns an arbitrary id and this becomes true until clear():
  // check it before believing a result.
  bool exhausted() const { return exhausted_; }
  // For the next task on the same nodes: as many steps as at the beginning.
  void renew_steps() { steps_ = 0; }
  uint32_t node_count() const { return static_cast<uint32_t>(nodes_.size()); }

  Id terminal(uint32_t value);
  bool is_terminal(Id id) const { return (id.value & terminal_flag) != 0; }
  uint32_t value(Id terminal) const { return values_[terminal.value & ~terminal_flag]; }
  const Node& node(Id id) const { return nodes_[id.value]; }  // void after the next operation

  Id yes() const { return {terminal_flag | 1}; }  // terminal(1), for conditions
  Id no() const { return {terminal_flag}; }       // terminal(0)

  // (group & mask) == bits ? hit : miss. Bits outside the mask never hit.
  Id test(Group group, uint64_t mask, uint64_t bits, Id hit, Id miss);
  // low <= (bits [shift, shift+width) of the group as an unsigned number) <= high.
  Id in_range(Group group, unsigned shift, unsigned width, uint64_t low, uint64_t high);

  // f must be made of yes() and no().
  Id ite(Id f, Id then, Id otherwise);
  // These three take conditions only.
  Id both(Id a, Id b) { return a < b ? ite(a, b, no()) : ite(b, a, no()); }
  Id either(Id a, Id b) { return a < b ? ite(a, yes(), b) : ite(b, yes(), a); }
  Id negate(Id a) { return ite(a, no(), yes()); }

  // Replaces terminals: `map` gets each reachable terminal's value once and returns the new one.
  template <typename Map>
  Id map_terminals(Id id, Map&& map) {
    std::vector<std::pair<Id, Id>> replaced;
    for (Id leaf : terminals(id)) replaced.emplace_back(leaf, terminal(map(value(leaf))));
    return replace_terminals(id, replaced);
  }
  // The terminals that can be reached from id, sorted by id.
  std::vector<Id> terminals(Id id) const;

  // The function left when the top bits are known: `bit` must not be below id's first bit in its
  // group, or in an earlier group.
  Id cofactor(Id id, Group group, uint64_t bit, bool set);
  // The function of arguments and ip that `id` is for this architecture and number.
  Id at(Id id, uint32_t audit, uint32_t number) const;

  uint32_t evaluate(Id id, const Input& input) const;
  // Some input on which f is not no(): bits no node on the path mentions are 0. nullopt when f ==
  // no().
  std::optional<Input> witness(Id f) const;
  // Distinct nodes reachable from id.
  size_t size(Id id) const;
  // Whether those are more than `bound`; takes no longer than finding that many.
  bool larger_than(Id id, size_t bound) const;

 private:
  static constexpr uint32_t terminal_flag = 0x80000000;
  struct Cached {
    Id f, then, otherwise, result;
    uint32_t epoch = 0;
  };

  bool begins_in(Id id, Group group) const;
  unsigned first_variable(Id id) const;
  Id put(Group group, uint64_t mask, uint64_t bits, Id hit, Id miss);
  Id chain(Group group, uint64_t mask, uint64_t bits, Id hit, Id miss);
  Id bit(Group group, uint64_t bit, Id clear, Id set);
  Id without(Id id, uint64_t dropped);
  Id step(const std::array<Id, 3>& operands);
  Id step_one_bit(const std::array<Id, 3>& operands, Group group, uint64_t bit);
  Id at_least(Group group, unsigned shift, unsigned width, uint64_t low);
  Id at_most(Group group, unsigned shift, unsigned width, uint64_t high);
  Id replace_terminals(Id id, const std::vector<std::pair<Id, Id>>& replaced);
  std::vector<Id> reachable(Id id, size_t most = SIZE_MAX) const;
  Cached& cache_slot(Id f, Id then, Id otherwise);
  void grow_nodes();
  void grow_values();
  void forget_table_entries();
  Id give_up();

  uint32_t node_limit_ = 0;
  uint64_t steps_ = 0;
  bool exhausted_ = false;
  std::vector<Node> nodes_;       // index 0 is never a node: 0 marks an empty place in the table
  std::vector<uint32_t> table_;   // open addressing: node indices by hash
  std::vector<uint32_t> values_;  // of terminals
  std::vector<uint32_t> value_table_;  // open addressing: terminal index + 1 by hash of the value
  std::vector<Cached> cache_;
  uint32_t epoch_ = 1;
  mutable std::vector<uint32_t> marks_;  // node index -> last traversal that saw it
  mutable uint32_t mark_ = 0;
  std::vector<Id> replacements_;  // node index -> its new id, during replace_terminals
};

// ---- a whole decision ---------------------------------------------------------------------------

// Numbers first..(next run's first - 1) get `id`, which mentions arguments and ip only (but see
// Decision).
struct Run {
  uint32_t first = 0;
  Id id;
  friend bool operator==(const Run&, const Run&) = default;
};
// Neighbouring runs differ; the first starts at 0.
using Runs = std::vector<Run>;

struct ArchRuns {
  uint32_t audit = 0;  // AUDIT_ARCH_*
  Runs runs;
  friend bool operator==(const ArchRuns&, const ArchRuns&) = default;
};

// A policy's or a program's whole meaning. Canonical: `archs` is sorted by audit and leaves out
// architectures that equal `other`; equality of two decisions of one store is ==.
//
// A function that would need more than max_listed_archs architectures or max_runs runs (a foreign
// filter that tests `nr & 1`) is instead ONE run in `other` whose id mentions arch and number bits
// itself; mixed() tells. Which form a function has depends on the function alone, so == stays
// exact. Store::evaluate with a complete Input is right in both forms, and Store::at removes those
// bits.
struct Decision {
  std::vector<ArchRuns> archs;
  Runs other;  // every architecture not listed
  friend bool operator==(const Decision&, const Decision&) = default;

  const Runs& runs(uint32_t audit) const;
  Id at(uint32_t audit, uint32_t number) const;
};

inline constexpr size_t max_listed_archs = 64, max_runs = 16384;

// Makes runs canonical: sorts nothing, merges neighbours with equal ids.
Runs merged(Runs runs);

// Sorts, drops what equals `other`, and changes to the mixed form where the bounds ask for it.
Decision canonical(Store& store, Decision decision);

// Whether the only run's id mentions arch and number bits itself.
bool mixed(const Store& store, const Decision& decision);

// The same function with arch and number bits inside, and back. Check exhausted() after either.
Id whole(Store& store, const Decision& decision);
Decision split(Store& store, Id id);

}  // namespace seclude::filter
