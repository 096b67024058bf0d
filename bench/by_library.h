// By library: launches of a process that launches one plan many times (sandbox::Launcher).
//
// In: a policy, a command. Out: a way of starting it that launches.h measures. All that is done
// once, reading and resolving the policy, compiling and proving its filter, is not in the figures.
// Neighbours: launch_bench.cc and posture_bench.cc compare it.
#pragma once

#include <string>
#include <vector>

#include "launches.h"
#include "sandbox/plan.h"

namespace bench {

// The command behind a policy, with the environment of this process.
seclude::sandbox::Request behind_policy(const std::string& text, std::vector<std::string> command);

// What does not work here fails at its first launch.
Launch by_library(seclude::sandbox::Request request, bool explain);

}  // namespace bench
