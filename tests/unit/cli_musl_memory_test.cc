// The static program's own memcpy, memmove and memcmp against libc's, under other names.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#define memcpy copied_by_ours
#define memmove moved_by_ours
#define memcmp compared_by_ours
extern "C" {
void* memcpy(void*, const void*, size_t);
void* memmove(void*, const void*, size_t);
int memcmp(const void*, const void*, size_t);
}
#include "cli/musl_memory.cc"
#undef memcpy
#undef memmove
#undef memcmp

namespace {

constexpr size_t longest = 700;

std::string bytes() {
  std::string text;
  for (size_t i = 0; i < 2 * longest; ++i) text += static_cast<char>(i * 151 + i / 256);
  return text;
}

int sign(int value) { return value < 0 ? -1 : value > 0 ? 1 : 0; }

TEST(MuslMemory, CopiesWhatItIsAskedToAndNothingElse) {
  const std::string from = bytes();
  for (size_t size = 0; size <= longest; ++size) {
    for (size_t offset = 0; offset < 9; ++offset) {
      std::string ours(longest + 32, 'x'), libcs = ours;
      EXPECT_EQ(copied_by_ours(&ours[offset], &from[offset / 2], size), &ours[offset]);
      std::memcpy(&libcs[offset], &from[offset / 2], size);
      ASSERT_EQ(ours, libcs) << size << " bytes to " << offset;
    }
  }
}

TEST(MuslMemory, MovesWithinOneText) {
  for (size_t size = 0; size <= 140; ++size) {
    for (size_t to = 0; to <= 80; ++to) {
      std::string ours = bytes(), libcs = ours;
      EXPECT_EQ(moved_by_ours(&ours[to], &ours[40], size), &ours[to]);
      std::memmove(&libcs[to], &libcs[40], size);
      ASSERT_EQ(ours, libcs) << size << " bytes from 40 to " << to;
    }
  }
}

TEST(MuslMemory, ComparesBytesAsNumbersWithoutASign) {
  const std::string text = bytes();
  for (size_t size = 0; size <= 40; ++size) {
    EXPECT_EQ(compared_by_ours(text.data(), text.data(), size), 0);
    for (size_t place = 0; place < size; ++place) {
      for (const int step : {1, 127, 128, 255}) {
        std::string other = text;
        other[place] = static_cast<char>(other[place] + step);
        // What differs later does not count.
        if (place + 1 < size) other[size - 1] = static_cast<char>(~other[size - 1]);
        ASSERT_EQ(sign(compared_by_ours(text.data(), other.data(), size)),
                  sign(std::memcmp(text.data(), other.data(), size)))
            << size << " bytes, other at " << place << " by " << step;
      }
    }
  }
}

}  // namespace
