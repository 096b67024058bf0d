// Ready profiles: the built-in profiles that need nothing but a filter, ready to be launched.
//
// In: a profile's name. Out: its launch (sandbox/ready_launch.h), made when the program was built;
// nullopt for profiles that need more, which are loaded and compiled like any other policy.
// Neighbours: make_ready_profiles.cc makes them; a test holds them against the profiles' texts.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "sandbox/ready_launch.h"

namespace seclude::cli {

std::optional<sandbox::ReadyLaunch> ready_profile(std::string_view name);

struct ReadyProfile {
  std::string_view name;
  std::string_view bytes;
};
// Sorted by name; defined in generated code.
std::span<const ReadyProfile> ready_profiles();

}  // namespace seclude::cli
