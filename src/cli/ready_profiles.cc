// Ready profiles: see ready_profiles.h.
#include "cli/ready_profiles.h"

#include <algorithm>

namespace seclude::cli {

std::optional<sandbox::ReadyLaunch> ready_profile(std::string_view name) {
  const auto all = ready_profiles();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const ReadyProfile& one) { return one.name == name; });
  if (found == all.end()) return std::nullopt;
  return sandbox::ready_from_bytes(found->bytes);
}

}  // namespace seclude::cli
