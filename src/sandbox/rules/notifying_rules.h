// Notifying rules: the variant of a policy's rules in which refused calls wait for the supervisor.
//
// In: a policy's rules. Out: rules whose `deny` is answered by the supervisor instead of by the
// filter, to be compiled and proven like any other. What kills stays in the filter: it holds with
// every helper dead. So do the answers that come from tables (twins with arguments in memory,
// unknown numbers): libcs rely on them in the ordinary course of things.
// Neighbours: supervisor.h answers with what the original rules say; launch_filter.h compiles.
#pragma once

#include "filter/rules.h"

namespace seclude::sandbox {

enum class Supervise : uint8_t {
  Explain,  // `deny` is answered with the same errno
  Audit,    // everything the policy refuses is let pass, and noted
  Hold,     // nothing is explained: only what the helper does for the program comes to it
};

filter::Rules notifying(filter::Rules rules, Supervise how);

// Whether a call with this outcome comes to the supervisor.
bool is_notified(filter::Action action, filter::Reason reason, Supervise how);

// Whether the program may trace others. A process has one tracer, so then nobody else traces it.
bool may_trace(const filter::Rules& rules);

}  // namespace seclude::sandbox
