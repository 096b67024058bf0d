// Lexer: the words of one text, read as the parser asks for them.
//
// In: the bytes of a text. Out: tokens with their places, and the comments between them.
// The language is read in two ways: as tokens (`peek`, `next`), and, where paths, hosts and
// versions stand, as raw words up to the next blank or comma (`raw`). Only the parser knows which
// is due, so nothing is read ahead beyond one token. The lexer also decides which newlines end a
// statement. It reports nothing itself: a token of kind Unknown or BrokenString is the parser's to
// explain.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace seclude::policy {

enum class TokenKind : uint8_t {
  End,      // of the text
  Newline,  // that ends a statement
  Word,
  SetName,
  ParameterName,
  Integer,
  String,
  BrokenString,  // foo, @foo, $foo, 0x1f, "foo", "foo
  Comma,
  Bar,
  OpenParenthesis,
  CloseParenthesis,
  OpenBrace,
  CloseBrace,
  Ampersand,
  Tilde,
  Minus,
  Colon,
  Assign,
  Range,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Unknown,  // one character that no token starts with
};

struct Token {
  TokenKind kind = TokenKind::End;
  bool first_on_line = false;
  uint32_t begin = 0, end = 0;
};

class Lexer {
 public:
  // `text` must outlive the lexer and be at most 4 GiB.
  explicit Lexer(std::string_view text, uint32_t source);

  // The next token: looked at several times before it is taken.
  const Token& peek() {
    if (!is_peeked_) read_ahead();
    return peeked_;
  }
  // Takes it; void after the next peek.
  const Token& next() {
    const Token& token = peek();
    position_ = token.end;
    is_peeked_ = false;
    last_joins_ = peeked_joins_;
    line_start_ = token.kind == TokenKind::Newline;
    return token;
  }
  std::string_view text(const Token& token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }
  Span span(const Token& token) const { return {source_, token.begin, token.end}; }
  uint32_t source() const { return source_; }

  // The bytes from here to the next blank, comma, brace, quote, `#` or end of line. Empty (kind
  // Newline or End) at the end of the statement. Must not follow a peek at anything else: the
  // peeked token is read again.
  Token raw();
  // The character directly after the last token taken; '\0' at the end of the text.
  char adjacent() const { return position_ < text_.size() ? text_[position_] : '\0'; }
  // The next character of the statement that is not blank, without reading a token.
  char following();

  // Between statements: comment lines and blank lines (an empty Comment, one per run of them).
  void read_gap(std::vector<Comment>& comments);
  // The comment on the rest of this line, if only blanks come before it.
  std::optional<Comment> read_line_comment();
  // Comments met inside the statement since the last call.
  std::vector<Comment> take_comments();

 private:
  void read_ahead();
  void scan();
  TokenKind scan_operator();
  bool skip_blanks();
  void skip_spaces();
  bool continues_at(size_t position);
  Comment comment_at(size_t position) const;

  std::string_view text_;
  uint32_t source_;
  size_t position_ = 0;      // after the last token taken
  size_t joined_until_ = 0;  // newlines before this are known to continue the statement
  bool last_joins_ = false;  // the last token was `and`, `or` or a mark that lists go on after
  bool line_start_ = true;
  bool is_peeked_ = false;
  Token peeked_;
  bool peeked_joins_ = false;
  std::vector<Comment> comments_;
};

// The value of a string token, escapes resolved; nullopt and the place of the first bad escape.
struct Decoded {
  std::string value;
  std::optional<uint32_t> bad_escape;  // offset of its backslash in the token
};
// As a pattern, a character written with a backslash stands for itself: `\*` stays `\*`.
Decoded decode_string(std::string_view token, bool as_pattern = false);
// The string as the language writes it, in quotes.
std::string encode_string(std::string_view value, bool as_pattern = false);

// Words that join lines: a line that starts with one of them continues the statement above.
bool is_joining_word(std::string_view word);

}  // namespace seclude::policy
