// Unique: a table that finds an equal value already stored, by hash (hash-consing).
//
// The values live with the caller, in a vector; the table holds their indices only. In: a hash and
// how to compare with a stored index. Out: the index of the equal value, or the new one's.
// Neighbours: formulas.h, choices.h, code.h keep their nodes unique with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace seclude::filter {

inline uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 32;
}

class UniqueTable {
 public:
  explicit UniqueTable(size_t expected = 128) {
    size_t size = 16;
    while (size < expected * 2) size *= 2;
    slots_.resize(size);
  }

  // The index for which equals(index) holds, or `fresh` (the index the caller is about to use), and
  // whether it was found.
  template <typename Equals>
  std::pair<uint32_t, bool> find_or_add(uint64_t hash, uint32_t fresh, Equals&& equals) {
    uint32_t tag = static_cast<uint32_t>(hash >> 32) | 1;  // 0 marks an empty slot
    size_t at = place_of(tag);
    for (; slots_[at].tag != 0; at = (at + 1) & (slots_.size() - 1))
      if (slots_[at].tag == tag && equals(slots_[at].index)) return {slots_[at].index, true};
    slots_[at] = {tag, fresh};
    if (++used_ * 2 > slots_.size()) grow();
    return {fresh, false};
  }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t index = 0;
  };

  size_t place_of(uint32_t tag) const { return tag >> 1 & (slots_.size() - 1); }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.tag == 0) continue;
      size_t at = place_of(slot.tag);
      while (slots_[at].tag != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  size_t used_ = 0;
};

}  // namespace seclude::filter
