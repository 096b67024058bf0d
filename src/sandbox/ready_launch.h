// Ready launch: what a policy that needs nothing but a filter comes down to, made ahead of time.
//
// In: a policy's texts and its rules. Out: the rules as they are launched here, and patterns of
// their programs, proven; as bytes and back. A launch from it neither parses, resolves, searches
// nor proves again: it puts its own key and process numbers into a pattern whose proof carries over
// to them (filter/pattern.h). Where it does not carry over, the filter is compiled like any other.
// Neighbours: cli/ready_profiles.h keeps those of the built-in profiles; kept_rules.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "filter/rules.h"
#include "policy/load.h"
#include "sandbox/kept_rules.h"
#include "sandbox/launch_filter.h"

namespace seclude::sandbox {

struct ReadyLaunch {
  std::shared_ptr<const KeptRules> rules;
  std::shared_ptr<const LaunchPatterns> patterns;
};

// Every line speaks of calls alone: no path, network, limit, environment, parameter or phase.
bool needs_only_a_filter(const policy::Texts& texts);

// The bytes of a ready launch, the same at every build.
[[nodiscard]] Result<std::string> make_ready(const filter::Rules& rules);

// The bytes outlive the launch, which is read from them as far as it is needed. Only the first look
// finds out that they are cut (nullopt); they are part of the program.
std::optional<ReadyLaunch> ready_from_bytes(std::string_view bytes);

}  // namespace seclude::sandbox
