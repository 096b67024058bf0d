// Prepared: a random policy carried as far as rules or a program, for the tests that start there.
//
// In: a Spoken. Out: its rules, its program. Problems are test failures that show the policy.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "base/diagnostic.h"
#include "exhaustive/spoken.h"
#include "filter/compile.h"
#include "filter/resolve.h"
#include "policy/load.h"

namespace seclude::exhaustive {

inline tl::expected<Source, Diagnostic> no_other_text(const policy::Wanted& wanted) {
  return tl::unexpected<Diagnostic>(Diagnostic{.message = "no text " + wanted.name});
}

inline std::optional<filter::Rules> rules_of(const Spoken& spoken) {
  SourceMap sources;
  Diagnostics diagnostics;
  policy::Texts texts = policy::load({.name = "random.seclude", .text = text_of(spoken)},
                                     no_other_text, sources, diagnostics);
  filter::Settings settings{.native = Arch::x86_64, .archs = {}, .parameters = {}};
  filter::Resolved resolved = filter::resolve(texts, settings, diagnostics);
  if (!diagnostics.has_errors()) return std::move(resolved.phases.at(0).rules);
  ADD_FAILURE() << render(diagnostics, sources, {.plain = true}) << text_of(spoken);
  return std::nullopt;
}

// Empties the store first.
inline std::optional<filter::Compiled> compiled(filter::Store& store, const Spoken& spoken) {
  store.clear();
  auto rules = rules_of(spoken);
  if (!rules) return std::nullopt;
  auto made = filter::compile(store, *rules);
  if (made) return std::move(*made);
  ADD_FAILURE() << made.error().message << "\n" << text_of(spoken);
  return std::nullopt;
}

}  // namespace seclude::exhaustive
