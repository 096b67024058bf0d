// Cursor: where the parser stands in a text, and its voice when something is wrong.
//
// In: a Lexer and the list of diagnostics. Out: the small steps every grammar rule is made of (take
// this, accept that, say what was expected), and the shared rules: values, predicates, calls,
// paths, ends. A rule returns false after it has reported what is wrong; the parser then goes on at
// the next line. Neighbours: parser.cc has the statements; parse_value.cc and parse_place.cc the
// rest.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "policy/lexer.h"
#include "policy/policy.h"

namespace seclude::policy {

// Parentheses in values and predicates may be nested this deep.
inline constexpr unsigned deepest_nesting = 64;

class Cursor {
 public:
  Cursor(std::string_view text, uint32_t source, Diagnostics& diagnostics)
      : lexer_(text, source), diagnostics_(diagnostics) {}

  Lexer& lexer() { return lexer_; }
  const Token& peek() { return lexer_.peek(); }
  const Token& take() {
    const Token& token = lexer_.next();
    last_end_ = token.end;
    return token;
  }
  Token take_raw();
  std::string_view text(const Token& token) const { return lexer_.text(token); }
  Span span(const Token& token) const { return lexer_.span(token); }
  Name name(const Token& token) const { return {std::string(text(token)), span(token)}; }
  // Everything taken since `begin`.
  Span since(uint32_t begin) const { return {lexer_.source(), begin, last_end_}; }
  uint32_t last_end() const { return last_end_; }

  bool at(TokenKind kind) { return peek().kind == kind; }
  bool at_word(std::string_view word) { return at(TokenKind::Word) && text(peek()) == word; }
  bool at_end_of_statement();
  bool accept(TokenKind kind) {
    if (!at(kind)) return false;
    take();
    return true;
  }
  bool accept_word(std::string_view word);
  // Takes a word; else says that `what` was expected.
  bool take_name(Name& name, std::string_view what);
  bool take_mark(TokenKind kind, std::string_view what);
  bool take_string(std::string& value, std::string_view what);

  // All return false, so that a rule can end with them.
  bool expected(std::string_view what, std::string help = {});
  bool fail(Span where, std::string message, std::string label = {}, std::string help = {});
  // After a comma: whether the next line starts a statement, so that the comma was one too many.
  // In a list of calls `read` is a call, elsewhere it starts a statement.
  bool ends_in_comma(bool of_calls);
  // After `and`, `|` and the like: whether the next line starts a statement, so that what should
  // follow is missing.
  bool breaks_off(std::string_view what);

  size_t failures() const { return failures_; }

 private:
  std::string describe(const Token& token) const;

  Lexer lexer_;
  Diagnostics& diagnostics_;
  uint32_t last_end_ = 0;
  size_t failures_ = 0;
};

// Whether a statement starts with this word, and whether it does and no call has it as its name.
bool starts_statement(std::string_view word);
bool starts_statement_only(std::string_view word);

// Grammar rules shared by statements.
bool parse_calls(Cursor& cursor, Calls& calls);
bool parse_value(Cursor& cursor, Value& value, unsigned depth = 0);
bool parse_pred(Cursor& cursor, Pred& pred, unsigned depth = 0);
bool parse_path(Cursor& cursor, PathPattern& pattern);
bool parse_end(Cursor& cursor, End& end);
bool parse_host(Cursor& cursor, Name& host);
bool parse_reference(Cursor& cursor, Name& reference);  // of `use`

// Elements separated by commas: at least one.
template <typename Element, typename Rule>
bool parse_list(Cursor& cursor, std::vector<Element>& elements, Rule rule, bool of_calls = false) {
  do {
    if (!elements.empty() && cursor.ends_in_comma(of_calls)) return false;
    elements.emplace_back();
    if (!rule(cursor, elements.back())) return false;
  } while (cursor.accept(TokenKind::Comma));
  return true;
}

std::string did_you_mean(std::string_view word, std::initializer_list<std::string_view> candidates);

}  // namespace seclude::policy
