// Lines made of pieces. How statements look is in policy_printer_test.cc.
#include "policy/layout.h"

#include <gtest/gtest.h>

namespace seclude::policy {
namespace {

// Pieces of ten bytes each, standing at 0, 100, 200, ...
Pieces tens(uint32_t count) {
  Pieces pieces;
  for (uint32_t i = 0; i < count; i++) {
    if (i > 0) pieces.allow_break(i * 100);
    pieces.add("0123456789");
  }
  return pieces;
}

Comment comment(uint32_t at) { return {"# " + std::to_string(at), {0, at, at + 1}}; }

TEST(Layout, FillsLinesUpToTheirWidth) {
  std::vector<Comment> leftover;
  EXPECT_EQ(tens(9).lines(0, {}, leftover), tens(9).flat());  // 98 columns
  std::string text = tens(10).lines(0, {}, leftover);
  EXPECT_EQ(text, tens(9).flat() + "\n    0123456789");
  EXPECT_EQ(tens(9).lines(4, {}, leftover), tens(8).flat() + "\n        0123456789");
}

TEST(Layout, PutsCommentsBeforeWhatFollowedThem) {
  std::vector<Comment> leftover;
  EXPECT_EQ(tens(3).lines(0, {comment(50), comment(60), comment(150)}, leftover),
            "0123456789  # 50\n    # 60\n    0123456789  # 150\n    0123456789");
  EXPECT_TRUE(leftover.empty());
  EXPECT_EQ(tens(2).lines(0, {comment(150)}, leftover), "0123456789 0123456789");
  ASSERT_EQ(leftover.size(), 1u);
  EXPECT_EQ(leftover[0].text, "# 150");
}

TEST(Layout, BreaksWithoutABlankWhereNoneBelongs) {
  Pieces pieces;
  pieces.add("in (");
  pieces.allow_break(10, false);
  pieces.add("x)");
  EXPECT_EQ(pieces.flat(), "in (x)");
}

}  // namespace
}  // namespace seclude::policy
