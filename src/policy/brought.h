// Brought: the sets of calls that path and network lines bring along, and those they mediate.
//
// In: a statement. Out: names of library sets (profiles/sets/), and rules where a set says too
// much: `read` brings the calls reading takes, `connect tcp` sockets of that kind only, `run`
// processes but no namespaces. From then on every call that takes a path is decided by the path
// layer.
#pragma once

#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace seclude::policy {

struct Brought {
  std::vector<std::string_view> allows;    // sets whose calls the line allows
  std::vector<Rule> rules;                 // further calls it allows, with conditions
  std::vector<std::string_view> mediates;  // sets whose calls another layer decides from now on
};

// Empty for statements that bring nothing.
Brought brought(const Statement& statement);

// The list that consists of this set.
Calls one_set(std::string_view name);

}  // namespace seclude::policy
