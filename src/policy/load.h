// Load: a policy together with every text its `use` lines reach.
//
// In: a text, and a resolver that finds other texts by name (built-in profiles, files; this half of
// the house opens nothing itself). Out: Texts, in which each `use` is an edge to another text.
// Each text is parsed once; a circle of `use` is an error that prints the circle.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "policy/policy.h"

namespace seclude::policy {

// A policy and all it uses. policies[0] is the root; the others follow in order of first use.
struct Texts {
  std::vector<Policy> policies;
  // For `use` name at this place: which policy. A ref that could not be followed (missing, or a
  // circle) has no entry; that is an error in `diagnostics`.
  std::map<Span, size_t> uses;
  // Names given to @sets by the built-in library (profiles/sets): which policy defines them. Loaded
  // when a set is mentioned that no text in reach defines.
  std::map<std::string, size_t, std::less<>> library_sets;
};

// What the resolver is asked for.
struct Wanted {
  enum class Kind { Profile, Set, File };
  Kind kind;
  std::string name;    // "strict"; "@clock"; "./common.seclude", as written
  std::string nearby;  // name of the source that asks: relative paths are relative to it
};
// The text, or why there is none (the message is shown under the `use`).
using Resolver = std::function<tl::expected<Source, Diagnostic>(const Wanted&)>;

// Finds only the built-in profiles and sets; a file is an error. Pure.
tl::expected<Source, Diagnostic> built_in(const Wanted& wanted);

// Parses `root` and everything it uses, and checks each text (validate.h). Problems go to
// `diagnostics`; what could be read is returned even then. `sources` receives every text.
Texts load(Source root, const Resolver& resolver, SourceMap& sources, Diagnostics& diagnostics);

// Names of all built-in profiles and of all library sets, sorted.
std::vector<std::string_view> profile_names();
std::vector<std::string_view> set_names();

}  // namespace seclude::policy
