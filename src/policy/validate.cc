// Checks of one text that need no tables; see validate.h.
#include "policy/validate.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/text.h"
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
  struct Seen {
    std::map<std::string, Span, std::less<>> names;
  };

  // Names that may be mentioned before they are defined.
  void gather() {
    for (const Statement& statement : policy_.statements)
      if (const auto* phase = std::get_if<Phase>(&statement.body))
        phases_.push_back(phase->name.text);
  }

  void block(const Block& block, Where where) {
    for (const Statement& statement : block) {
      place(statement, where);
      std::visit([&](const auto& body) { check(statement, body, where); }, statement.body);
    }
  }

  void place(const Statement& statement, Where where) {
    if (where == Where::Top) return;
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
    }
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
    if (where == Where::Top && &statement != first_)
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
  }
  void check(const Statement&, const SetDefinition& set, Where) {
    once("set", set.name.text, set.name.span);
  }
  void check(const Statement&, const Let& let, Where) {
    once("value", let.name.text, let.name.span);
  }
  void check(const Statement&, const Phase& phase, Where) {
    once("phase", phase.name.text, phase.name.span);
    bool first = !phases_.empty() && phases_.front() == phase.name.text;
    block(phase.body, first ? Where::FirstPhase : Where::LaterPhase);
  }
  void check(const Statement&, const OnArchitectures& on, Where where) {
    block(on.body, where == Where::LaterPhase ? Where::LaterPhase : Where::On);
  }
  template <typename Body>
  void check(const Statement&, const Body&, Where) {}

  const Policy& policy_;
  Diagnostics& diagnostics_;
  const Statement* first_ = nullptr;
  std::map<std::string, Span> seen_;
  std::vector<std::string> phases_;
};

}  // namespace

void validate(const Policy& policy, Diagnostics& diagnostics) {
  Validator(policy, diagnostics).run();
}

void validate_names(const Texts&, Diagnostics&) {}

}  // namespace seclude::policy
