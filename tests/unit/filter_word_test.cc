// Word: every operation against plain arithmetic, with few enough free bits to try all values.
#include "filter/lifting/word.h"

#include <gtest/gtest.h>

#include "support/random_program.h"

namespace seclude::filter {
namespace {

using testing::Random;

// A word with four free bits, from args[arg], somewhere among constant ones.
struct Sample {
  Word word;
  size_t arg;
  uint32_t fixed, shift;

  uint32_t value(uint32_t free) const { return fixed | free << shift; }
};

Sample sample(Store& store, Random& random, size_t arg) {
  auto shift = static_cast<uint32_t>(random() % 29);
  uint32_t fixed = testing::random_constant(random) & ~(15u << shift);
  Word word = constant_word(store, fixed);
  Word loaded = load_word(store, static_cast<uint32_t>(16 + 8 * arg), false);
  for (uint32_t i = 0; i < 4; ++i) word[shift + i] = loaded[i];
  return {word, arg, fixed, shift};
}

uint32_t value_of(const Store& store, const Word& word, const Input& input) {
  uint32_t value = 0;
  for (size_t i = 0; i < word.size(); ++i) value |= store.evaluate(word[i], input) << i;
  return value;
}

TEST(Word, CalculatesAsTheMachineDoes) {
  Random random(testing::seed_from_environment());
  Store store(1 << 20);
  for (int round = 0; round < 60; ++round) {
    store.clear();
    Sample a = sample(store, random, 0), b = sample(store, random, round % 4 == 0 ? 0 : 1);
    Word sum = add(store, a.word, b.word), difference = subtract(store, a.word, b.word);
    Word product = multiply(store, a.word, b.word), quotient = divide(store, a.word, b.word);
    Word both = bit_and(store, a.word, b.word), any = bit_or(store, a.word, b.word);
    Word odd = bit_xor(store, a.word, b.word);
    Word left = shift_left(store, a.word, b.word), right = shift_right(store, a.word, b.word);
    Id same = equal(store, a.word, b.word), more = at_least(store, a.word, b.word);
    Id share = share_a_bit(store, a.word, b.word);
    Word chosen = choose(store, more, a.word, b.word);
    ASSERT_FALSE(store.exhausted());
    for (uint32_t free = 0; free < 256; ++free) {
      Input input;
      input.args = {free & 15, free >> 4};
      uint32_t x = a.value(free & 15), y = b.value(b.arg == 0 ? free & 15 : free >> 4);
      auto value = [&](const Word& word) { return value_of(store, word, input); };
      ASSERT_EQ(value(sum), x + y);
      ASSERT_EQ(value(difference), x - y);
      ASSERT_EQ(value(product), x * y);
      if (y != 0) {
        ASSERT_EQ(value(quotient), x / y);
      }
      ASSERT_EQ(value(both), x & y);
      ASSERT_EQ(value(any), x | y);
      ASSERT_EQ(value(odd), x ^ y);
      ASSERT_EQ(value(left), x << (y & 31));
      ASSERT_EQ(value(right), x >> (y & 31));
      ASSERT_EQ(value(chosen), std::max(x, y));
      ASSERT_EQ(store.evaluate(same, input), x == y ? 1u : 0u);
      ASSERT_EQ(store.evaluate(more, input), x >= y ? 1u : 0u);
      ASSERT_EQ(store.evaluate(share, input), (x & y) != 0 ? 1u : 0u);
    }
  }
}

TEST(Word, ConstantsStayConstants) {
  Store store;
  Word seven = constant_word(store, 7), five = constant_word(store, 5);
  EXPECT_EQ(constant_of(store, multiply(store, seven, five)), 35u);
  EXPECT_EQ(constant_of(store, divide(store, seven, five)), 1u);
  EXPECT_EQ(constant_of(store, load_word(store, 0, false)), std::nullopt);
  Word masked = bit_and(store, load_word(store, 0, false), constant_word(store, 0));
  EXPECT_EQ(constant_of(store, masked), 0u);
  EXPECT_EQ(store.node_count(), 33u) << "constants make no nodes";
}

TEST(Word, LoadsEveryHalfFromItsPlace) {
  Store store;
  Input input;
  input.number = 0x01020304;
  input.arch = 0x05060708;
  input.instruction_pointer = 0x1112131415161718;
  for (size_t i = 0; i < 6; ++i) input.args[i] = 0x2122232425262728 + i * 0x100000001;
  for (bool big_endian : {false, true}) {
    auto load = [&](uint32_t offset) {
      return value_of(store, load_word(store, offset, big_endian), input);
    };
    EXPECT_EQ(load(0), input.number);
    EXPECT_EQ(load(4), input.arch);
    EXPECT_EQ(load(8), big_endian ? 0x11121314u : 0x15161718u);
    EXPECT_EQ(load(12), big_endian ? 0x15161718u : 0x11121314u);
    for (uint8_t i = 0; i < 6; ++i) {
      EXPECT_EQ(load(offset_of_half(i, true, big_endian)), 0x21222324u + i);
      EXPECT_EQ(load(offset_of_half(i, false, big_endian)), 0x25262728u + i);
    }
  }
}

}  // namespace
}  // namespace seclude::filter
