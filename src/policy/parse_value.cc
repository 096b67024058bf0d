// The grammar of calls, values and predicates; see cursor.h.
//
// In: a cursor before the first token of the rule. Out: the piece of the model, or false and a
// diagnostic.
#include <limits>
#include <optional>
#include <utility>

#include "base/text.h"
#include "policy/cursor.h"

namespace seclude::policy {

namespace {

constexpr std::string_view number_forms = "numbers are written 12, 0x1f, 0o17 or 0b101";

bool parse_call(Cursor& cursor, CallRef& call) {
  const Token& token = cursor.peek();
  if (token.kind == TokenKind::SetName) {
    call.kind = CallRef::Kind::Set;
    call.name = cursor.name(cursor.take());
    return true;
  }
  if (token.kind == TokenKind::Integer)
    return cursor.expected("the name of a call",
                           "a call by number is written `nr:425`, inside `on`");
  if (!cursor.take_name(call.name, "the name of a call or a set")) return false;
  std::string_view text = call.name.text;
  if (text.size() <= 3 || !text.starts_with("nr:")) return true;
  call.kind = CallRef::Kind::Number;
  std::optional<uint64_t> number = parse_integer(text.substr(3));
  if (!number || *number > std::numeric_limits<uint32_t>::max())
    return cursor.fail(call.name.span, "this is no call number", {}, std::string(number_forms));
  call.number = static_cast<uint32_t>(*number);
  return true;
}

}  // namespace

bool parse_calls(Cursor& cursor, Calls& calls) {
  return parse_list(cursor, calls, parse_call, true);
}

// ---- values -------------------------------------------------------------------------------------

namespace {

bool too_deep(Cursor& cursor, const Token& open) {
  cursor.fail(cursor.span(open), "too many parentheses inside each other",
              "more than " + std::to_string(deepest_nesting));
  return false;
}

bool parse_operand(Cursor& cursor, Value::Term& term, unsigned depth) {
  if (cursor.breaks_off("a value")) return false;
  const Token token = cursor.peek();
  switch (token.kind) {
    case TokenKind::Integer: {
      cursor.take();
      term.text = cursor.text(token);
      std::optional<uint64_t> number = parse_integer(term.text);
      if (!number) {
        return cursor.fail(cursor.span(token), "`" + escape(term.text, 60) + "` is no number", {},
                           std::string(number_forms) + ", up to 64 bits");
      }
      term.number = *number;
      return true;
    }
    case TokenKind::Word:
      if (is_joining_word(cursor.text(token))) break;
      cursor.take();
      term.kind = Value::Term::Kind::Name;
      term.text = cursor.text(token);
      return true;
    case TokenKind::ParameterName:
      cursor.take();
      term.kind = Value::Term::Kind::Parameter;
      term.text = cursor.text(token).substr(1);
      return true;
    case TokenKind::OpenParenthesis: {
      if (depth >= deepest_nesting) return too_deep(cursor, token);
      cursor.take();
      term.kind = Value::Term::Kind::Group;
      Value inner;
      if (!parse_value(cursor, inner, depth + 1)) return false;
      term.group = std::move(inner.terms);
      return cursor.take_mark(TokenKind::CloseParenthesis, "`|` or `)`");
    }
    default:
      break;
  }
  return cursor.expected("a value");
}

bool parse_term(Cursor& cursor, Value::Term& term, unsigned depth) {
  uint32_t begin = cursor.peek().begin;
  if (cursor.accept(TokenKind::Tilde))
    term.prefix = Value::Term::Prefix::Complement;
  else if (cursor.accept(TokenKind::Minus))
    term.prefix = Value::Term::Prefix::Negative;
  if (!parse_operand(cursor, term, depth)) return false;
  term.span = cursor.since(begin);
  return true;
}

}  // namespace

bool parse_value(Cursor& cursor, Value& value, unsigned depth) {
  uint32_t begin = cursor.peek().begin;
  do {
    value.terms.emplace_back();
    if (!parse_term(cursor, value.terms.back(), depth)) return false;
  } while (cursor.accept(TokenKind::Bar));
  value.span = cursor.since(begin);
  return true;
}

// ---- predicates ---------------------------------------------------------------------------------

namespace {

std::optional<Operator> mark_operator(TokenKind kind) {
  switch (kind) {
    case TokenKind::Equal:
      return Operator::Equal;
    case TokenKind::NotEqual:
      return Operator::NotEqual;
    case TokenKind::Less:
      return Operator::Less;
    case TokenKind::LessEqual:
      return Operator::LessEqual;
    case TokenKind::Greater:
      return Operator::Greater;
    case TokenKind::GreaterEqual:
      return Operator::GreaterEqual;
    default:
      return std::nullopt;
  }
}

bool no_operator(Cursor& cursor) {
  const Token& token = cursor.peek();
  if (token.kind == TokenKind::Assign)
    return cursor.expected("a comparison", "equality is written `==`");
  std::string help;
  if (token.kind == TokenKind::Word)
    help = did_you_mean(cursor.text(token), {"in", "not", "has", "lacks", "within"});
  if (help.empty())
    help = "comparisons are == != < <= > >= in, not in, has, has all, has any, lacks, within";
  return cursor.expected("a comparison", std::move(help));
}

bool parse_operator(Cursor& cursor, Test& test) {
  uint32_t begin = cursor.peek().begin;
  if (auto op = mark_operator(cursor.peek().kind)) {
    cursor.take();
    test.op = *op;
  } else if (cursor.accept_word("in")) {
    test.op = Operator::In;
  } else if (cursor.accept_word("not")) {
    if (!cursor.accept_word("in"))
      return cursor.expected("`in`",
                             "`not` before an operator goes with `in` only; else write "
                             "`not (ARGUMENT ...)`");
    test.op = Operator::NotIn;
  } else if (cursor.accept_word("has")) {
    test.op = cursor.accept_word("all")   ? Operator::HasAll
              : cursor.accept_word("any") ? Operator::HasAny
                                          : Operator::Has;
  } else if (cursor.accept_word("lacks")) {
    test.op = Operator::Lacks;
  } else if (cursor.accept_word("within")) {
    test.op = Operator::Within;
  } else {
    return no_operator(cursor);
  }
  test.op_span = cursor.since(begin);
  return true;
}

bool parse_item(Cursor& cursor, Item& item) {
  if (!parse_value(cursor, item.low)) return false;
  if (!cursor.accept(TokenKind::Range)) return true;
  item.high.emplace();
  return parse_value(cursor, *item.high);
}

bool parse_test(Cursor& cursor, Test& test) {
  // `policy` also names an argument (of get_mempolicy), and starts a statement once in a text.
  if (!cursor.at_word("policy") && cursor.breaks_off("the name of an argument")) return false;
  uint32_t begin = cursor.peek().begin;
  if (cursor.at(TokenKind::Word) && is_joining_word(cursor.text(cursor.peek())))
    return cursor.expected("the name of an argument");
  if (!cursor.take_name(test.arg, "the name of an argument")) return false;
  if (cursor.accept(TokenKind::Ampersand)) {
    test.mask.emplace();
    if (!parse_value(cursor, *test.mask)) return false;
  }
  if (!parse_operator(cursor, test)) return false;
  if (test.op == Operator::In || test.op == Operator::NotIn) {
    if (!cursor.take_mark(TokenKind::OpenParenthesis, "`(` and the list of values")) return false;
    if (!parse_list(cursor, test.items, parse_item)) return false;
    if (!cursor.take_mark(TokenKind::CloseParenthesis, "`,` or `)`")) return false;
  } else if (!parse_value(cursor, test.value)) {
    return false;
  }
  test.span = cursor.since(begin);
  return true;
}

bool parse_unit(Cursor& cursor, Pred& pred, unsigned depth) {
  uint32_t begin = cursor.peek().begin;
  if (depth >= deepest_nesting) return too_deep(cursor, cursor.peek());
  if (cursor.accept_word("not")) {
    pred.kind = Pred::Kind::Not;
    if (cursor.at_word("not"))
      return cursor.expected("a test", "two `not` cancel each other: leave both out");
    pred.children.emplace_back();
    if (!parse_unit(cursor, pred.children.back(), depth + 1)) return false;
  } else if (cursor.accept(TokenKind::OpenParenthesis)) {
    pred.kind = Pred::Kind::Parentheses;
    pred.children.emplace_back();
    if (!parse_pred(cursor, pred.children.back(), depth + 1)) return false;
    if (!cursor.take_mark(TokenKind::CloseParenthesis, "`and`, `or` or `)`")) return false;
  } else if (!parse_test(cursor, pred.test)) {
    return false;
  }
  pred.span = cursor.since(begin);
  return true;
}

using Rule = bool (*)(Cursor&, Pred&, unsigned);

// part { word part }; a single part stays itself.
bool parse_chain(Cursor& cursor, Pred& pred, unsigned depth, Pred::Kind kind, Rule part) {
  std::string_view word = kind == Pred::Kind::And ? "and" : "or";
  uint32_t begin = cursor.peek().begin;
  if (!part(cursor, pred, depth)) return false;
  if (!cursor.at_word(word)) return true;
  Pred first = std::move(pred);
  pred = Pred{};
  pred.kind = kind;
  pred.children.push_back(std::move(first));
  while (cursor.accept_word(word)) {
    pred.children.emplace_back();
    if (!part(cursor, pred.children.back(), depth)) return false;
  }
  pred.span = cursor.since(begin);
  return true;
}

bool parse_conjunction(Cursor& cursor, Pred& pred, unsigned depth) {
  return parse_chain(cursor, pred, depth, Pred::Kind::And, parse_unit);
}

}  // namespace

bool parse_pred(Cursor& cursor, Pred& pred, unsigned depth) {
  return parse_chain(cursor, pred, depth, Pred::Kind::Or, parse_conjunction);
}

}  // namespace seclude::policy
