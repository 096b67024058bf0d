// Policy support: a text parsed in one step, for the tests of this room.
#pragma once

#include <string>

#include "base/diagnostic.h"
#include "policy/parser.h"
#include "policy/printer.h"
#include "support/policy_model.h"

namespace seclude::test {

struct Parsed {
  SourceMap sources;
  Diagnostics diagnostics;
  policy::Policy policy;

  explicit Parsed(std::string text, std::string name = "test.seclude") {
    sources.add({.name = std::move(name), .text = std::move(text)});
    policy = policy::parse(0, sources, diagnostics);
  }

  std::string messages() const { return render(diagnostics, sources, {.plain = true}); }
  std::string printed() const { return policy::print(policy); }
  std::string model() const { return ModelText::of(policy); }
  const policy::Statement& statement(size_t index) const { return policy.statements.at(index); }
  template <typename Body>
  const Body& body(size_t index) const {
    return std::get<Body>(policy.statements.at(index).body);
  }
  std::string_view text(Span span) const { return sources.text(span); }
};

}  // namespace seclude::test
