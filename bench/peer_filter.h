// Peer filter: our filter for programs that load one but do not make it.
//
// In: the name of a built-in profile. Out: its rules; and the filter of rules as a file.
// Neighbours: launch_bench.cc and posture_bench.cc hand it to bubblewrap.
#pragma once

#include <string>

#include "filter/rules.h"

namespace bench {

seclude::filter::Rules rules_of_profile(const std::string& name);

// As a file in memory that others read: the filter alone, without what only our launcher needs.
int filter_file(const seclude::filter::Rules& rules);

}  // namespace bench
