// Word: arithmetic on diagrams, the way a circuit does it.
//
// In: two words. Out: one word, or a condition. Bits that are constant make every step trivial, so
// one circuit serves constants and variables alike. Neighbours: lift_words.cc.
#include "filter/lifting/word.h"

#include <utility>

#include "filter/program.h"

namespace seclude::filter {
namespace {

Id exclusive(Store& store, Id a, Id b) {
  if (b == store.no()) return a;
  if (a == store.no()) return b;
  return store.ite(a, store.negate(b), b);
}

// a + b + carry, where every bit of b may be gated.
Word sum(Store& store, const Word& a, const Word& b, Id carry) {
  Word result;
  for (size_t i = 0; i < result.size(); ++i) {
    Id differ = exclusive(store, a[i], b[i]);
    result[i] = exclusive(store, differ, carry);
    carry = store.ite(differ, carry, a[i]);
  }
  return result;
}

Word complement(Store& store, const Word& a) {
  Word result;
  for (size_t i = 0; i < result.size(); ++i) result[i] = store.negate(a[i]);
  return result;
}

size_t constant_bits(const Store& store, const Word& word) {
  size_t count = 0;
  for (Id bit : word) count += store.is_terminal(bit) ? 1 : 0;
  return count;
}

Word shifted_left(const Store& store, const Word& a, size_t distance) {
  Word result;
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = i < distance ? store.no() : a[i - distance];
  return result;
}

Word shifted_right(const Store& store, const Word& a, size_t distance) {
  Word result;
  for (size_t i = 0; i < result.size(); ++i) {
    result[i] = i + distance < result.size() ? a[i + distance] : store.no();
  }
  return result;
}

std::optional<size_t> power_of_two(const Store& store, const Word& word) {
  std::optional<uint32_t> value = constant_of(store, word);
  if (!value || *value == 0 || (*value & (*value - 1)) != 0) return std::nullopt;
  size_t exponent = 0;
  while ((*value >> exponent) != 1) ++exponent;
  return exponent;
}

}  // namespace

Word constant_word(const Store& store, uint32_t value) {
  Word word;
  for (size_t i = 0; i < word.size(); ++i)
    word[i] = (value >> i & 1) != 0 ? store.yes() : store.no();
  return word;
}

std::optional<uint32_t> constant_of(const Store& store, const Word& word) {
  uint32_t value = 0;
  for (size_t i = 0; i < word.size(); ++i) {
    if (!store.is_terminal(word[i])) return std::nullopt;
    if (word[i] == store.yes()) value |= uint32_t{1} << i;
  }
  return value;
}

Location location(uint32_t offset, bool big_endian) {
  if (offset == offset_number) return {Group::ArchNumber, 0};
  if (offset == offset_arch) return {Group::ArchNumber, 32};
  unsigned shift = (offset % 8 == 4) != big_endian ? 32 : 0;
  if (offset < offset_args) return {Group::Ip, shift};
  auto group = (offset - offset_args) / 8 + static_cast<uint32_t>(Group::Arg0);
  return {static_cast<Group>(group), shift};
}

Word load_word(Store& store, uint32_t offset, bool big_endian) {
  Location place = location(offset, big_endian);
  Word word;
  for (size_t i = 0; i < word.size(); ++i) {
    uint64_t bit = uint64_t{1} << (place.shift + i);
    word[i] = store.test(place.group, bit, bit, store.yes(), store.no());
  }
  return word;
}

Word add(Store& store, const Word& a, const Word& b) { return sum(store, a, b, store.no()); }

Word subtract(Store& store, const Word& a, const Word& b) {
  return sum(store, a, complement(store, b), store.yes());
}

Word multiply(Store& store, const Word& a, const Word& b) {
  if (constant_bits(store, a) > constant_bits(store, b)) return multiply(store, b, a);
  Word result = constant_word(store, 0);
  for (size_t i = 0; i < b.size() && !store.exhausted(); ++i) {
    if (b[i] == store.no()) continue;
    Word part = shifted_left(store, a, i);
    for (Id& bit : part) bit = store.both(bit, b[i]);
    result = add(store, result, part);
  }
  return result;
}

// Long division. The remainder never reaches the divisor, so one more bit is enough for doubling
// it.
Word divide(Store& store, const Word& a, const Word& b) {
  if (std::optional<size_t> exponent = power_of_two(store, b)) {
    return shifted_right(store, a, *exponent);
  }
  Word quotient, remainder = constant_word(store, 0);
  quotient.fill(store.no());
  for (size_t i = a.size(); i-- > 0 && !store.exhausted();) {
    remainder = shifted_left(store, remainder, 1);
    remainder[0] = a[i];
    quotient[i] = at_least(store, remainder, b);
    remainder = choose(store, quotient[i], subtract(store, remainder, b), remainder);
  }
  return quotient;
}

Word bit_and(Store& store, const Word& a, const Word& b) {
  Word result;
  for (size_t i = 0; i < result.size(); ++i) result[i] = store.both(a[i], b[i]);
  return result;
}

Word bit_or(Store& store, const Word& a, const Word& b) {
  Word result;
  for (size_t i = 0; i < result.size(); ++i) result[i] = store.either(a[i], b[i]);
  return result;
}

Word bit_xor(Store& store, const Word& a, const Word& b) {
  Word result;
  for (size_t i = 0; i < result.size(); ++i) result[i] = exclusive(store, a[i], b[i]);
  return result;
}

Word shift_left(Store& store, const Word& a, const Word& by) {
  Word result = a;
  for (size_t i = 0; i < 5; ++i) {
    result = choose(store, by[i], shifted_left(store, result, size_t{1} << i), result);
  }
  return result;
}

Word shift_right(Store& store, const Word& a, const Word& by) {
  Word result = a;
  for (size_t i = 0; i < 5; ++i) {
    result = choose(store, by[i], shifted_right(store, result, size_t{1} << i), result);
  }
  return result;
}

Word choose(Store& store, Id condition, const Word& then, const Word& otherwise) {
  Word result;
  for (size_t i = 0; i < result.size(); ++i) {
    result[i] = store.ite(condition, then[i], otherwise[i]);
  }
  return result;
}

Id equal(Store& store, const Word& a, const Word& b) {
  Id result = store.yes();
  for (size_t i = 0; i < a.size(); ++i) {
    result = store.ite(exclusive(store, a[i], b[i]), store.no(), result);
  }
  return result;
}

// From the least significant bit: the last bit in which they differ decides.
Id at_least(Store& store, const Word& a, const Word& b) {
  Id result = store.yes();
  for (size_t i = 0; i < a.size(); ++i) {
    result = store.ite(exclusive(store, a[i], b[i]), a[i], result);
  }
  return result;
}

Id share_a_bit(Store& store, const Word& a, const Word& b) {
  Id result = store.no();
  for (size_t i = 0; i < a.size(); ++i) {
    result = store.either(store.both(a[i], b[i]), result);
  }
  return result;
}

}  // namespace seclude::filter
