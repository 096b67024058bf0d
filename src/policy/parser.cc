// The grammar of statements; see parser.h.
//
// One function per kind of statement, all listed in `statement_kinds` below. Each is called with
// its keyword already taken and fills the statement in place. When one returns false, its mistake
// has been reported, the statement is dropped, and parsing goes on where the next one starts.
#include "policy/parser.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "calls/calls.h"
#include "policy/cursor.h"
#include "policy/encoding.h"
#include "policy/words.h"

namespace seclude::policy {

namespace {

constexpr size_t most_statements = 100'000;  // bounds the memory a hostile text can take
constexpr size_t most_errors = 500;          // of one text; more help nobody
constexpr unsigned deepest_blocks = 8;
constexpr size_t usual_statement = 40;  // in bytes; but short texts define sets, in long lines
constexpr size_t short_text = 1200, long_statement = 160;

class Parser {
 public:
  Parser(std::string_view text, uint32_t source, Diagnostics& diagnostics)
      : cursor_(text, source, diagnostics) {}

  void statements(Block& block, std::vector<Comment>& tail, unsigned depth);

 private:
  bool statement(Statement& statement, unsigned depth);
  bool dispatch(Statement& statement, const Token& keyword, unsigned depth);
  bool finish(Statement& statement, uint32_t begin);
  bool unknown_statement(const Token& token, unsigned depth);
  bool block(Statement& statement, Block& body, std::vector<Comment>& tail, unsigned depth);
  bool trailing();
  void recover(unsigned depth);

  Cursor cursor_;
  size_t count_ = 0;
  bool stop_ = false;
  bool understood_ = false;  // the last broken statement was complete, and something followed it
};

// ---- small statements ---------------------------------------------------------------------------

bool version(Cursor& cursor, Statement& statement) {
  if (!cursor.at(TokenKind::Integer))
    return cursor.expected("the version of the language", "write `seclude 1`");
  Token token = cursor.take();
  std::optional<uint64_t> number = parse_integer(cursor.text(token));
  Version version{.number = 0, .number_span = cursor.span(token)};
  if (number && *number <= std::numeric_limits<uint32_t>::max())
    version.number = static_cast<uint32_t>(*number);
  statement.body = version;
  if (version.number == 1) return true;
  return cursor.fail(
      version.number_span,
      "this policy is written in version " + escape(cursor.text(token), 20) + " of the language",
      "this program knows version 1");
}

bool title(Cursor& cursor, Statement& statement) {
  return cursor.take_name(statement.body.emplace<Title>().name, "the name of the policy");
}

bool parameter_type(Cursor& cursor, ParameterType& type) {
  if (cursor.at(TokenKind::Word)) {
    if (auto found = find_parameter_type(cursor.text(cursor.peek()))) {
      cursor.take();
      type = *found;
      return true;
    }
  }
  std::string help;
  if (cursor.at(TokenKind::Word))
    help = did_you_mean(cursor.text(cursor.peek()), {"path", "host", "port", "number", "string"});
  return cursor.expected("`path`, `host`, `port`, `number` or `string`", std::move(help));
}

bool parameter(Cursor& cursor, Statement& statement) {
  Parameter& parameter = statement.body.emplace<Parameter>();
  if (!cursor.take_name(parameter.name, "the name of the parameter")) return false;
  if (!cursor.take_mark(TokenKind::Colon, "`:` and a type")) return false;
  if (!parameter_type(cursor, parameter.type)) return false;
  if (!cursor.accept(TokenKind::Assign)) return true;
  uint32_t begin = cursor.peek().begin;
  bool number = parameter.type == ParameterType::Number || parameter.type == ParameterType::Port;
  if (cursor.at(TokenKind::String) || !number) {
    std::string text;
    if (!cursor.take_string(text, "the default in quotes")) return false;
    parameter.value = std::move(text);
  } else {
    Value value;
    if (!parse_value(cursor, value)) return false;
    parameter.value = std::move(value);
  }
  parameter.value_span = cursor.since(begin);
  return true;
}

bool without(Cursor& cursor, Calls& calls) {
  return !cursor.accept_word("without") || parse_calls(cursor, calls);
}

bool use(Cursor& cursor, Statement& statement) {
  Use& use = statement.body.emplace<Use>();
  return parse_list(cursor, use.refs, parse_reference) && without(cursor, use.without);
}

bool parse_arch(Cursor& cursor, Name& name) {
  return cursor.take_name(name, "the name of an architecture");
}

bool architectures(Cursor& cursor, Statement& statement) {
  return parse_list(cursor, statement.body.emplace<Architectures>().names, parse_arch);
}

bool kernel(Cursor& cursor, Statement& statement) {
  Kernel& kernel = statement.body.emplace<Kernel>();
  if (!cursor.at(TokenKind::Integer))
    return cursor.expected("the version of a kernel", "write `kernel 6.1`");
  Token token = cursor.take_raw();
  kernel.version_span = cursor.span(token);
  std::string_view text = cursor.text(token);
  std::vector<std::string_view> parts = split(text, '.');
  std::optional<uint64_t> major = parse_integer(parts[0]);
  std::optional<uint64_t> minor = parts.size() > 1 ? parse_integer(parts[1]) : std::nullopt;
  if (!major || !minor || parts.size() > 2 || *major > 999 || *minor > 999) {
    return cursor.fail(kernel.version_span, "this is no version of a kernel", {},
                       "write its first two numbers: `kernel 6.1`");
  }
  kernel.major = static_cast<uint32_t>(*major);
  kernel.minor = static_cast<uint32_t>(*minor);
  return true;
}

bool set_definition(Cursor& cursor, Statement& statement) {
  SetDefinition& set = statement.body.emplace<SetDefinition>();
  if (!cursor.at(TokenKind::SetName))
    return cursor.expected("the name of a set", "names of sets start with `@`");
  set.name = cursor.name(cursor.take());
  if (!cursor.take_mark(TokenKind::Assign, "`=` and the calls of the set")) return false;
  return parse_calls(cursor, set.calls) && without(cursor, set.without);
}

bool let(Cursor& cursor, Statement& statement) {
  static constexpr std::string_view reserved[] = {"in",  "has", "lacks", "within", "all",
                                                  "any", "not", "on",    "during"};
  Let& let = statement.body.emplace<Let>();
  if (!cursor.take_name(let.name, "a name for the value")) return false;
  if (is_joining_word(let.name.text) ||
      std::find(std::begin(reserved), std::end(reserved), let.name.text) != std::end(reserved)) {
    return cursor.fail(let.name.span, "`" + let.name.text + "` is a word of the language", {},
                       "give the value another name");
  }
  if (!cursor.take_mark(TokenKind::Assign, "`=` and a value")) return false;
  return parse_value(cursor, let.value);
}

bool resolve(Cursor& cursor, Statement& statement) {
  return parse_list(cursor, statement.body.emplace<ResolveHosts>().hosts, parse_host);
}

bool parse_variable(Cursor& cursor, Environment::Variable& variable) {
  if (!cursor.take_name(variable.name, "the name of an environment variable")) return false;
  if (!cursor.accept(TokenKind::Assign)) return true;
  return cursor.take_string(variable.value.emplace(), "the value in quotes");
}

bool environment(Cursor& cursor, Statement& statement) {
  return parse_list(cursor, statement.body.emplace<Environment>().variables, parse_variable);
}

bool limit(Cursor& cursor, Statement& statement) {
  Limit& limit = statement.body.emplace<Limit>();
  if (!cursor.take_name(limit.resource, "what to limit")) return false;
  if (!cursor.at(TokenKind::Integer))
    return cursor.expected("a quantity", "such as `8G`, `60s` or `256`");
  Token token = cursor.take_raw();
  limit.quantity = cursor.text(token);
  limit.quantity_span = cursor.span(token);
  return true;
}

bool parse_thing(Cursor& cursor, Name& name) { return cursor.take_name(name, "what to isolate"); }

bool isolate(Cursor& cursor, Statement& statement) {
  return parse_list(cursor, statement.body.emplace<Isolate>().things, parse_thing);
}

// ---- rules --------------------------------------------------------------------------------------

bool with(Cursor& cursor, Action& action) {
  if (!cursor.accept_word("with")) return true;
  if (!cursor.at(TokenKind::Word) && !cursor.at(TokenKind::Integer))
    return cursor.expected("an errno or a number", "such as `with ENOSYS`");
  action.with = cursor.name(cursor.take());
  return true;
}

bool where(Cursor& cursor, Rule& rule) {
  if (!cursor.accept_word("where")) return true;
  return parse_pred(cursor, rule.where.emplace());
}

bool rule(Cursor& cursor, Statement& statement, ActionWord word) {
  Rule& rule = statement.body.emplace<Rule>();
  rule.action.word = word;
  rule.action.span = statement.keyword;
  char first = cursor.lexer().following();
  if (first == '/' || first == '~')
    return cursor.expected("the name of a call",
                           "paths are granted without an action: `read /path`");
  if (!parse_calls(cursor, rule.calls)) return false;
  statement.keyword = cursor.since(statement.keyword.begin);
  return with(cursor, rule.action) && where(cursor, rule);
}

bool otherwise(Cursor& cursor, Statement& statement) {
  Otherwise& otherwise = statement.body.emplace<Otherwise>();
  const Token token = cursor.peek();
  std::optional<ActionWord> word = find_action(cursor.text(token));
  if (!word) {
    return cursor.expected(
        "an action", did_you_mean(cursor.text(token), {"kill", "kill-thread", "trap", "deny", "ask",
                                                       "trace", "log", "allow"}));
  }
  cursor.take();
  otherwise.action.word = *word;
  if (!with(cursor, otherwise.action)) return false;
  otherwise.action.span = cursor.since(token.begin);
  statement.keyword = cursor.since(statement.keyword.begin);
  return !cursor.accept_word("for") || parse_calls(cursor, otherwise.calls);
}

bool paths(Cursor& cursor, Statement& statement, PathVerb verb) {
  Paths& paths = statement.body.emplace<Paths>();
  paths.verb = verb;
  return parse_list(cursor, paths.patterns, parse_path);
}

bool network(Cursor& cursor, Statement& statement, NetVerb verb) {
  Network& network = statement.body.emplace<Network>();
  network.verb = verb;
  return parse_list(cursor, network.ends, parse_end);
}

// ---- expect -------------------------------------------------------------------------------------

bool verdict(Cursor& cursor, Expect& expect) {
  const Token token = cursor.peek();
  std::string_view word = cursor.text(token);
  expect.verdict = find_action(word);
  expect.verdict_span = cursor.span(token);
  if (expect.verdict || word == "refused") {
    cursor.take();
    return true;
  }
  std::string help = did_you_mean(
      word, {"refused", "allow", "deny", "kill", "log", "trap", "ask", "trace", "kill-thread"});
  return cursor.expected("`refused` or an action",
                         help.empty() ? "such as `expect refused socket`" : std::move(help));
}

// `expect refused read` is about the call, `expect refused read /x` about the path.
bool expect_subject(Cursor& cursor, Statement& statement, Expect& expect) {
  const Token token = cursor.peek();
  std::string_view word = cursor.text(token);
  std::optional<PathVerb> verb = find_path_verb(word);
  bool end = word == "connect" || word == "listen";
  Rule rule;
  if (verb || end) {
    cursor.take();
    char first = cursor.lexer().following();
    std::string_view after = cursor.text(cursor.peek());
    if (verb && (first == '/' || first == '~' || first == '$' || first == '"')) {
      Paths& paths = expect.subject.emplace<Paths>();
      paths.verb = *verb;
      return parse_list(cursor, paths.patterns, parse_path);
    }
    if (end && (after == "tcp" || after == "udp" || after == "unix")) {
      Network& network = expect.subject.emplace<Network>();
      network.verb = word == "connect" ? NetVerb::Connect : NetVerb::Listen;
      return parse_list(cursor, network.ends, parse_end);
    }
    rule.calls.emplace_back().name = cursor.name(token);
    bool more = cursor.accept(TokenKind::Comma) && !cursor.ends_in_comma(true);
    if (more && !parse_calls(cursor, rule.calls)) return false;
  } else if (!parse_calls(cursor, rule.calls)) {
    return false;
  }
  statement.keyword = cursor.since(statement.keyword.begin);
  bool fine = where(cursor, rule);
  expect.subject = std::move(rule);
  return fine;
}

bool expect(Cursor& cursor, Statement& statement) {
  Expect& expect = statement.body.emplace<Expect>();
  if (!verdict(cursor, expect) || !expect_subject(cursor, statement, expect)) return false;
  if (!std::holds_alternative<Rule>(expect.subject))
    statement.keyword = cursor.since(statement.keyword.begin);
  if (cursor.accept_word("on") && !parse_arch(cursor, expect.on.emplace())) return false;
  if (cursor.accept_word("during") &&
      !cursor.take_name(expect.during.emplace(), "the name of a phase"))
    return false;
  return true;
}

// ---- all of them --------------------------------------------------------------------------------

struct StatementKind {
  std::string_view word;
  bool (*parse)(Cursor&, Statement&);
};

// Without actions, path verbs, `connect` and `listen` and blocks, which share their functions.
constexpr StatementKind statement_kinds[] = {
    {"otherwise", otherwise},
    {"expect", expect},
    {"use", use},
    {"set", set_definition},
    {"let", let},
    {"limit", limit},
    {"isolate", isolate},
    {"environment", environment},
    {"resolve", resolve},
    {"parameter", parameter},
    {"policy", title},
    {"seclude", version},
    {"kernel", kernel},
    {"architectures", architectures},
};

bool Parser::dispatch(Statement& statement, const Token& keyword, unsigned depth) {
  std::string_view word = cursor_.text(keyword);
  if (auto action = find_action(word)) return rule(cursor_, statement, *action);
  if (auto verb = find_path_verb(word)) return paths(cursor_, statement, *verb);
  for (const StatementKind& kind : statement_kinds)
    if (kind.word == word) return kind.parse(cursor_, statement);
  if (word == "connect") return network(cursor_, statement, NetVerb::Connect);
  if (word == "listen") return network(cursor_, statement, NetVerb::Listen);
  if (word == "phase") {
    Phase& phase = statement.body.emplace<Phase>();
    return cursor_.take_name(phase.name, "the name of the phase") &&
           block(statement, phase.body, phase.tail, depth);
  }
  if (word == "on") {
    OnArchitectures& on = statement.body.emplace<OnArchitectures>();
    return parse_list(cursor_, on.names, parse_arch) && block(statement, on.body, on.tail, depth);
  }
  return unknown_statement(keyword, depth);
}

bool Parser::unknown_statement(const Token& token, unsigned depth) {
  static constexpr auto words = std::to_array<std::string_view>(
      {"allow",   "deny",          "log",         "kill",    "kill-thread", "trap",    "trace",
       "ask",     "read",          "write",       "create",  "run",         "protect", "hide",
       "connect", "listen",        "otherwise",   "expect",  "use",         "set",     "let",
       "limit",   "isolate",       "environment", "resolve", "parameter",   "policy",  "seclude",
       "kernel",  "architectures", "phase",       "on"});
  std::string_view word = cursor_.text(token);
  auto near = nearest(word, words);
  std::string help = near ? "did you mean `" + std::string(*near) + "`?" : std::string();
  if (is_joining_word(word)) help = "this line continues no statement";
  cursor_.fail(cursor_.span(token), "unknown statement `" + escape(word, 60) + "`",
               "no statement starts with this word", std::move(help));
  // What stands in a block is looked at even when its head is misspelled.
  while (!cursor_.at_end_of_statement() && !cursor_.at(TokenKind::OpenBrace)) cursor_.take();
  if (!cursor_.at(TokenKind::OpenBrace)) return false;
  Statement unknown;
  Phase& phase = unknown.body.emplace<Phase>();
  block(unknown, phase.body, phase.tail, depth);
  return false;
}

bool Parser::block(Statement& statement, Block& body, std::vector<Comment>& tail, unsigned depth) {
  const Token open = cursor_.peek();
  if (!cursor_.take_mark(TokenKind::OpenBrace, "`{`")) return false;
  if (depth >= deepest_blocks)
    return cursor_.fail(cursor_.span(open), "too many blocks inside each other");
  statement.inside = cursor_.lexer().take_comments();
  if (auto comment = cursor_.lexer().read_line_comment())
    statement.inside.push_back(std::move(*comment));
  statements(body, tail, depth + 1);
  if (stop_) return false;
  if (cursor_.accept(TokenKind::CloseBrace)) return true;
  return cursor_.fail(cursor_.span(open), "this block is never closed", {}, "add a `}` at its end");
}

// What stands after a complete statement, and cannot.
bool Parser::trailing() {
  const Token& token = cursor_.peek();
  std::string_view word = cursor_.text(token);
  if (token.kind == TokenKind::SetName || calls::find_call(word))
    return cursor_.expected("the end of the line",
                            "calls are separated by commas: `, " + std::string(word) + "`");
  if (token.kind == TokenKind::Word) {
    if (word == "with")
      return cursor_.expected("the end of the line",
                              "`with` comes before `where`, and only after calls");
    if (is_joining_word(word))
      return cursor_.expected("the end of the line",
                              "`" + std::string(word) + "` cannot stand here");
    std::string help =
        did_you_mean(word, {"where", "with", "without", "because", "for", "and", "or", "during"});
    if (help.empty() && starts_statement_only(word)) help = "each statement has its own line";
    return cursor_.expected("the end of the line", std::move(help));
  }
  bool semicolon = word == ";";
  return cursor_.expected("the end of the line",
                          semicolon ? "each statement has its own line" : std::string());
}

bool Parser::finish(Statement& statement, uint32_t begin) {
  if (cursor_.accept_word("because")) {
    if (!cursor_.take_string(statement.because.emplace(), "the reason in quotes")) return false;
  }
  statement.span = cursor_.since(begin);
  if (!cursor_.at_end_of_statement()) {
    understood_ = true;
    return trailing();
  }
  for (Comment& comment : cursor_.lexer().take_comments()) {
    if (comment.span.begin < cursor_.last_end())
      statement.inside.push_back(std::move(comment));
    else
      statement.after = std::move(comment);
  }
  if (cursor_.at(TokenKind::Newline)) cursor_.lexer().next();
  return true;
}

bool Parser::statement(Statement& statement, unsigned depth) {
  const Token token = cursor_.peek();
  if (token.kind != TokenKind::Word) {
    bool path = cursor_.lexer().following() == '/';
    return cursor_.expected(
        "a statement", path ? "write `read /path`, `create /path` or the like" : std::string());
  }
  cursor_.take();
  statement.keyword = cursor_.span(token);
  if (dispatch(statement, token, depth)) return finish(statement, token.begin);
  stop_ |= std::holds_alternative<Version>(statement.body) &&
           std::get<Version>(statement.body).number != 1;
  return false;
}

// Skips the rest of a broken statement, with the lines that belong to it.
void Parser::recover(unsigned depth) {
  unsigned open = 0;
  for (;;) {
    const Token& token = cursor_.peek();
    bool fresh = token.first_on_line && token.kind == TokenKind::Word &&
                 starts_statement_only(cursor_.text(token));
    if (token.kind == TokenKind::End || (open == 0 && fresh)) break;
    if (token.kind == TokenKind::CloseBrace && open == 0 && depth > 0) break;
    TokenKind kind = cursor_.take().kind;
    if (kind == TokenKind::OpenBrace) open++;
    if (kind == TokenKind::CloseBrace && open > 0) open--;
    if (kind == TokenKind::Newline && open == 0) break;
  }
  cursor_.lexer().take_comments();
}

void Parser::statements(Block& block, std::vector<Comment>& tail, unsigned depth) {
  while (!stop_) {
    std::vector<Comment> before;
    cursor_.lexer().read_gap(before);
    TokenKind kind = cursor_.peek().kind;
    if (kind == TokenKind::End || (kind == TokenKind::CloseBrace && depth > 0)) {
      tail = std::move(before);
      return;
    }
    Statement& statement = block.emplace_back();
    statement.before = std::move(before);
    understood_ = false;
    if (!this->statement(statement, depth)) {
      // What was understood stays, so that nothing else seems to be missing.
      if (!std::exchange(understood_, false)) block.pop_back();
      recover(depth);
    }
    if (++count_ >= most_statements) {
      stop_ = true;
      cursor_.fail(cursor_.span(cursor_.peek()), "this policy is too long",
                   "more than " + std::to_string(most_statements) + " statements");
    } else if (cursor_.failures() >= most_errors) {
      stop_ = true;
      cursor_.fail(cursor_.span(cursor_.peek()), "too many errors: the rest was not read");
    }
  }
}

}  // namespace

Policy parse(uint32_t source, const SourceMap& sources, Diagnostics& diagnostics) {
  Policy policy;
  policy.source = source;
  const std::string& text = sources.at(source).text;
  if (!check_encoding(text, source, diagnostics)) return policy;
  // Statements are large: moving them to grow the list is dear.
  policy.statements.reserve(std::min<size_t>(
      2 + text.size() / (text.size() < short_text ? long_statement : usual_statement), 1024));
  Parser(text, source, diagnostics).statements(policy.statements, policy.tail, 0);
  return policy;
}

}  // namespace seclude::policy
