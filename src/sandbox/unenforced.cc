// Unenforced: see unenforced.h.
#include "sandbox/unenforced.h"

#include <algorithm>

#include "sandbox/limits/limits.h"

namespace seclude::sandbox {
namespace {

using policy::ActionWord;
using policy::Statement;

Unenforced line(const Statement& statement, std::string what, std::string why) {
  return {statement.keyword.known() ? statement.keyword : statement.span, std::move(what),
          std::move(why)};
}

// nullopt: the filter or the launcher holds it.
struct Judge {
  const Statement& statement;

  // What Landlock cannot hold of these is found by places.h.
  std::optional<Unenforced> operator()(const policy::Paths&) const { return {}; }
  std::optional<Unenforced> operator()(const policy::Network&) const { return {}; }
  std::optional<Unenforced> operator()(const policy::ResolveHosts&) const { return {}; }
  // What this machine cannot hold of them is found at launch (limits.h).
  std::optional<Unenforced> operator()(const policy::Limit&) const { return {}; }
  // Whether this user can make namespaces shows at launch (isolation.h).
  std::optional<Unenforced> operator()(const policy::Isolate&) const { return {}; }
  std::optional<Unenforced> operator()(const policy::Phase&) const {
    return line(statement, "phases", "this version cannot move a program to its next phase");
  }
  std::optional<Unenforced> operator()(const policy::Rule& rule) const {
    return unanswered(rule.action.word);
  }
  std::optional<Unenforced> operator()(const policy::Otherwise& rule) const {
    return unanswered(rule.action.word);
  }
  std::optional<Unenforced> operator()(const policy::Version&) const { return {}; }
  std::optional<Unenforced> operator()(const policy::Title&) const { return {}; }
  std::optional<Unenforced> operator()(const policy::Parameter&) const { return {}; }
  std::optional<Unenforced> operator()(const policy::Use&) const { return {}; }
  std::optional<Unenforced> operator()(const policy::Architectures&) const { return {}; }
  std::optional<Unenforced> operator()(const policy::Kernel&) const { return {}; }
  std::optional<Unenforced> operator()(const policy::SetDefinition&) const { return {}; }
  std::optional<Unenforced> operator()(const policy::Let&) const { return {}; }
  std::optional<Unenforced> operator()(const policy::Environment&) const { return {}; }
  // Its body is judged line by line.
  std::optional<Unenforced> operator()(const policy::OnArchitectures&) const { return {}; }
  // Proven when the policy is compiled.
  std::optional<Unenforced> operator()(const policy::Expect&) const { return {}; }

  std::optional<Unenforced> unanswered(ActionWord word) const {
    if (word == ActionWord::Ask) return line(statement, "`ask`", "nobody is registered to answer");
    if (word == ActionWord::Trace)
      return line(statement, "`trace`", "nobody is registered to answer");
    return {};
  }
};

void collect(const policy::Block& block, std::vector<Unenforced>& found) {
  for (const Statement& statement : block) {
    if (auto lacking = std::visit(Judge{statement}, statement.body))
      found.push_back(std::move(*lacking));
    if (const auto* on = std::get_if<policy::OnArchitectures>(&statement.body))
      collect(on->body, found);
  }
}

bool names_where_to_listen(const policy::Network& network) {
  return network.verb == policy::NetVerb::Listen &&
         std::any_of(network.ends.begin(), network.ends.end(),
                     [](const policy::End& end) { return end.host != "*" || end.port != "*"; });
}

}  // namespace

std::vector<Unenforced> unenforced(const policy::Texts& texts) {
  std::vector<Unenforced> found;
  for (const policy::Policy& text : texts.policies) collect(text.statements, found);
  return found;
}

const char* layer_of(const Statement& statement) {
  const auto& body = statement.body;
  if (std::holds_alternative<policy::Rule>(body)) return "seccomp";
  if (std::holds_alternative<policy::Otherwise>(body)) return "seccomp";
  if (std::holds_alternative<policy::Environment>(body)) return "launch";
  if (std::holds_alternative<policy::Isolate>(body)) return "namespaces";
  if (const auto* paths = std::get_if<policy::Paths>(&body))
    return paths->verb == policy::PathVerb::Hide ? "mounts" : "mounts, landlock and seccomp";
  if (const auto* network = std::get_if<policy::Network>(&body))
    return names_where_to_listen(*network) ? "landlock, seccomp and the helper"
                                           : "landlock and seccomp";
  if (const auto* limit = std::get_if<policy::Limit>(&body)) {
    const auto resource = policy::find_resource(limit->resource.text);
    return resource ? layer_of(*resource) : nullptr;
  }
  return nullptr;
}

Diagnostic diagnostic_of(const Unenforced& line) {
  return {.severity = Severity::Error,
          .message = line.what + " cannot be enforced",
          .span = line.span,
          .label = line.why};
}

}  // namespace seclude::sandbox
