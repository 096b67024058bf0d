// Checks of one text that need no tables; see validate.h.
#include "policy/validate.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "policy/ends.h"
#include "policy/paths.h"
#include "policy/quantity.h"
#include "policy/words.h"

namespace seclude::policy {

namespace {

enum class Where { Top, FirstPhase, LaterPhase, On };

// What the statement may not stand in, by kind; nullptr: it may stand anywhere.
struct Placement {
  std::string_view word;
  bool top_only = false;
  bool not_in_on_or_later = false;
};

Placement placement(const Statement& statement) {
  const auto& body = statement.body;
  if (std::holds_alternative<Version>(body)) return {.word = "seclude", .top_only = true};
  if (std::holds_alternative<Title>(body)) return {.word = "policy", .top_only = true};
  if (std::holds_alternative<Parameter>(body)) return {.word = "parameter", .top_only = true};
  if (std::holds_alternative<Architectures>(body))
    return {.word = "architectures", .top_only = true};
  if (std::holds_alternative<Kernel>(body)) return {.word = "kernel", .top_only = true};
  if (std::holds_alternative<Phase>(body)) return {.word = "phase", .top_only = true};
  if (std::holds_alternative<Limit>(body)) return {.word = "limit", .not_in_on_or_later = true};
  if (std::holds_alternative<Isolate>(body)) return {.word = "isolate", .not_in_on_or_later = true};
  if (std::holds_alternative<Environment>(body))
    return {.word = "environment", .not_in_on_or_later = true};
  return {};
}

std::optional<std::string> unbound(std::string_view) { return std::nullopt; }

void report(Diagnostics& diagnostics, Span span, std::string message, std::string label,
            std::string help) {
  Diagnostic& problem = diagnostics.error(span, std::move(message), std::move(label));
  if (!help.empty()) problem.helps.push_back(std::move(help));
}

bool is_quoted(const Parameter& parameter) {
  return std::holds_alternative<std::string>(*parameter.value);
}

// An end that has the default in the place where it would be used.
void check_end_default(const Parameter& parameter, End end, Diagnostics& diagnostics) {
  end.span = parameter.value_span;
  parse_end(end, unbound, diagnostics);
}

void check_port_default(const Parameter& parameter, Diagnostics& diagnostics) {
  End end{.host = "*", .port = "1", .span = {}};
  if (const auto* text = std::get_if<std::string>(&*parameter.value)) {
    end.port = text->starts_with('$') ? "" : *text;
  } else {
    const std::vector<Value::Term>& terms = std::get<Value>(*parameter.value).terms;
    bool number = terms.size() == 1 && terms[0].kind == Value::Term::Kind::Number;
    if (number)
      end.port = (terms[0].prefix == Value::Term::Prefix::None ? "" : "-") + terms[0].text;
    if (!number) {
      return report(diagnostics, parameter.value_span, "a port is a number", "",
                    "such as `443`, or a range in quotes: \"8000..8080\"");
    }
  }
  check_end_default(parameter, std::move(end), diagnostics);
}

void check_default(const Parameter& parameter, Diagnostics& diagnostics) {
  std::string type(parameter_type_word(parameter.type));
  switch (parameter.type) {
    case ParameterType::Port:
      return check_port_default(parameter, diagnostics);
    case ParameterType::Number:
      if (is_quoted(parameter))
        report(diagnostics, parameter.value_span, "a number does not stand in quotes", "", "");
      return;
    case ParameterType::Path:
    case ParameterType::Host:
    case ParameterType::String:
      break;
  }
  if (!is_quoted(parameter)) return;  // the parser takes nothing else
  const std::string& text = std::get<std::string>(*parameter.value);
  if (parameter.type == ParameterType::Path && text.empty())
    report(diagnostics, parameter.value_span, "an empty path", "", "write `.` for where we are");
  if (parameter.type == ParameterType::Host) {
    End end{.host = text.starts_with('$') ? "" : text, .port = "*", .span = {}};
    check_end_default(parameter, std::move(end), diagnostics);
  }
}

class Validator {
 public:
  Validator(const Policy& policy, Diagnostics& diagnostics)
      : policy_(policy), diagnostics_(diagnostics) {}

  void run() {
    first_ = policy_.statements.empty() ? nullptr : &policy_.statements.front();
    gather();
    block(policy_.statements, Where::Top);
  }

 private:
  // Names that may be mentioned before they are defined.
  void gather() {
    for (const Statement& statement : policy_.statements)
      if (const auto* phase = std::get_if<Phase>(&statement.body))
        phases_.push_back(phase->name.text);
  }

  void block(const Block& block, Where where) {
    for (const Statement& statement : block) {
      if (!place(statement, where)) continue;
      std::visit([&](const auto& body) { check(statement, body, where); }, statement.body);
    }
  }

  // Whether the statement may stand here.
  bool place(const Statement& statement, Where where) {
    if (where == Where::Top) return true;
    Placement rule = placement(statement);
    std::string word = "`" + std::string(rule.word) + "`";
    if (rule.top_only) {
      error(statement.keyword, word + " cannot stand inside a block", {},
            "write it at the top of the file");
    } else if (rule.not_in_on_or_later && where == Where::On) {
      error(statement.keyword, word + " cannot stand inside `on`", "it holds for the whole program",
            "write it outside");
    } else if (rule.not_in_on_or_later && where == Where::LaterPhase) {
      error(statement.keyword, word + " cannot stand in a later phase",
            "it is set once, before the program starts",
            "write it at the top, or in the first phase");
    } else {
      return true;
    }
    return false;
  }

  // A name (or a word) that may be said once in this text.
  void once(std::string_view what, std::string_view name, Span span) {
    std::string key = std::string(what) + " " + std::string(name);
    auto [at, fresh] = seen_.emplace(key, span);
    if (fresh) return;
    std::string shown = name.empty() ? "`" + std::string(what) + "`"
                                     : std::string(what) + " `" + escape(name, 60) + "`";
    Diagnostic& problem = diagnostics_.error(
        span, name.empty() ? shown + " is said twice" : shown + " is defined twice");
    problem.remarks.push_back({"the first is here", at->second, {}});
  }

  void error(Span span, std::string message, std::string label = {}, std::string help = {}) {
    Diagnostic& problem = diagnostics_.error(span, std::move(message), std::move(label));
    if (!help.empty()) problem.helps.push_back(std::move(help));
  }

  void check(const Statement& statement, const Version&, Where where) {
    once("seclude", {}, statement.keyword);
    bool again = seen_.at("seclude ") != statement.keyword;
    if (where == Where::Top && &statement != first_ && !again)
      error(statement.keyword, "`seclude` is not the first statement", {}, "move it to the top");
  }
  void check(const Statement& statement, const Title&, Where) {
    once("policy", {}, statement.keyword);
  }
  void check(const Statement& statement, const Architectures&, Where) {
    once("architectures", {}, statement.keyword);
  }
  void check(const Statement& statement, const Kernel&, Where) {
    once("kernel", {}, statement.keyword);
  }
  void check(const Statement&, const Parameter& parameter, Where) {
    once("parameter", parameter.name.text, parameter.name.span);
    if (parameter.value) check_default(parameter, diagnostics_);
  }
  void check(const Statement&, const Use& use, Where) { calls(use.without, false); }
  void check(const Statement&, const SetDefinition& set, Where) {
    once("set", set.name.text, set.name.span);
    calls(set.calls, false);
    calls(set.without, false);
  }
  void check(const Statement&, const Let& let, Where) {
    once("value", let.name.text, let.name.span);
  }
  void check(const Statement&, const Paths& paths, Where) {
    for (const PathPattern& pattern : paths.patterns) parse_glob(pattern, unbound, diagnostics_);
  }
  void check(const Statement&, const Network& network, Where) {
    for (const End& end : network.ends) parse_end(end, unbound, diagnostics_);
  }
  void check(const Statement&, const ResolveHosts& resolve, Where) {
    for (const Name& host : resolve.hosts) {
      if (host.text.starts_with('$') || is_host_name(host.text)) continue;
      error(host.span, "`" + escape(host.text, 80) + "` is no name of a host", {},
            "write one name, such as `example.org`");
    }
  }
  void check(const Statement&, const Environment& environment, Where) {
    for (const Environment::Variable& variable : environment.variables) {
      once("variable", variable.name.text, variable.name.span);
      if (variable.name.text.find('-') != std::string::npos) {
        error(variable.name.span,
              "`" + escape(variable.name.text, 60) + "` is no name of an environment variable", {},
              "letters, digits and `_`");
      }
    }
  }
  void check(const Statement&, const Limit& limit, Where where) {
    if (parse_quantity(limit, diagnostics_) && where == Where::Top)
      once("limit", limit.resource.text, limit.resource.span);
  }
  void check(const Statement&, const Isolate& isolate, Where) {
    for (const Name& thing : isolate.things) {
      if (find_thing(thing.text)) continue;
      auto near = nearest(thing.text, thing_names());
      error(thing.span, "`" + escape(thing.text, 60) + "` cannot be isolated", {},
            near ? "did you mean `" + std::string(*near) + "`?"
                 : "what can be: network, processes, ipc, tmp");
    }
  }
  void check(const Statement&, const Phase& phase, Where) {
    once("phase", phase.name.text, phase.name.span);
    bool first = !phases_.empty() && phases_.front() == phase.name.text;
    block(phase.body, first ? Where::FirstPhase : Where::LaterPhase);
  }
  void check(const Statement&, const OnArchitectures& on, Where where) {
    bool outer = std::exchange(in_on_, true);
    block(on.body, where == Where::LaterPhase ? Where::LaterPhase : Where::On);
    in_on_ = outer;
  }
  void check(const Statement&, const Expect& expect, Where) {
    if (const auto* rule = std::get_if<Rule>(&expect.subject))
      calls(rule->calls, in_on_ || expect.on.has_value());
    if (const auto* network = std::get_if<Network>(&expect.subject))
      for (const End& end : network->ends) parse_end(end, unbound, diagnostics_);
    if (const auto* paths = std::get_if<Paths>(&expect.subject))
      for (const PathPattern& pattern : paths->patterns) expect_path(pattern);
    if (expect.during) during(*expect.during);
  }
  template <typename Body>
  void check(const Statement&, const Body&, Where) {}

  void expect_path(const PathPattern& pattern) {
    parse_glob(pattern, unbound, diagnostics_);
    if (pattern.optional)
      error(pattern.span, "`?` in an expectation", "nothing is looked up here", "leave it out");
  }

  void during(const Name& name) {
    if (std::find(phases_.begin(), phases_.end(), name.text) != phases_.end()) return;
    std::vector<std::string_view> known(phases_.begin(), phases_.end());
    auto near = nearest(name.text, known);
    error(name.span, "unknown phase `" + escape(name.text, 60) + "`",
          phases_.empty() ? "this policy has no phases" : "",
          near ? "did you mean `" + std::string(*near) + "`?" : "");
  }

  // A number means another call on every architecture. (Rules: filter/rules/arch_rules.h.)
  void calls(const Calls& calls, bool numbers) {
    if (numbers) return;
    for (const CallRef& call : calls) {
      if (call.kind != CallRef::Kind::Number) continue;
      error(call.name.span, "`" + call.name.text + "` outside of `on`",
            "a number means another call on each architecture",
            "write it inside `on ARCHITECTURE { ... }`");
    }
  }

  const Policy& policy_;
  Diagnostics& diagnostics_;
  bool in_on_ = false;
  const Statement* first_ = nullptr;
  std::map<std::string, Span> seen_;
  std::vector<std::string> phases_;
};

}  // namespace

void validate(const Policy& policy, Diagnostics& diagnostics) {
  Validator(policy, diagnostics).run();
}

// ---- parameters of places -----------------------------------------------------------------------

namespace {

class ParameterCheck {
 public:
  ParameterCheck(const Texts& texts, Diagnostics& diagnostics) : diagnostics_(diagnostics) {
    for (const Policy& policy : texts.policies)
      for (const Statement& statement : policy.statements)
        if (const auto* parameter = std::get_if<Parameter>(&statement.body))
          types_.emplace(parameter->name.text, parameter->type);
  }

  void block(const Block& block) {
    for (const Statement& statement : block) {
      if (const auto* phase = std::get_if<Phase>(&statement.body)) this->block(phase->body);
      if (const auto* on = std::get_if<OnArchitectures>(&statement.body)) this->block(on->body);
      if (const auto* paths = std::get_if<Paths>(&statement.body)) check(*paths);
      if (const auto* network = std::get_if<Network>(&statement.body)) check(*network);
      if (const auto* resolve = std::get_if<ResolveHosts>(&statement.body))
        for (const Name& host : resolve->hosts) use(host.text, host.span, ParameterType::Host);
      if (const auto* expect = std::get_if<Expect>(&statement.body)) {
        if (const auto* paths = std::get_if<Paths>(&expect->subject)) check(*paths);
        if (const auto* network = std::get_if<Network>(&expect->subject)) check(*network);
      }
    }
  }

 private:
  void check(const Paths& paths) {
    for (const PathPattern& pattern : paths.patterns)
      if (auto name = parameter_of(pattern.text))
        use("$" + std::string(*name), pattern.span, ParameterType::Path);
  }

  void check(const Network& network) {
    for (const End& end : network.ends) {
      if (end.protocol == End::Protocol::Unix) {
        if (auto name = parameter_of(end.host))
          use("$" + std::string(*name), end.span, ParameterType::Path);
        continue;
      }
      use(end.host, end.span, ParameterType::Host);
      use(end.port, end.span, ParameterType::Port);
    }
  }

  // `text` may be a parameter; it is used where one of this type belongs.
  void use(std::string_view text, Span span, ParameterType type) {
    if (text.size() < 2 || text[0] != '$') return;
    std::string_view name = text.substr(1);
    std::string shown = "`" + escape(text, 60) + "`";
    auto at = types_.find(name);
    if (at != types_.end() && at->second == type) return;
    std::string wanted(parameter_type_word(type));
    if (at != types_.end()) {
      return report(diagnostics_, span,
                    shown + " is a " + std::string(parameter_type_word(at->second)), {},
                    "here stands a " + wanted + ": declare it `parameter " + std::string(name) +
                        " : " + wanted + "`");
    }
    std::vector<std::string_view> known;
    for (const auto& [declared, unused] : types_) known.push_back(declared);
    auto near = nearest(name, known);
    report(diagnostics_, span, "unknown parameter " + shown, {},
           near ? "did you mean `$" + std::string(*near) + "`?"
                : "declare it: `parameter " + escape(name, 60) + " : " + wanted + "`");
  }

  Diagnostics& diagnostics_;
  std::map<std::string, ParameterType, std::less<>> types_;
};

}  // namespace

void validate_names(const Texts& texts, Diagnostics& diagnostics) {
  ParameterCheck check(texts, diagnostics);
  for (const Policy& policy : texts.policies) check.block(policy.statements);
}

}  // namespace seclude::policy
