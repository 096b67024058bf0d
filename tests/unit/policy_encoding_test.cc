// Which bytes may stand in a policy, and how the others are reported.
#include "policy/encoding.h"

#include <gtest/gtest.h>

namespace seclude::policy {
namespace {

size_t errors(std::string_view text, bool goes_on = true) {
  Diagnostics diagnostics;
  EXPECT_EQ(check_encoding(text, 0, diagnostics), goes_on);
  return diagnostics.errors();
}

TEST(Encoding, AcceptsText) {
  EXPECT_EQ(errors(""), 0u);
  EXPECT_EQ(errors("allow read\r\n\tdeny\n"), 0u);
  EXPECT_EQ(errors("\xef\xbb\xbf# \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n"), 0u);
}

TEST(Encoding, RefusesControlsAndInvalidSequences) {
  for (std::string_view bad :
       {"\x01", "\x7f", "a\rb", "\xc2\x85", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf",
        "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff"})
    EXPECT_GE(errors(bad), 1u) << testing::PrintToString(bad);
}

TEST(Encoding, RefusesWhatHidesTheMeaningOfALine) {
  for (std::string_view bad : {"# \xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8f"})
    EXPECT_EQ(errors(bad), 1u);
}

TEST(Encoding, StopsAtBinaryDataAndHugeTexts) {
  EXPECT_EQ(errors(std::string_view("a\x01\0b", 4), false), 1u);
  EXPECT_EQ(errors(std::string((16 << 20) + 1, 'a'), false), 1u);
}

TEST(Encoding, ReportsOnlyTheFirstFew) { EXPECT_EQ(errors(std::string(1000, '\x01')), 10u); }

}  // namespace
}  // namespace seclude::policy
