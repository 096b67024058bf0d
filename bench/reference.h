// Reference: policies and recorded calls for measurements, in a neutral text form.
//
// In: policy files ("default RET", "rule NR RET NCOND {ARG OP WIDTH VALUE MASK}", hexadecimal) and
// mixes (count, number, six arguments, tab-separated) of x86_64. Out: rules as the policy language
// would make them: listed calls of Linux 6.12 answer the default, all others ENOSYS, x32 is killed,
// twins with arguments in memory answer ENOSYS. Neighbours: measure_filters.cc.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "filter/cost.h"
#include "filter/input.h"
#include "filter/rules.h"

namespace seclude::bench {

// A policy of x86_64 as its file says it: each rule a conjunction of tests, or always true.
struct PolicyFile {
  filter::Action otherwise;
  std::map<uint32_t, std::vector<filter::Rule>> rules;
};
std::optional<PolicyFile> read_policy(const std::string& path);

// With all the policy language adds.
filter::Rules rules_of(PolicyFile policy);

struct Mix {
  std::string name;
  std::vector<filter::WeightedInput> calls;
};
std::optional<Mix> read_mix(const std::string& path);

}  // namespace seclude::bench
