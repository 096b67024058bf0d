// Tokens, raw words, comments, and which newlines end a statement.
#include "policy/lexer.h"

#include <gtest/gtest.h>

namespace seclude::policy {
namespace {

std::string tokens(std::string_view text) {
  Lexer lexer(text, 0);
  std::string out;
  for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next()) {
    if (!out.empty()) out += ' ';
    if (token.kind == TokenKind::Newline)
      out += "NEWLINE";
    else
      out += lexer.text(token);
  }
  return out;
}

TEST(Lexer, CutsWordsNumbersAndMarks) {
  EXPECT_EQ(tokens("a<=0x1f==b!=c<d>e>=~-(x|y)&z"),
            "a <= 0x1f == b != c < d > e >= ~ - ( x | y ) & z");
  EXPECT_EQ(tokens("kill-thread @system-service $work 1..5"),
            "kill-thread @system-service $work 1 .. 5");
}

TEST(Lexer, TellsCallNumbersFromTypes) {
  EXPECT_EQ(tokens("nr:425,nr : 5 nr:x xnr:4"), "nr:425 , nr : 5 nr : x xnr : 4");
}

TEST(Lexer, EndsStatementsAtNewlines) {
  EXPECT_EQ(tokens("allow a\nallow b\n"), "allow a NEWLINE allow b NEWLINE");
  EXPECT_EQ(tokens("a,\nb |\nc (\nd and\ne or\nf"), "a , b | c ( d and e or f");
  EXPECT_EQ(tokens("a\nwhere b\nfor c\nwith d\nwithout e\nand f\nor g\nbecause h\n)"),
            "a where b for c with d without e and f or g because h )");
  EXPECT_EQ(tokens("a\nwherever"), "a NEWLINE wherever");
  EXPECT_EQ(tokens("a\nin"), "a NEWLINE in");
}

TEST(Lexer, LooksPastCommentsAndBlankLinesForTheNextLine) {
  EXPECT_EQ(tokens("a # one\n\n  # two\n\twhere b"), "a where b");
  EXPECT_EQ(tokens("a # one\n\n  # where\nb"), "a NEWLINE NEWLINE NEWLINE b");
}

TEST(Lexer, AcceptsCarriageReturnsBeforeNewlines) {
  EXPECT_EQ(tokens("a\r\nb,\r\nc\r\n"), "a NEWLINE b , c NEWLINE");
}

TEST(Lexer, KeepsStringsOnOneLine) {
  Lexer lexer("\"a # \\\" b\" \"open\nx", 0);
  EXPECT_EQ(lexer.peek().kind, TokenKind::String);
  EXPECT_EQ(lexer.text(lexer.next()), "\"a # \\\" b\"");
  EXPECT_EQ(lexer.next().kind, TokenKind::BrokenString);
  EXPECT_EQ(lexer.next().kind, TokenKind::Newline);
  EXPECT_EQ(lexer.text(lexer.next()), "x");
}

TEST(Lexer, DoesNotEscapeTheEndOfALine) {
  Lexer lexer("\"a\\\nb\"", 0);
  EXPECT_EQ(lexer.text(lexer.next()), "\"a\\");
  EXPECT_EQ(lexer.next().kind, TokenKind::Newline);
}

TEST(Lexer, ReadsRawWordsAfterAPeek) {
  Lexer lexer("read /a/b-c.d/**?, ~/x", 0);
  lexer.next();
  EXPECT_EQ(lexer.following(), '/');
  EXPECT_EQ(lexer.text(lexer.raw()), "/a/b-c.d/**?");
  EXPECT_EQ(lexer.next().kind, TokenKind::Comma);
  EXPECT_EQ(lexer.text(lexer.raw()), "~/x");
  Token rest = lexer.raw();
  EXPECT_EQ(lexer.text(rest), "");
  EXPECT_EQ(rest.kind, TokenKind::End);
  EXPECT_EQ(lexer.next().kind, TokenKind::End);
}

TEST(Lexer, CollectsTheCommentsInsideAStatementOnce) {
  Lexer lexer("a, # one\n# two\nb # three\nc", 0);
  lexer.next();
  lexer.next();
  lexer.peek();
  lexer.raw();  // reads the same gap again
  EXPECT_EQ(lexer.peek().kind, TokenKind::Newline);
  std::vector<Comment> comments = lexer.take_comments();
  ASSERT_EQ(comments.size(), 3u);
  EXPECT_EQ(comments[0].text, "# one");
  EXPECT_EQ(comments[1].text, "# two");
  EXPECT_EQ(comments[2].text, "# three");
}

TEST(Lexer, GathersTheGapBetweenStatements) {
  Lexer lexer("\n\n# a  \n\n\n# b\n\nx", 0);
  std::vector<Comment> gap;
  lexer.read_gap(gap);
  std::vector<std::string> texts;
  for (const Comment& comment : gap) texts.push_back(comment.text);
  EXPECT_EQ(texts, (std::vector<std::string>{"", "# a", "", "# b", ""}));
  EXPECT_EQ(lexer.text(lexer.next()), "x");
}

TEST(Lexer, SkipsAByteOrderMark) {
  EXPECT_EQ(tokens("\xef\xbb\xbf"
                   "allow a"),
            "allow a");
}

TEST(Lexer, ShowsUnknownCharactersWhole) {
  EXPECT_EQ(tokens("a \xe2\x80\x9c b"), "a \xe2\x80\x9c b");
}

TEST(Strings, ResolveTheirEscapes) {
  EXPECT_EQ(decode_string(R"("a\"b\\c\n\t\x41\xff")").value, "a\"b\\c\n\tA\xff");
  EXPECT_EQ(decode_string(R"("ab\q")").bad_escape, 3u);
  EXPECT_TRUE(decode_string(R"("\x00")").bad_escape.has_value());
  EXPECT_TRUE(decode_string(R"("\x4")").bad_escape.has_value());
  EXPECT_TRUE(decode_string(R"("\*")").bad_escape.has_value());
}

TEST(Strings, KeepEscapesThatPatternsNeed) {
  EXPECT_EQ(decode_string(R"("/a\*b*\\\x2a")", true).value, R"(/a\*b*\\\*)");
  EXPECT_FALSE(decode_string(R"("\$\~")", true).bad_escape.has_value());
}

TEST(Strings, AreWrittenSoThatTheyReadTheSame) {
  std::string all;
  for (int c = 1; c < 256; c++) all += static_cast<char>(c);
  for (std::string value : {all, std::string("\xc3\xa9 \xe2\x80\xae"), std::string()}) {
    Decoded decoded = decode_string(encode_string(value));
    EXPECT_FALSE(decoded.bad_escape.has_value());
    EXPECT_EQ(decoded.value, value);
  }
  for (std::string pattern : {R"(/a\*b*)", R"(/\\)", R"(/\$x\~)", "/a\"b\n"})
    EXPECT_EQ(decode_string(encode_string(pattern, true), true).value, pattern);
}

}  // namespace
}  // namespace seclude::policy
