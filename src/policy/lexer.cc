// Tokens, and which newlines end a statement; see lexer.h.
#include "policy/lexer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "policy/encoding.h"

namespace seclude::policy {

namespace {

enum Class : uint8_t { Other = 0, Letter = 1, Digit = 2, Dash = 4, Space = 8 };

constexpr std::array<uint8_t, 256> classes = [] {
  std::array<uint8_t, 256> table{};
  for (int c = 'a'; c <= 'z'; c++) table[static_cast<size_t>(c)] = Letter;
  for (int c = 'A'; c <= 'Z'; c++) table[static_cast<size_t>(c)] = Letter;
  for (int c = '0'; c <= '9'; c++) table[static_cast<size_t>(c)] = Digit;
  table['_'] = Letter;
  table['-'] = Dash;
  table[' '] = table['\t'] = table['\r'] = Space;
  return table;
}();

bool is_of(char c, uint8_t wanted) {
  return (classes[static_cast<unsigned char>(c)] & wanted) != 0;
}
bool is_letter(char c) { return is_of(c, Letter); }
bool is_digit(char c) { return is_of(c, Digit); }
bool in_word(char c) { return is_of(c, Letter | Digit | Dash); }
bool in_number(char c) { return is_of(c, Letter | Digit); }
bool is_space(char c) { return is_of(c, Space); }

bool ends_raw(char c) {
  return is_space(c) || c == '\n' || c == ',' || c == '{' || c == '}' || c == '"' || c == '#';
}

// Lists go on after these.
bool joins(TokenKind kind) {
  return kind == TokenKind::Comma || kind == TokenKind::Bar || kind == TokenKind::OpenParenthesis;
}
bool joins(std::string_view word) { return word.size() <= 3 && (word == "and" || word == "or"); }

}  // namespace

bool is_joining_word(std::string_view word) {
  switch (word.size()) {
    case 2:
      return word == "or";
    case 3:
      return word == "and" || word == "for";
    case 4:
      return word == "with";
    case 5:
      return word == "where";
    case 7:
      return word == "without" || word == "because";
    default:
      return false;
  }
}

Lexer::Lexer(std::string_view text, uint32_t source) : text_(text), source_(source) {
  if (text_.starts_with("\xef\xbb\xbf")) position_ = 3;  // a byte order mark says nothing here
}

void Lexer::read_ahead() {
  size_t before = position_;
  scan();
  is_peeked_ = true;
  position_ = before;
}

void Lexer::skip_spaces() {
  while (position_ < text_.size() && is_space(text_[position_])) position_++;
}

Comment Lexer::comment_at(size_t position) const {
  size_t end = std::min(text_.find('\n', position), text_.size());
  while (end > position && is_space(text_[end - 1])) end--;
  return {std::string(text_.substr(position, end - position)),
          {source_, static_cast<uint32_t>(position), static_cast<uint32_t>(end)}};
}

// Whether the line here, or the first one after it that is neither blank nor a comment, starts with
// a word that joins it to the statement above. Remembers how far it looked, so that a long gap is
// looked through once.
bool Lexer::continues_at(size_t position) {
  if (position < joined_until_) return true;
  for (;;) {
    while (position < text_.size() && (is_space(text_[position]) || text_[position] == '\n'))
      position++;
    if (position >= text_.size()) return false;
    if (text_[position] != '#') break;
    position = std::min(text_.find('\n', position), text_.size());
  }
  size_t end = position;
  while (end < text_.size() && in_word(text_[end])) end++;
  bool continues =
      text_[position] == ')' || is_joining_word(text_.substr(position, end - position));
  if (continues) joined_until_ = position;
  return continues;
}

// Moves to the next token of the statement; false at a newline that ends it.
bool Lexer::skip_blanks() {
  for (;;) {
    skip_spaces();
    if (position_ >= text_.size()) return true;
    if (text_[position_] == '#') {
      // peek() may come here again after raw(): the same comment is kept once.
      Comment comment = comment_at(position_);
      if (comments_.empty() || comments_.back().span.begin < comment.span.begin)
        comments_.push_back(std::move(comment));
      position_ = std::min(text_.find('\n', position_), text_.size());
      continue;
    }
    if (text_[position_] != '\n') return true;
    if (!last_joins_ && !continues_at(position_ + 1)) return false;
    position_++;
    line_start_ = true;
  }
}

void Lexer::scan() {
  skip_spaces();
  // Most tokens follow on the same line.
  bool near = position_ < text_.size() && text_[position_] != '\n' && text_[position_] != '#';
  bool more = near || skip_blanks();
  // In place: a token that was just put together piece by piece is slow to copy.
  Token& token = peeked_;
  token.first_on_line = line_start_;
  token.begin = static_cast<uint32_t>(position_);
  auto finish = [&](TokenKind kind) {
    token.kind = kind;
    token.end = static_cast<uint32_t>(position_);
    peeked_joins_ = kind == TokenKind::Word ? joins(text(token)) : joins(kind);
  };
  if (position_ >= text_.size()) return finish(TokenKind::End);
  char c = text_[position_];
  if (!more) {
    position_++;
    return finish(TokenKind::Newline);
  }
  auto run = [&](auto member) {
    size_t at = position_;
    while (at < text_.size() && member(text_[at])) at++;
    position_ = at;
  };
  char after = position_ + 1 < text_.size() ? text_[position_ + 1] : '\0';
  if (is_letter(c)) {
    run([](char each) { return in_word(each); });
    // nr:425 is one word; `nr : number` is not.
    if (position_ - token.begin == 2 && c == 'n' && after == 'r' && position_ + 1 < text_.size() &&
        text_[position_] == ':' && is_digit(text_[position_ + 1])) {
      position_++;
      run([](char each) { return in_number(each); });
    }
    return finish(TokenKind::Word);
  }
  if (is_digit(c)) {
    run([](char each) { return in_number(each); });
    return finish(TokenKind::Integer);
  }
  if ((c == '@' || c == '$') && in_word(after)) {
    position_++;
    run([](char each) { return in_word(each); });
    return finish(c == '@' ? TokenKind::SetName : TokenKind::ParameterName);
  }
  if (c == '"') {
    position_++;
    while (position_ < text_.size() && text_[position_] != '"' && text_[position_] != '\n')
      position_ +=
          text_[position_] == '\\' && position_ + 1 < text_.size() && text_[position_ + 1] != '\n'
              ? 2
              : 1;
    if (position_ >= text_.size() || text_[position_] != '"')
      return finish(TokenKind::BrokenString);
    position_++;
    return finish(TokenKind::String);
  }
  finish(scan_operator());
}

TokenKind Lexer::scan_operator() {
  struct Mark {
    char first, second;
    TokenKind kind;
  };
  // Two-character marks before their one-character beginnings.
  static constexpr Mark marks[] = {
      {',', 0, TokenKind::Comma},           {'|', 0, TokenKind::Bar},
      {'(', 0, TokenKind::OpenParenthesis}, {')', 0, TokenKind::CloseParenthesis},
      {'{', 0, TokenKind::OpenBrace},       {'}', 0, TokenKind::CloseBrace},
      {'&', 0, TokenKind::Ampersand},       {'~', 0, TokenKind::Tilde},
      {'-', 0, TokenKind::Minus},           {'=', '=', TokenKind::Equal},
      {'=', 0, TokenKind::Assign},          {'!', '=', TokenKind::NotEqual},
      {'<', '=', TokenKind::LessEqual},     {'<', 0, TokenKind::Less},
      {'>', '=', TokenKind::GreaterEqual},  {'>', 0, TokenKind::Greater},
      {':', 0, TokenKind::Colon},           {'.', '.', TokenKind::Range},
  };
  char c = text_[position_];
  char after = position_ + 1 < text_.size() ? text_[position_ + 1] : '\0';
  size_t begin = position_;
  for (const Mark& mark : marks) {
    if (mark.first != c || (mark.second != 0 && mark.second != after)) continue;
    position_ += mark.second != 0 ? 2 : 1;
    return mark.kind;
  }
  position_++;  // a whole character of UTF-8, so that messages show it whole
  while (position_ < text_.size() &&
         (static_cast<unsigned char>(text_[position_]) & 0xc0) == 0x80 && position_ < begin + 4)
    position_++;
  return TokenKind::Unknown;
}

Token Lexer::raw() {
  is_peeked_ = false;
  bool more = skip_blanks();
  Token token;
  token.begin = token.end = static_cast<uint32_t>(position_);
  token.first_on_line = line_start_;
  if (!more) token.kind = TokenKind::Newline;
  if (!more || position_ >= text_.size()) return token;
  while (position_ < text_.size() && !ends_raw(text_[position_])) position_++;
  token.end = static_cast<uint32_t>(position_);
  token.kind = TokenKind::Word;
  last_joins_ = false;
  line_start_ = false;
  return token;
}

char Lexer::following() {
  const Token& token = peek();
  if (token.kind == TokenKind::End || token.kind == TokenKind::Newline) return '\0';
  return text_[token.begin];
}

void Lexer::read_gap(std::vector<Comment>& comments) {
  is_peeked_ = false;
  for (;;) {
    skip_spaces();
    if (position_ >= text_.size()) break;
    if (text_[position_] == '\n') {
      Span here{source_, static_cast<uint32_t>(position_), static_cast<uint32_t>(position_)};
      if (comments.empty() || !comments.back().text.empty()) comments.push_back({{}, here});
      position_++;
    } else if (text_[position_] == '#') {
      comments.push_back(comment_at(position_));
      position_ = std::min(text_.find('\n', position_), text_.size());
      if (position_ < text_.size()) position_++;
    } else {
      break;
    }
  }
  line_start_ = true;
  last_joins_ = false;
}

std::optional<Comment> Lexer::read_line_comment() {
  is_peeked_ = false;
  std::optional<Comment> comment;
  skip_spaces();
  if (position_ < text_.size() && text_[position_] == '#') {
    comment = comment_at(position_);
    position_ = std::min(text_.find('\n', position_), text_.size());
  }
  if (position_ < text_.size() && text_[position_] == '\n') position_++;
  return comment;
}

std::vector<Comment> Lexer::take_comments() { return std::exchange(comments_, {}); }

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view pattern_marks = "\\*$~";  // what a backslash makes literal in a pattern

void append(std::string& value, char c, bool literal) {
  if (literal && pattern_marks.find(c) != std::string_view::npos) value += '\\';
  value += c;
}

}  // namespace

Decoded decode_string(std::string_view token, bool as_pattern) {
  Decoded decoded;
  std::string_view inner = token.substr(1, token.size() - 2);
  decoded.value.reserve(inner.size());
  for (size_t i = 0; i < inner.size(); i++) {
    if (inner[i] != '\\') {
      decoded.value += inner[i];
      continue;
    }
    char c = i + 1 < inner.size() ? inner[i + 1] : '\0';
    int high = i + 3 < inner.size() ? hex_digit(inner[i + 2]) : -1;
    int low = i + 3 < inner.size() ? hex_digit(inner[i + 3]) : -1;
    if (c == 'n' || c == 't') {
      decoded.value += c == 'n' ? '\n' : '\t';
    } else if (c == '"' || c == '\\' ||
               (as_pattern && pattern_marks.find(c) != pattern_marks.npos)) {
      append(decoded.value, c, as_pattern);
    } else if (c == 'x' && high >= 0 && low >= 0 && high + low > 0) {
      append(decoded.value, static_cast<char>(high * 16 + low), as_pattern);
      i += 2;
    } else if (!decoded.bad_escape) {
      decoded.bad_escape = static_cast<uint32_t>(i + 1);
    }
    i++;
  }
  return decoded;
}

namespace {

// Length of a piece that may stand in the text as it is: printable ASCII, or valid UTF-8 that is no
// control character.
size_t plain_length(std::string_view text) {
  unsigned char c = static_cast<unsigned char>(text[0]);
  if (c < 0x80) return c >= 0x20 && c != 0x7f ? 1 : 0;
  return valid_utf8(text);
}

}  // namespace

std::string encode_string(std::string_view value, bool as_pattern) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (size_t i = 0; i < value.size();) {
    char c = value[i];
    size_t length = plain_length(value.substr(i));
    bool escapes = c == '\\' && as_pattern && i + 1 < value.size();
    if (c == '"' || (c == '\\' && !escapes)) {
      out += '\\';
      out += c;
      i++;
    } else if (escapes) {  // only marks of patterns need their backslash
      if (pattern_marks.find(value[i + 1]) != std::string_view::npos) {
        out += c;
        out += value[i + 1];
        i++;
      }
      i++;
    } else if (length > 0) {
      out += value.substr(i, length);
      i += length;
    } else if (c == '\n' || c == '\t') {
      out += c == '\n' ? "\\n" : "\\t";
      i++;
    } else {
      out += "\\x";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
      i++;
    }
  }
  return out + "\"";
}

}  // namespace seclude::policy
