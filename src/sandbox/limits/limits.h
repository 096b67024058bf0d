// Limits: what holds each `limit` line of a policy on this machine, and the steps that bring it
// about.
//
// In: the `limit` lines (of several for one resource the smallest holds), the policy's rules, what
// else the run has, where control groups can be made. Out: steps for the plan; for each line what
// holds it, or why nothing can.
// The cheapest exact hold is taken: a program that its filter lets have one process only is held by
// rlimits, all others by control groups that they cannot leave.
// Neighbours: limit_rules.h reads the rules, kernel/cgroups.h finds the places, limit_watch.h keeps
// time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/source.h"
#include "filter/rules.h"
#include "kernel/cgroups.h"
#include "policy/load.h"
#include "policy/quantity.h"
#include "sandbox/limits/limit_steps.h"
#include "sandbox/paths/domain.h"

namespace seclude::sandbox {

struct LimitLine {
  policy::Resource resource = policy::Resource::Memory;
  uint64_t amount = 0;  // bytes, milliseconds, or a number
  Span span;            // the statement's keyword
  std::string text;     // "limit memory 1G (site.seclude:4)"
};
// `text` is filled from `sources`.
std::vector<LimitLine> limit_lines(const policy::Texts& texts, const SourceMap& sources);

struct LimitQuery {
  const std::vector<LimitLine>& lines;
  const filter::Rules& rules;
  const Domain* domain = nullptr;   // path and network lines; nullptr: all is open
  bool isolates_processes = false;  // `isolate processes`: all ends with the first process in there
  bool accounts = false;            // a report is wanted: memory is measured where it can be
  kernel::GroupPlaces places = {};
};

// What holds a resource; empty: nothing does.
struct HeldResource {
  policy::Resource resource = policy::Resource::Memory;
  std::string layer = {};  // "rlimit", "launcher, cgroup v2 and rlimit"
  std::string why = {};    // nothing holds it, or only a part: one sentence
  std::string fix = {};
  bool held = true;
};

struct HeldLimits {
  LimitSteps steps;
  std::vector<HeldResource> resources;
  // Mount points that have to be made read-only, lest the program leaves its group.
  std::vector<std::string> covered;
};
// `held` is false where best effort only holds a part.
HeldLimits hold_limits(const LimitQuery& query);

const HeldResource* find(const HeldLimits& held, policy::Resource resource);

// What may hold such lines, whatever the machine and the policy; for `check`.
const char* layer_of(policy::Resource resource);

}  // namespace seclude::sandbox
