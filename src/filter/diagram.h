// Diagram: the canonical form of "which action for which (arch, number, arguments)".
//
// In: tests on 64-bit groups, combined with ite(). Out: node ids; two functions are equal exactly
// when their ids are. A node asks (group & mask) == bits ? hit : miss. Groups in order:
// 0 = {arch, number}, 1..6 = args[0..5], 7 = instruction pointer; most significant bit first.
// Nodes are maximal chains: a node absorbs the child it hits when group and miss are the same, and a
// single-bit node has bits == mask; that makes the form canonical (docs/design.md has the proof).
// Neighbours: decide.h builds policies, lift.h programs; compare.h walks differences.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
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
};

// Hash-consed nodes and operation caches. Growing only; clear() makes it empty without giving memory
// back. Not thread-safe; one per thread.
class Store {
 public:
  explicit Store(uint32_t node_limit = 65536);

  // Forgets every node; ids from before are void. Cheap: caches are stamped, not wiped.
  void clear();
  void set_node_limit(uint32_t node_limit);

  // Beyond the node limit (or 8 ITE steps per node of it) every operation returns an arbitrary id
  // and this becomes true until clear(): check it before believing a result.
  bool exhausted() const { return exhausted_; }
  uint32_t node_count() const;

  Id terminal(uint32_t value);
  bool is_terminal(Id id) const;
  uint32_t value(Id terminal) const;
  const Node& node(Id id) const;

  Id yes() const;  // terminal(1), for conditions
  Id no() const;   // terminal(0)

  // (group & mask) == bits ? hit : miss. bits must be within mask.
  Id test(Group group, uint64_t mask, uint64_t bits, Id hit, Id miss);
  // low <= (bits [shift, shift+width) of the group as an unsigned number) <= high.
  Id in_range(Group group, unsigned shift, unsigned width, uint64_t low, uint64_t high);

  // f must be made of yes() and no().
  Id ite(Id f, Id then, Id otherwise);
  Id both(Id a, Id b) { return ite(a, b, no()); }
  Id either(Id a, Id b) { return ite(a, yes(), b); }
  Id negate(Id a) { return ite(a, no(), yes()); }

  // Replaces terminals: `map` gets each terminal's value and returns the new one.
  template <typename Map>
  Id map_terminals(Id id, Map&& map);

  uint32_t evaluate(Id id, const Input& input) const;
  // Some input on which f is not no(): bits no node on the path mentions are 0. nullopt when f == no().
  std::optional<Input> witness(Id f) const;
  // Distinct nodes reachable from id.
  size_t size(Id id) const;

 private:
  bool exhausted_ = false;
  // (the implementation's tables)
};

// ---- a whole decision ---------------------------------------------------------------------------

// Numbers first..(next run's first - 1) get `id`, which mentions arguments and ip only.
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
struct Decision {
  std::vector<ArchRuns> archs;
  Runs other;  // every architecture not listed
  friend bool operator==(const Decision&, const Decision&) = default;

  const Runs& runs(uint32_t audit) const;
  Id at(uint32_t audit, uint32_t number) const;
};

// Makes runs canonical: sorts nothing, merges neighbours with equal ids.
Runs merged(Runs runs);

}  // namespace seclude::filter
