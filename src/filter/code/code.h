// Code: instructions before they have places: a graph that shares every equal tail.
//
// In: nodes, from the answers upwards. Out: node numbers; equal nodes have equal numbers. Part of a
// comparison's identity is what the accumulator holds when it is reached: whoever jumps to one must
// bring the same word, and each keeps the load it belongs to right in front of it. (Tails shared
// between ways that left different words behind are the classic mistake of filter compilers.)
// Neighbours: generate.h builds it, layout.h puts it in order.
#pragma once

#include <cstdint>
#include <vector>

#include "filter/code/unique.h"
#include "filter/program.h"

namespace seclude::filter {

using CodeId = uint32_t;

// What the accumulator holds: (word at offset) & mask.
struct Holds {
  uint32_t offset = 0;
  uint32_t mask = 0;  // 0: nothing that is known
  friend bool operator==(const Holds&, const Holds&) = default;
};

struct CodeNode {
  uint16_t code = op::ret_k;
  uint32_t k = 0;
  CodeId yes = 0, no = 0;  // jumps; a load and an AND continue with `yes`
  Holds holds;             // on entry; nothing for loads and returns, which do not care
  float weight = 0;        // how often it is passed, relative to others; no part of its identity

  bool returns() const { return code == op::ret_k; }
  bool jumps() const { return !returns() && code != op::ld_abs && code != op::and_k; }
};

class Code {
 public:
  CodeId give(uint32_t ret);
  CodeId load(uint32_t offset, CodeId next);
  CodeId mask(uint32_t bits, Holds before, CodeId next);
  CodeId jump(uint16_t op, uint32_t key, Holds holds, CodeId yes, CodeId no);
  void add_weight(CodeId id, float weight) { nodes_[id].weight += weight; }

  const CodeNode& at(CodeId id) const { return nodes_[id]; }
  size_t size() const { return nodes_.size(); }

 private:
  CodeId unique(const CodeNode& node);

  std::vector<CodeNode> nodes_;
  UniqueTable table_;
};

}  // namespace seclude::filter
