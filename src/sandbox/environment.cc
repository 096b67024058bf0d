// Environment: see environment.h.
#include "sandbox/environment.h"

#include <unistd.h>

#include <string_view>

namespace seclude::sandbox {
namespace {

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

struct Said {
  std::optional<std::string> value;
  Span span;
};

void add(const policy::Environment::Variable& variable, std::map<std::string, Said>& said,
         Diagnostics& diagnostics) {
  const auto [at, is_new] =
      said.try_emplace(variable.name.text, Said{variable.value, variable.name.span});
  if (is_new || !variable.value) return;
  // "pass it on" and "set it to" together: the set value is what the policy knows.
  if (!at->second.value) {
    at->second = {variable.value, variable.name.span};
    return;
  }
  if (*at->second.value == *variable.value) return;
  Diagnostic& error = diagnostics.error(
      variable.name.span, "two values for the environment variable `" + variable.name.text + "`",
      "here \"" + *variable.value + "\"");
  error.remarks.push_back({.message = "and the other",
                           .span = at->second.span,
                           .label = "here \"" + *at->second.value + "\""});
}

}  // namespace

std::optional<Variables> variables_of(const policy::Texts& texts, Diagnostics& diagnostics) {
  bool any = false;
  std::map<std::string, Said> said;
  for (const policy::Policy& text : texts.policies) {
    for (const policy::Statement& statement : text.statements) {
      const auto* environment = std::get_if<policy::Environment>(&statement.body);
      if (environment == nullptr) continue;
      any = true;
      for (const auto& variable : environment->variables) add(variable, said, diagnostics);
    }
  }
  if (!any) return std::nullopt;
  Variables variables;
  for (auto& [name, what] : said) variables.emplace(name, std::move(what.value));
  return variables;
}

std::vector<std::string> make_environment(const EnvironmentRequest& request) {
  if (!request.named) return request.clear ? std::vector<std::string>() : request.inherited;
  std::map<std::string_view, std::string_view> inherited;
  for (const std::string& variable : request.inherited) {
    // The first of two wins, as getenv() has it.
    inherited.try_emplace(name_of(variable), variable);
  }
  std::vector<std::string> environment;
  for (const auto& [name, value] : *request.named) {
    if (value) {
      environment.push_back(name + "=" + *value);
    } else if (const auto at = inherited.find(name); at != inherited.end()) {
      environment.emplace_back(at->second);
    }
  }
  return environment;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    // What is no NAME=VALUE is of use to nobody, and some shells refuse to start with it.
    if (std::string_view(*variable).find('=') != std::string_view::npos)
      variables.emplace_back(*variable);
  }
  return variables;
}

}  // namespace seclude::sandbox
