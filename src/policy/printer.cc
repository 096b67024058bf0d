// Statements as text, and policies as the text of their statements; see printer.h.
//
// Canonical layout: single blanks, four blanks per block, long statements broken at 100 columns
// where the language lets them go on, at most one blank line in a row and none at the edges of a
// block.
#include "policy/printer.h"

#include <string_view>
#include <variant>

#include "policy/encoding.h"
#include "policy/layout.h"
#include "policy/lexer.h"
#include "policy/words.h"

namespace seclude::policy {

namespace {

constexpr size_t block_indent = 4;

// ---- pieces of statements -----------------------------------------------------------------------

// Elements with a comma between them; breaks after the commas.
template <typename Elements, typename Print, typename Place>
void put_list(Pieces& pieces, const Elements& elements, Print print, Place place) {
  bool first = true;
  for (const auto& element : elements) {
    if (!first) {
      pieces.add(",");
      pieces.allow_break(place(element));
    }
    first = false;
    print(pieces, element);
  }
}

void put_name(Pieces& pieces, const Name& name) { pieces.add(name.text); }

void put_names(Pieces& pieces, const std::vector<Name>& names) {
  put_list(pieces, names, put_name, [](const Name& name) { return name.span; });
}

void put_calls(Pieces& pieces, const Calls& calls) {
  put_list(
      pieces, calls, [](Pieces& out, const CallRef& call) { out.add(call.name.text); },
      [](const CallRef& call) { return call.name.span; });
}

void put_terms(Pieces& pieces, const std::vector<Value::Term>& terms);

void put_term(Pieces& pieces, const Value::Term& term) {
  if (term.prefix == Value::Term::Prefix::Complement) pieces.add("~");
  if (term.prefix == Value::Term::Prefix::Negative) pieces.add("-");
  switch (term.kind) {
    case Value::Term::Kind::Number:
      pieces.add(term.text.empty() ? std::to_string(term.number) : term.text);
      return;
    case Value::Term::Kind::Name:
      pieces.add(term.text);
      return;
    case Value::Term::Kind::Parameter:
      pieces.add("$" + term.text);
      return;
    case Value::Term::Kind::Group:
      pieces.add("(");
      if (!term.group.empty()) pieces.allow_break(term.group[0].span, false);
      put_terms(pieces, term.group);
      pieces.add(")");
      return;
  }
}

void put_terms(Pieces& pieces, const std::vector<Value::Term>& terms) {
  bool first = true;
  for (const Value::Term& term : terms) {
    if (!first) {
      pieces.add(" |");
      pieces.allow_break(term.span);
    }
    first = false;
    put_term(pieces, term);
  }
}

void put_value(Pieces& pieces, const Value& value) { put_terms(pieces, value.terms); }

void put_item(Pieces& pieces, const Item& item) {
  put_value(pieces, item.low);
  if (!item.high) return;
  pieces.add("..");
  put_value(pieces, *item.high);
}

void put_test(Pieces& pieces, const Test& test) {
  pieces.add(test.arg.text);
  if (test.mask) {
    pieces.add(" & ");
    put_value(pieces, *test.mask);
  }
  pieces.add(" " + std::string(operator_word(test.op)) + " ");
  if (test.op != Operator::In && test.op != Operator::NotIn) return put_value(pieces, test.value);
  pieces.add("(");
  if (!test.items.empty()) pieces.allow_break(test.items[0].low.span, false);
  put_list(pieces, test.items, put_item, [](const Item& item) { return item.low.span; });
  pieces.add(")");
}

void put_pred(Pieces& pieces, const Pred& pred);

void put_parenthesised(Pieces& pieces, const Pred& pred) {
  pieces.add("(");
  pieces.allow_break(pred.span, false);
  put_pred(pieces, pred);
  pieces.add(")");
}

// A model made by a program may leave out parentheses that the text needs.
bool needs_parentheses(const Pred& child, Pred::Kind parent) {
  if (child.kind == Pred::Kind::Or) return true;
  if (child.kind == Pred::Kind::And) return parent != Pred::Kind::Or;
  return child.kind == Pred::Kind::Not && parent == Pred::Kind::Not;
}

void put_pred(Pieces& pieces, const Pred& pred) {
  switch (pred.kind) {
    case Pred::Kind::Test:
      return put_test(pieces, pred.test);
    case Pred::Kind::Parentheses:
      for (const Pred& child : pred.children) put_parenthesised(pieces, child);
      return;
    case Pred::Kind::Not:
      pieces.add("not ");
      break;
    case Pred::Kind::And:
    case Pred::Kind::Or:
      break;
  }
  bool first = true;
  for (const Pred& child : pred.children) {
    if (!first) {
      pieces.allow_break(child.span);
      pieces.add(pred.kind == Pred::Kind::And ? "and " : "or ");
    }
    first = false;
    if (needs_parentheses(child, pred.kind))
      put_parenthesised(pieces, child);
    else
      put_pred(pieces, child);
  }
}

void put_with(Pieces& pieces, const Action& action) {
  if (!action.with) return;
  pieces.allow_break(action.with->span);
  pieces.add("with " + action.with->text);
}

void put_where(Pieces& pieces, const std::optional<Pred>& where) {
  if (!where) return;
  pieces.allow_break(where->span);
  pieces.add("where ");
  put_pred(pieces, *where);
}

void put_more_calls(Pieces& pieces, std::string_view word, const Calls& calls) {
  if (calls.empty()) return;
  pieces.allow_break(calls[0].name.span);
  pieces.add(std::string(word) + " ");
  put_calls(pieces, calls);
}

// ---- places -------------------------------------------------------------------------------------

// Whether it may stand without quotes.
bool is_raw(std::string_view text) {
  if (text.empty()) return false;
  while (!text.empty()) {
    unsigned char byte = static_cast<unsigned char>(text[0]);
    size_t length = byte < 0x80 ? 1 : valid_utf8(text);
    if (length == 0 || byte <= 0x20 || byte == 0x7f) return false;
    if (std::string_view(",{}\"#\\?").find(text[0]) != std::string_view::npos) return false;
    text.remove_prefix(length);
  }
  return true;
}

void put_path(Pieces& pieces, const PathPattern& pattern) {
  std::string_view text = pattern.text;
  bool starts = text.starts_with('/') || text.starts_with('~') || text.starts_with('$');
  if (!pattern.quoted && starts && is_raw(text)) {
    pieces.add(text);
  } else {
    bool below = text.size() > 3 && text.ends_with("/**");
    if (below) text.remove_suffix(3);
    pieces.add(encode_string(text, true));
    if (below) pieces.add("/**");
  }
  if (pattern.optional) pieces.add("?");
}

void put_end(Pieces& pieces, const End& end) {
  if (end.protocol == End::Protocol::Unix) {
    pieces.add("unix ");
    PathPattern pattern;
    pattern.text = end.host;
    if (end.host.starts_with('@'))
      pieces.add(end.host);
    else
      put_path(pieces, pattern);
    return;
  }
  pieces.add(end.protocol == End::Protocol::Tcp ? "tcp " : "udp ");
  bool brackets = end.host.find(':') != std::string::npos;
  pieces.add(brackets ? "[" + end.host + "]" : end.host);
  pieces.add(":" + end.port);
}

void put_paths(Pieces& pieces, const std::vector<PathPattern>& patterns) {
  put_list(pieces, patterns, put_path, [](const PathPattern& pattern) { return pattern.span; });
}

void put_ends(Pieces& pieces, const std::vector<End>& ends) {
  put_list(pieces, ends, put_end, [](const End& end) { return end.span; });
}

void put_reference(Pieces& pieces, const Name& name) {
  pieces.add(is_raw(name.text) ? name.text : encode_string(name.text));
}

void put_variable(Pieces& pieces, const Environment::Variable& variable) {
  pieces.add(variable.name.text);
  if (variable.value) pieces.add(" = " + encode_string(*variable.value));
}

// ---- statements ---------------------------------------------------------------------------------

void put(Pieces& pieces, const Version& version) {
  pieces.add("seclude " + std::to_string(version.number));
}

void put(Pieces& pieces, const Title& title) { pieces.add("policy " + title.name.text); }

void put(Pieces& pieces, const Parameter& parameter) {
  pieces.add("parameter " + parameter.name.text + " : ");
  pieces.add(parameter_type_word(parameter.type));
  if (!parameter.value) return;
  pieces.add(" = ");
  if (const auto* text = std::get_if<std::string>(&*parameter.value))
    pieces.add(encode_string(*text));
  else
    put_value(pieces, std::get<Value>(*parameter.value));
}

void put(Pieces& pieces, const Use& use) {
  pieces.add("use ");
  put_list(pieces, use.refs, put_reference, [](const Name& name) { return name.span; });
  put_more_calls(pieces, "without", use.without);
}

void put(Pieces& pieces, const Architectures& architectures) {
  pieces.add("architectures ");
  put_names(pieces, architectures.names);
}

void put(Pieces& pieces, const Kernel& kernel) {
  pieces.add("kernel " + std::to_string(kernel.major) + "." + std::to_string(kernel.minor));
}

void put(Pieces& pieces, const SetDefinition& set) {
  pieces.add("set " + set.name.text + " = ");
  put_calls(pieces, set.calls);
  put_more_calls(pieces, "without", set.without);
}

void put(Pieces& pieces, const Let& let) {
  pieces.add("let " + let.name.text + " = ");
  put_value(pieces, let.value);
}

void put(Pieces& pieces, const Otherwise& otherwise) {
  pieces.add("otherwise ");
  pieces.add(action_word(otherwise.action.word));
  put_with(pieces, otherwise.action);
  put_more_calls(pieces, "for", otherwise.calls);
}

void put(Pieces& pieces, const Rule& rule) {
  pieces.add(std::string(action_word(rule.action.word)) + " ");
  put_calls(pieces, rule.calls);
  put_with(pieces, rule.action);
  put_where(pieces, rule.where);
}

void put(Pieces& pieces, const Paths& paths) {
  pieces.add(std::string(path_verb_word(paths.verb)) + " ");
  put_paths(pieces, paths.patterns);
}

void put(Pieces& pieces, const Network& network) {
  pieces.add(network.verb == NetVerb::Connect ? "connect " : "listen ");
  put_ends(pieces, network.ends);
}

void put(Pieces& pieces, const ResolveHosts& resolve) {
  pieces.add("resolve ");
  put_names(pieces, resolve.hosts);
}

void put(Pieces& pieces, const Environment& environment) {
  pieces.add("environment ");
  put_list(pieces, environment.variables, put_variable,
           [](const Environment::Variable& variable) { return variable.name.span; });
}

void put(Pieces& pieces, const Limit& limit) {
  pieces.add("limit " + limit.resource.text + " " + limit.quantity);
}

void put(Pieces& pieces, const Isolate& isolate) {
  pieces.add("isolate ");
  put_names(pieces, isolate.things);
}

void put(Pieces& pieces, const Phase& phase) { pieces.add("phase " + phase.name.text + " {"); }

void put(Pieces& pieces, const OnArchitectures& on) {
  pieces.add("on ");
  put_names(pieces, on.names);
  pieces.add(" {");
}

void put(Pieces& pieces, const Expect& expect) {
  pieces.add("expect ");
  pieces.add(expect.verdict ? action_word(*expect.verdict) : std::string_view("refused"));
  pieces.add(" ");
  if (const auto* rule = std::get_if<Rule>(&expect.subject)) {
    put_calls(pieces, rule->calls);
    put_where(pieces, rule->where);
  } else if (const auto* paths = std::get_if<Paths>(&expect.subject)) {
    put(pieces, *paths);
  } else {
    put(pieces, std::get<Network>(expect.subject));
  }
  if (expect.on) pieces.add(" on " + expect.on->text);
  if (expect.during) pieces.add(" during " + expect.during->text);
}

Pieces pieces_of(const Statement& statement) {
  Pieces pieces;
  std::visit([&](const auto& body) { put(pieces, body); }, statement.body);
  return pieces;
}

void put_because(Pieces& pieces, const Statement& statement) {
  if (!statement.because) return;
  pieces.allow_break(UINT32_MAX);
  pieces.add("because " + encode_string(*statement.because));
}

// ---- blocks and comments ------------------------------------------------------------------------

struct Body {
  const Block* statements = nullptr;
  const std::vector<Comment>* tail = nullptr;
};

Body body_of(const Statement& statement) {
  if (const auto* phase = std::get_if<Phase>(&statement.body)) return {&phase->body, &phase->tail};
  if (const auto* on = std::get_if<OnArchitectures>(&statement.body)) return {&on->body, &on->tail};
  return {};
}

class Writer {
 public:
  void block(const Block& statements, const std::vector<Comment>& tail, size_t indent) {
    at_edge_ = true;
    for (const Statement& one : statements) {
      comments(one.before, indent);
      statement(one, indent);
    }
    comments(tail, indent);
    if (blank_due_) blank_due_ = false;  // no blank line before the end
  }

  // The statement, with the comments inside and after it, and a newline.
  void statement(const Statement& statement, size_t indent) {
    Body body = body_of(statement);
    if (body.statements != nullptr) return nested(statement, body, indent);
    Pieces pieces = pieces_of(statement);
    put_because(pieces, statement);
    std::vector<Comment> inside, leftover;
    for (const Comment& comment : statement.inside)
      (comment.span.known() ? inside : leftover).push_back(clean(comment));
    std::string text = pieces.lines(indent, inside, leftover);
    std::optional<Comment> after = statement.after;
    if (!after && !leftover.empty()) {
      after = leftover.back();
      leftover.pop_back();
    }
    comments(leftover, indent);
    line(text, after, indent);
  }

  std::string take() { return std::move(out_); }

 private:
  // Comments of programs may lack the mark, or hold line ends.
  static Comment clean(const Comment& comment) {
    Comment cleaned = comment;
    if (!cleaned.text.empty() && cleaned.text[0] != '#') cleaned.text = "# " + cleaned.text;
    for (char& c : cleaned.text)
      if (c == '\n' || c == '\r') c = ' ';
    return cleaned;
  }

  void comments(const std::vector<Comment>& comments, size_t indent) {
    for (const Comment& comment : comments) {
      if (comment.text.empty()) {
        blank_due_ = !at_edge_;
        continue;
      }
      line(clean(comment).text, std::nullopt, indent);
    }
  }

  void line(std::string_view text, const std::optional<Comment>& after, size_t indent) {
    if (blank_due_) out_ += '\n';
    blank_due_ = at_edge_ = false;
    out_.append(indent, ' ');
    out_ += text;
    if (after) out_ += "  " + clean(*after).text;
    out_ += '\n';
  }

  void nested(const Statement& statement, const Body& body, size_t indent) {
    Pieces pieces = pieces_of(statement);
    std::vector<Comment> inside, leftover;
    for (const Comment& comment : statement.inside)
      (comment.span.known() ? inside : leftover).push_back(clean(comment));
    std::string head = pieces.lines(indent, inside, leftover);
    std::optional<Comment> beside;
    if (!leftover.empty()) {
      beside = leftover.back();
      leftover.pop_back();
    }
    comments(leftover, indent);
    line(head, beside, indent);
    block(*body.statements, *body.tail, indent + block_indent);
    std::string because;
    if (statement.because) because = " because " + encode_string(*statement.because);
    line("}" + because, statement.after, indent);
  }

  std::string out_;
  bool blank_due_ = false;
  bool at_edge_ = true;  // nothing stands in the block yet
};

}  // namespace

std::string print(const Policy& policy) {
  Writer writer;
  writer.block(policy.statements, policy.tail, 0);
  return writer.take();
}

std::string print(const Statement& statement) {
  if (body_of(statement).statements != nullptr) {
    Statement bare = statement;
    bare.inside.clear();
    bare.after.reset();
    Writer writer;
    writer.statement(bare, 0);
    std::string text = writer.take();
    text.pop_back();
    return text;
  }
  Pieces pieces = pieces_of(statement);
  put_because(pieces, statement);
  return pieces.flat();
}

std::string print(const Pred& pred) {
  Pieces pieces;
  put_pred(pieces, pred);
  return pieces.flat();
}

std::string print(const Value& value) {
  Pieces pieces;
  put_value(pieces, value);
  return pieces.flat();
}

std::string print(const Action& action) {
  std::string text(action_word(action.word));
  if (action.with) text += " with " + action.with->text;
  return text;
}

std::string print(const Calls& calls) {
  Pieces pieces;
  put_calls(pieces, calls);
  return pieces.flat();
}

}  // namespace seclude::policy
