#include "base/diagnostic.h"

#include <gtest/gtest.h>

#include <chrono>

namespace seclude {
namespace {

struct One {
  SourceMap sources;
  uint32_t source;
  explicit One(std::string text, std::string name = "site.seclude", bool built_in = false)
      : source(
            sources.add({.name = std::move(name), .text = std::move(text), .built_in = built_in})) {
  }
};

TEST(Source, PositionsCountCharactersNotBytes) {
  One one("first\n\xc3\xa9t\xc3\xa9 x\n");
  EXPECT_EQ(one.sources.position({one.source, 0, 1}), (Position{1, 1}));
  EXPECT_EQ(one.sources.position({one.source, 12, 13}), (Position{2, 5}));
  EXPECT_EQ(one.sources.position({one.source, 999, 999}).line, 3u);
  EXPECT_EQ(one.sources.line_of({one.source, 12, 13}), "\xc3\xa9t\xc3\xa9 x");
  EXPECT_EQ(one.sources.where({one.source, 0, 1}), "site.seclude:1:1");
  EXPECT_EQ(One("x", "strict", true).sources.where({0, 0, 1}), "strict (built in):1:1");
  EXPECT_EQ(one.sources.where({}), "");
}

// A text of 16 MiB can have very many: neither telling them apart nor finding their lines may take
// longer for each one the more there are.
TEST(Diagnostics, AHundredThousandAreKeptAndPlacedSoon) {
  const auto begin = std::chrono::steady_clock::now();
  One one(std::string(100000, '\n'));
  Diagnostics diagnostics;
  for (uint32_t round = 0; round < 2; round++)
    for (uint32_t i = 0; i < 100000; i++)
      diagnostics.add({.message = "unknown system call", .span = {one.source, i, i + 1}});
  EXPECT_EQ(diagnostics.errors(), 100000u) << "each is kept once";
  std::string text = render(diagnostics, one.sources, {.plain = true});
  EXPECT_NE(text.find("site.seclude:99999:1: error"), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(Diagnostic, ShowsLineCaretLabelExampleRemarkAndHelp) {
  One one("seclude 1\n\nallow wirte, read where fd <= 2\n");
  Diagnostic problem{.message = "unknown system call `wirte`",
                     .span = {one.source, 17, 22},
                     .label = "no architecture has a call of this name",
                     .examples = {"wirte()"},
                     .remarks = {{"the other one", {one.source, 0, 9}, "here"}},
                     .helps = {"did you mean `write`?"}};
  EXPECT_EQ(render(problem, one.sources),
            "error: unknown system call `wirte`\n"
            " --> site.seclude:3:7\n"
            "  |\n"
            "3 | allow wirte, read where fd <= 2\n"
            "  |       ^^^^^ no architecture has a call of this name\n"
            "  = example: wirte()\n"
            "note: the other one\n"
            " --> site.seclude:1:1\n"
            "  |\n"
            "1 | seclude 1\n"
            "  | ^^^^^^^^^ here\n"
            "  = help: did you mean `write`?\n");
  EXPECT_EQ(render(problem, one.sources, {.plain = true}),
            "site.seclude:3:7: error: unknown system call `wirte`: no architecture has a call of "
            "this name; example: wirte(); help: did you mean `write`?\n");
  EXPECT_NE(render(problem, one.sources, {.colour = true}).find("\033[1;31m"), std::string::npos);
}

TEST(Diagnostic, SourceLinesAreEscapedAndCut) {
  One one("\033[2Jallow\tread \\ " + std::string(5000, 'x'));
  std::string text = render({.message = "m", .span = {one.source, 4, 9}}, one.sources);
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_NE(text.find("\\x1b[2Jallow read \\ "), std::string::npos) << text;
  EXPECT_LT(text.size(), 600u);
}

TEST(Diagnostics, KeepsIdenticalOnesOnceAndPrintsInOrderOfPlace) {
  One one("a\nb\n");
  Diagnostics all;
  Diagnostic second{.message = "second", .span = {one.source, 2, 3}};
  all.add(second);
  all.add(second);
  all.add({.severity = Severity::Warning, .message = "first", .span = {one.source, 0, 1}});
  EXPECT_EQ(all.all().size(), 2u);
  EXPECT_EQ(all.errors(), 1u);
  EXPECT_EQ(all.warnings(), 1u);
  EXPECT_TRUE(all.has_errors());
  std::string text = render(all, one.sources, {.plain = true});
  EXPECT_LT(text.find("first"), text.find("second"));
}

}  // namespace
}  // namespace seclude
