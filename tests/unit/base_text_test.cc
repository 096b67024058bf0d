#include "base/text.h"

#include <gtest/gtest.h>

#include <array>

namespace seclude {
namespace {

TEST(Text, NearestIsASlipOfTheFingers) {
  std::array<std::string_view, 4> names = {"read", "write", "openat", "open"};
  EXPECT_EQ(nearest("wirte", names), "write");
  EXPECT_EQ(nearest("opent", names), "openat");
  EXPECT_EQ(nearest("raed", names), "read");
  EXPECT_EQ(nearest("socketpair", names), std::nullopt);
  EXPECT_EQ(nearest("", names), std::nullopt);
  EXPECT_EQ(nearest(std::string(1000, 'r'), names), std::nullopt);
}

TEST(Text, IntegersAreUnsignedAndUnambiguous) {
  EXPECT_EQ(parse_integer("0"), 0u);
  EXPECT_EQ(parse_integer("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_integer("0xFFffFFffFFffFFff"), UINT64_MAX);
  EXPECT_EQ(parse_integer("0o17"), 15u);
  EXPECT_EQ(parse_integer("0b101"), 5u);
  for (const char* wrong : {"", "-1", "+1", "18446744073709551616", "0x", "0600", "07", "1k", " 1",
                            "0x10000000000000000", "1_000"})
    EXPECT_EQ(parse_integer(wrong), std::nullopt) << wrong;
}

TEST(Text, EscapeLeavesNothingThatDrivesATerminal) {
  EXPECT_EQ(escape("plain text"), "plain text");
  EXPECT_EQ(escape("\033[31mred\007"), "\\x1b[31mred\\x07");
  EXPECT_EQ(escape("a\\b"), "a\\x5cb");
  EXPECT_EQ(escape("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(escape("\xc3(\xff"), "\\xc3(\\xff");
  EXPECT_EQ(escape("\xc2\x9b"
                   "31m"),
            "\\xc2\\x9b31m");                            // C1: another escape sequence
  EXPECT_EQ(escape("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // turns the reading direction
  EXPECT_EQ(escape("\xe2\x80\x8f"), "\\xe2\\x80\\x8f");  // so does this mark
  EXPECT_EQ(escape("\xd8\x9c"), "\\xd8\\x9c");           // and this one
  EXPECT_EQ(escape("\xe2\x80\xa8"), "\\xe2\\x80\\xa8");  // ends a line
  EXPECT_EQ(escape("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(escape("\xc0\xaf"), "\\xc0\\xaf");           // an overlong slash
  EXPECT_EQ(escape("abcdef", 3), "abc...");
  EXPECT_EQ(escape("ab\xc3\xa9", 3), "ab...");  // never half a character
}

TEST(Text, SplitAndJoinAreInverse) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), std::vector<std::string_view>{""});
  std::array<std::string, 2> parts = {"a", "b"};
  EXPECT_EQ(join(parts, ", "), "a, b");
}

TEST(Text, CountsSpeakTheirNumber) {
  EXPECT_EQ(count(1, "error"), "1 error");
  EXPECT_EQ(count(0, "error"), "0 errors");
}

}  // namespace
}  // namespace seclude
