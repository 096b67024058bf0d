// Paths: what path patterns mean, without looking at any file system.
//
// In: patterns as they are written (policy.h), and what their parameters stand for. Out: globs, and
// exact answers to two questions: does a glob match a path; do the path statements of a policy
// grant an access for all paths of a pattern, for none, or for some. A name matches itself; `*` in
// it any part of one name; `/**` stands for any number of names, none included; a backslash makes
// the next character stand for itself. Symbolic links are the enforcing layer's business.
// Neighbours: ends.h does the same for networks; validate.h reports what is malformed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "policy/policy.h"

namespace seclude::policy {

// What a parameter stands for; "~" asks for the home directory. nullopt, or a value that is no
// absolute path: not known yet. Such a path begins with a name of its own, which no other path has.
using Bindings = std::function<std::optional<std::string>(std::string_view)>;

// Names between slashes, in order; "**" stands for any number of names. Empty: the root directory.
struct Glob {
  std::vector<std::string> names;
  friend bool operator==(const Glob&, const Glob&) = default;
};

// The parameter a pattern begins with ("work" of "$work/x"), if it does.
std::optional<std::string_view> parameter_of(std::string_view pattern);

// nullopt after errors for relative paths, `.`, `..`, `//`, a final `/`, and `**` inside a name.
std::optional<Glob> parse_glob(const PathPattern& pattern, const Bindings& bindings,
                               Diagnostics& diagnostics);
std::string print(const Glob& glob);  // "/srv/**"

// Whether the glob matches this path, which is absolute and canonical.
bool matches(const Glob& glob, std::string_view path);
// Whether the glob matches exactly one path; then `literal_path` is it.
bool is_literal(const Glob& glob);
std::string literal_path(const Glob& glob);

enum class Access : uint8_t { Read, Write, Create, Run };

// One pattern of one path statement.
struct PathRule {
  PathVerb verb = PathVerb::Read;
  Glob glob;
};

enum class Coverage : uint8_t {
  None,
  Some,
  All,
  Undecided,  // the patterns are too entangled: more than 2^16 cases
};

struct PathAnswer {
  Coverage coverage = Coverage::None;
  // A path of each kind, where there is one, and the rule that decides it: the grant, or the
  // `protect` or `hide`; nullopt: no statement lists the path.
  std::string granted, refused;
  std::optional<size_t> granted_by, refused_by;
};

// What `rules` say about an access to the paths of `asked`. hide beats all, protect beats writing
// and creating; writing implies reading, creating writing, running reading. What none lists is
// refused.
PathAnswer decide_paths(std::span<const PathRule> rules, const Glob& asked, Access access);

}  // namespace seclude::policy
