// Ready launch: what a policy that needs nothing but a filter comes down to, made ahead of time.
//
// In: a policy's texts and its rules. Out: the rules as they are launched here, and drafts of the
// programs; as bytes and back. A launch from it neither parses, resolves nor searches: it puts its
// own key and process numbers into a draft and proves the result against the rules, like any
// filter. A draft that does not fit is only slower, never wrong.
// Neighbours: cli/ready_profiles.h keeps those of the built-in profiles; launch_filter.h proves.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "filter/rules.h"
#include "policy/load.h"
#include "sandbox/launch_filter.h"

namespace seclude::sandbox {

struct ReadyLaunch {
  filter::Rules rules;
  std::shared_ptr<const FilterDrafts> drafts;
};

// Every line speaks of calls alone: no path, network, limit, environment, parameter or phase.
bool needs_only_a_filter(const policy::Texts& texts);

// With a key and process numbers that no launch has, the same at every build.
[[nodiscard]] Result<ReadyLaunch> make_ready(const filter::Rules& rules);

std::string to_bytes(const ReadyLaunch& ready);
std::optional<ReadyLaunch> ready_from_bytes(std::string_view bytes);

}  // namespace seclude::sandbox
