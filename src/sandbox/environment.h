// Environment: which variables the program gets.
//
// In: the policy's `environment` lines and what the user asked for on the command line. Out: the
// NAME=VALUE list for the plan. A policy with any `environment` line gives the program those names
// and nothing else.
// Neighbours: plan.h takes the list.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "policy/load.h"

namespace seclude::sandbox {

// What `environment` lines say: a name with its value, or nullopt: passed on if it is set.
using Variables = std::map<std::string, std::optional<std::string>>;

// Of all texts; nullopt when there is no `environment` line. Two different values for one name are
// an error.
std::optional<Variables> variables_of(const policy::Texts& texts, Diagnostics& diagnostics);

struct EnvironmentRequest {
  std::vector<std::string> inherited = {};  // NAME=VALUE, of the launcher
  bool clear = false;                       // --clearenv: pass on nothing that is not named
  std::optional<Variables> named = {};      // the policy's
};
// Sorted by name where names were given, else in the order of the launcher.
std::vector<std::string> make_environment(const EnvironmentRequest& request);

// environ, as strings.
std::vector<std::string> own_environment();

}  // namespace seclude::sandbox
