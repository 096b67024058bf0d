// Launch filter: the programs that one launch loads, one unless the policy is too long for that.
//
// In: a policy's rules and the key of this launch; whether a supervisor answers refused calls
// (notifying_rules.h); who is guarded (guard_rules.h). Out: proven programs with the launcher's
// additions (launch_rule.h), or why there are none.
// Neighbours: filter/stack.h compiles and proves; filter/pattern.h for many launches of one policy;
// prepare.cc loads.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "filter/pattern.h"
#include "filter/program.h"
#include "filter/rules.h"
#include "kernel/raw.h"
#include "sandbox/rules/guard_rules.h"
#include "sandbox/rules/notifying_rules.h"

namespace seclude::sandbox {

// Programs for launches whose guarded processes are of one shape: as many, and the same of them in
// both lists (a launcher that leads its group). Their numbers and the key are blank; of several
// patterns of a shape, each is for another order of numbers.
struct LaunchPattern {
  std::string shape;
  std::variant<filter::Pattern, std::string_view>
      pattern;  // bytes: of filter::write, kept elsewhere
};

// For the launches of one policy. A shape that is missing is compiled when it comes.
struct LaunchPatterns {
  size_t filters = 1;                  // how many a launch without a helper loads
  std::vector<LaunchPattern> alone;    // without a helper
  std::vector<LaunchPattern> watched;  // with a helper that explains
};

// The launcher's group, as its number compares with the launcher's: numbers begin anew when they
// reach their limit (proc(5), pid_max).
enum class GroupIs : uint8_t { Below, Same, Above };
GroupIs compared(int group, int launcher);
// Processes that stand for those to come: a launcher alone, or with a helper that traces.
Guarded alone_to_come(GroupIs group, SignalGuard signals);
Guarded watched_to_come(GroupIs group, SignalGuard signals);

// For processes with numbers to come.
[[nodiscard]] Result<LaunchPatterns> make_patterns(const filter::Rules& rules,
                                                   std::span<const Guarded> alone,
                                                   std::span<const Guarded> watched);

// The programs of a launch; nullopt where no pattern is for it.
std::optional<std::vector<filter::Program>> filled(const std::vector<LaunchPattern>& patterns,
                                                   const kernel::raw::LaunchKey& key,
                                                   const Guarded& guarded);

// What no call on this machine can be of costs time to compile and to load; its calls would be
// killed.
filter::Rules that_can_run_here(const filter::Rules& rules);

// In the order of loading. With a supervisor there is one or none: a task has one listener, which
// cannot stand for several filters; nullopt says that it would take more.
[[nodiscard]] Result<std::optional<filter::Program>> watched_filter(
    const filter::Rules& rules, const kernel::raw::LaunchKey& key, Supervise supervise,
    const std::optional<Guarded>& guarded = {});

[[nodiscard]] Result<std::vector<filter::Program>> launch_filters(
    const filter::Rules& rules, const kernel::raw::LaunchKey& key,
    const std::optional<Guarded>& guarded = {});

}  // namespace seclude::sandbox
