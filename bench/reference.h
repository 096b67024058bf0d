// Reference: policies and recorded calls for measurements, in a neutral text form.
//
// In: policy files ("default RET", "rule NR RET NCOND {ARG OP WIDTH VALUE MASK}", hexadecimal) and
// mixes (count, number, six arguments, tab-separated) of x86_64. Out: rules as the policy language
// would make them: listed calls of Linux 6.12 answer the default, all others ENOSYS, x32 is killed,
// twins with arguments in memory answer ENOSYS. Neighbours: measure_filters.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "filter/cost.h"
#include "filter/input.h"
#include "filter/rules.h"

namespace seclude::bench {

std::optional<filter::Rules> read_policy(const std::string& path);

struct Mix {
  std::string name;
  std::vector<filter::WeightedInput> calls;
};
std::optional<Mix> read_mix(const std::string& path);

}  // namespace seclude::bench
