// Launch filter: the programs that one launch loads, one unless the policy is too long for that.
//
// In: a policy's rules and the key of this launch; whether a supervisor answers refused calls
// (notifying_rules.h); who is guarded (guard_rules.h). Out: proven programs with the launcher's
// additions (launch_rule.h), or why there are none.
// Neighbours: filter/stack.h compiles and proves; prepare.cc loads.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "filter/program.h"
#include "filter/rules.h"
#include "kernel/raw.h"
#include "sandbox/guard_rules.h"
#include "sandbox/notifying_rules.h"

namespace seclude::sandbox {

// The programs of an earlier launch, to begin with. Another key and other processes take the place
// of theirs, and the result is proven against the rules like any other; where it does not fit any
// more, it is not used.
struct FilterDraft {
  std::vector<filter::Program> programs;
  kernel::raw::LaunchKey key = {};
  std::vector<int> processes = {}, groups = {};  // as in Guarded
};

// For launches of one plan, with a helper that explains and without.
struct FilterDrafts {
  FilterDraft alone;
  std::optional<FilterDraft> watched;  // nullopt: it takes more than one filter
};

// Whose drafts, and for which guarded processes.
struct DraftFor {
  kernel::raw::LaunchKey key = {};
  Guarded guarded = {};
};
[[nodiscard]] Result<FilterDrafts> make_drafts(const filter::Rules& rules, const DraftFor& alone,
                                               const DraftFor& watched);

// What no call on this machine can be of costs time to compile and to load; its calls would be
// killed.
filter::Rules that_can_run_here(const filter::Rules& rules);

// In the order of loading. With a supervisor there is one or none: a task has one listener, which
// cannot stand for several filters; nullopt says that it would take more.
[[nodiscard]] Result<std::optional<filter::Program>> watched_filter(
    const filter::Rules& rules, const kernel::raw::LaunchKey& key, Supervise supervise,
    const std::optional<Guarded>& guarded = {}, const FilterDraft* draft = nullptr);

[[nodiscard]] Result<std::vector<filter::Program>> launch_filters(
    const filter::Rules& rules, const kernel::raw::LaunchKey& key,
    const std::optional<Guarded>& guarded = {}, const FilterDraft* draft = nullptr);

}  // namespace seclude::sandbox
