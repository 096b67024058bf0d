// Code: see code.h.
#include "filter/code/code.h"

namespace seclude::filter {

CodeId Code::give(uint32_t ret) {
  CodeNode node;
  node.k = ret;
  return unique(node);
}

CodeId Code::load(uint32_t offset, CodeId next) {
  CodeNode node;
  node.code = op::ld_abs;
  node.k = offset;
  node.yes = node.no = next;
  return unique(node);
}

CodeId Code::mask(uint32_t bits, Holds before, CodeId next) {
  CodeNode node;
  node.code = op::and_k;
  node.k = bits;
  node.yes = node.no = next;
  node.holds = before;
  return unique(node);
}

CodeId Code::jump(uint16_t op, uint32_t key, Holds holds, CodeId yes, CodeId no) {
  if (yes == no) return yes;
  CodeNode node;
  node.code = op;
  node.k = key;
  node.yes = yes;
  node.no = no;
  node.holds = holds;
  return unique(node);
}

CodeId Code::unique(const CodeNode& node) {
  uint64_t hash = mix(uint64_t{node.code} << 32 | node.k, uint64_t{node.yes} << 32 | node.no);
  hash = mix(hash, uint64_t{node.holds.offset} << 32 | node.holds.mask);
  auto same = [&](uint32_t stored) {
    const CodeNode& other = nodes_[stored];
    return other.code == node.code && other.k == node.k && other.yes == node.yes &&
           other.no == node.no && other.holds == node.holds;
  };
  auto [index, found] = table_.find_or_add(hash, static_cast<uint32_t>(nodes_.size()), same);
  if (!found) nodes_.push_back(node);
  return index;
}

}  // namespace seclude::filter
