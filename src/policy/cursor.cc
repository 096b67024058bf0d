// Steps and complaints of the parser; see cursor.h.
#include "policy/cursor.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"
#include "policy/encoding.h"

namespace seclude::policy {

Token Cursor::take_raw() {
  Token token = lexer_.raw();
  if (token.end > token.begin) last_end_ = token.end;
  return token;
}

bool Cursor::at_end_of_statement() {
  TokenKind kind = peek().kind;
  return kind == TokenKind::Newline || kind == TokenKind::End || kind == TokenKind::CloseBrace;
}

bool Cursor::accept_word(std::string_view word) {
  if (!at_word(word)) return false;
  take();
  return true;
}

bool Cursor::take_name(Name& name, std::string_view what) {
  if (!at(TokenKind::Word)) return expected(what);
  const Token& token = take();
  name.text = text(token);
  name.span = span(token);
  return true;
}

bool Cursor::take_mark(TokenKind kind, std::string_view what) {
  return accept(kind) || expected(what);
}

bool Cursor::take_string(std::string& value, std::string_view what) {
  if (!at(TokenKind::String)) return expected(what, "texts stand in double quotes");
  Token token = take();
  Decoded decoded = decode_string(text(token));
  if (decoded.bad_escape) {
    uint32_t place = token.begin + *decoded.bad_escape;
    return fail({lexer_.source(), place, place + 2}, "unknown escape in a text", {},
                "a backslash stands before `\"`, `\\`, `n`, `t` or `xNN` (not x00)");
  }
  value = std::move(decoded.value);
  return true;
}

std::string Cursor::describe(const Token& token) const {
  switch (token.kind) {
    case TokenKind::End:
      return "the end of the text";
    case TokenKind::Newline:
      return "the end of the line";
    case TokenKind::String:
      return "a text in quotes";
    case TokenKind::BrokenString:
      return "a text without its closing quote";
    default:
      return "`" + escape(text(token), 60) + "`";
  }
}

bool Cursor::expected(std::string_view what, std::string help) {
  const Token& token = peek();
  bool line_ends = token.kind == TokenKind::End || token.kind == TokenKind::Newline;
  Span where = line_ends ? Span{lexer_.source(), last_end_, last_end_} : span(token);
  std::string_view found = text(token);
  if (token.kind == TokenKind::BrokenString)
    return fail(where, "a text without its closing quote", "starts here", "add a `\"` at its end");
  if (found == "\xe2\x80\x9c" || found == "\xe2\x80\x9d" || found == "'")
    help = "texts stand in straight double quotes: \"";
  if (found == "\xc2\xa0") help = "this is a no-break space: write an ordinary blank";
  return fail(where, "expected " + std::string(what) + ", found " + describe(token), {},
              std::move(help));
}

bool Cursor::fail(Span where, std::string message, std::string label, std::string help) {
  failures_++;
  std::string_view first = text({TokenKind::Unknown, false, where.begin, where.end});
  bool reported = !first.empty() && (static_cast<unsigned char>(first[0]) >= 0x80
                                         ? valid_utf8(first) == 0
                                         : first[0] < 0x20 || first[0] == 0x7f);
  if (reported && first[0] != '\n' && first[0] != '\r') return false;  // check_encoding said it
  Diagnostic& diagnostic = diagnostics_.error(where, std::move(message), std::move(label));
  if (!help.empty()) diagnostic.helps.push_back(std::move(help));
  return false;
}

bool Cursor::ends_in_comma(bool of_calls) {
  uint32_t comma = last_end_ - 1;
  const Token& token = peek();
  if (token.kind != TokenKind::Word || !token.first_on_line) return false;
  std::string_view word = text(token);
  if (of_calls ? !starts_statement_only(word) : !starts_statement(word)) return false;
  fail({lexer_.source(), comma, comma + 1}, "this list ends in a comma",
       "the next line starts a statement", "remove the comma, or go on with the list");
  return true;
}

bool Cursor::breaks_off(std::string_view what) {
  const Token& token = peek();
  if (token.kind != TokenKind::Word || !token.first_on_line || !starts_statement_only(text(token)))
    return false;
  fail({lexer_.source(), last_end_, last_end_},
       "expected " + std::string(what) + ", found the end of the line");
  return true;
}

bool starts_statement(std::string_view word) {
  static constexpr auto more = std::to_array<std::string_view>(
      {"connect", "create", "kill", "listen", "read", "trace", "write"});
  return starts_statement_only(word) || std::binary_search(more.begin(), more.end(), word);
}

bool starts_statement_only(std::string_view word) {
  static constexpr auto words = std::to_array<std::string_view>(
      {"allow",     "architectures", "ask",         "deny",   "environment", "expect",  "hide",
       "isolate",   "kernel",        "kill-thread", "let",    "limit",       "log",     "on",
       "otherwise", "parameter",     "phase",       "policy", "protect",     "resolve", "run",
       "seclude",   "set",           "trap",        "use"});
  return std::binary_search(words.begin(), words.end(), word);
}

std::string did_you_mean(std::string_view word,
                         std::initializer_list<std::string_view> candidates) {
  auto near = nearest(word, std::span(candidates.begin(), candidates.size()));
  return near ? "did you mean `" + std::string(*near) + "`?" : std::string();
}

}  // namespace seclude::policy
