// Word: a 32-bit machine word whose bits are functions of the call.
//
// In: words of seccomp_data, constants. Out: every operation of classic BPF on them, bit by bit, as
// diagrams. Exact while the store is not exhausted. Neighbours: lift_words.cc runs programs on
// these.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "filter/diagram.h"

namespace seclude::filter {

// Least significant bit first; each made of yes() and no().
using Word = std::array<Id, 32>;

Word constant_word(const Store& store, uint32_t value);
std::optional<uint32_t> constant_of(const Store& store, const Word& word);

// Where the word at this offset of seccomp_data lies: bits [shift, shift + 32) of the group.
struct Location {
  Group group;
  unsigned shift;
};
Location location(uint32_t offset, bool big_endian);
Word load_word(Store& store, uint32_t offset, bool big_endian);

Word add(Store& store, const Word& a, const Word& b);
Word subtract(Store& store, const Word& a, const Word& b);
Word multiply(Store& store, const Word& a, const Word& b);
Word divide(Store& store, const Word& a, const Word& b);  // b == 0: any result
Word bit_and(Store& store, const Word& a, const Word& b);
Word bit_or(Store& store, const Word& a, const Word& b);
Word bit_xor(Store& store, const Word& a, const Word& b);
// By the low five bits of `by`.
Word shift_left(Store& store, const Word& a, const Word& by);
Word shift_right(Store& store, const Word& a, const Word& by);
Word choose(Store& store, Id condition, const Word& then, const Word& otherwise);

Id equal(Store& store, const Word& a, const Word& b);
Id at_least(Store& store, const Word& a, const Word& b);  // a >= b, unsigned
Id share_a_bit(Store& store, const Word& a, const Word& b);

}  // namespace seclude::filter
