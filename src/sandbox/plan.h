// Plan: everything a launch will do, decided before there is a child.
//
// In: a Request (command line and policy, resolved). Out: a Plan, a list of steps in the order in
// which they happen; `run --plan` prints it, tests compare it, launch.h carries it out.
// Finding the program, its loader and all that may be missing happens here, where there is still
// a whole process to explain it.
// Neighbours: executable.h finds the program, prepare.h prepares descriptors and the filter.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "filter/rules.h"
#include "sandbox/kept_rules.h"
#include "sandbox/launch_filter.h"
#include "sandbox/limits/limit_steps.h"
#include "sandbox/namespaces/namespace_steps.h"
#include "sandbox/outcome.h"
#include "sandbox/paths/domain.h"
#include "sandbox/ready_launch.h"
#include "sandbox/rules/guard_rules.h"
#include "sandbox/rules/notifying_rules.h"

namespace seclude::sandbox {

// What the program shall have of its own (isolation.h).
struct Isolation {
  bool network = false, processes = false, ipc = false, tmp = false;
  std::vector<CoveredPlace> covered = {};
  std::vector<std::string> lines = {};  // "isolate tmp (site.seclude:4)"
  friend bool operator==(const Isolation&, const Isolation&) = default;
};

struct Request {
  std::vector<std::string> command;  // a name is looked up in `search_path`
  // The policy, resolved, without the launch rule; nullopt runs the program without a filter.
  std::optional<filter::Rules> rules;
  std::optional<ReadyLaunch> ready = {};   // instead of them
  std::vector<std::string> environment;    // NAME=VALUE, all the program gets
  std::optional<std::string> search_path;  // PATH of whoever launches; nullopt: unset
  std::vector<int> keep_descriptors;       // besides 0, 1 and 2
  std::optional<std::string> directory;
  std::optional<unsigned> file_mask = {};  // umask; nullopt: as it is here
  std::optional<std::string> host_name = {};
  std::optional<std::string> stdin_file, stdout_file, stderr_file;  // relative to here, not to it
  std::vector<ResourceLimit> limits;
  bool new_session = false;  // its own session and process group, without terminal
  // What keeps the program's signals from the launcher; nullopt: Landlock where this kernel has it.
  std::optional<SignalGuard> signal_guard;
  // What the program may reach; what starting it takes is added. Only together with `rules`.
  std::optional<Domain> domain = {};
  std::optional<Isolation> isolation = {};
  // What `limit` lines ask for (limits.h); `limits` above hold besides.
  LimitSteps limited = {};
};

// ---- steps, in their order ----------------------------------------------------------------------

// The launcher's own, before there is a child (as_stand_in).
struct RefuseTracing {
  friend bool operator==(const RefuseTracing&, const RefuseTracing&) = default;
};
struct StartHelper {
  Supervise how = Supervise::Explain;
  friend bool operator==(const StartHelper&, const StartHelper&) = default;
};

struct DieWithLauncher {
  friend bool operator==(const DieWithLauncher&, const DieWithLauncher&) = default;
};
struct NewSession {
  friend bool operator==(const NewSession&, const NewSession&) = default;
};
// The parent opens the file, the child puts it in place. Output files are created or truncated.
struct PlaceFile {
  int descriptor = 0;
  std::string path;
  bool for_writing = false;
  friend bool operator==(const PlaceFile&, const PlaceFile&) = default;
};
// Every descriptor from 3 up, but these (sorted).
struct CloseDescriptors {
  std::vector<int> except;
  friend bool operator==(const CloseDescriptors&, const CloseDescriptors&) = default;
};
struct SetFileMask {
  unsigned mask = 0;
  friend bool operator==(const SetFileMask&, const SetFileMask&) = default;
};
struct ChangeDirectory {
  std::string path;
  friend bool operator==(const ChangeDirectory&, const ChangeDirectory&) = default;
};
// Default actions, nothing blocked. SIGHUP, SIGINT and SIGQUIT stay ignored if they are: nohup and
// shells ignore them on purpose for what they start.
struct ResetSignals {
  std::vector<int> keep_ignored;
  friend bool operator==(const ResetSignals&, const ResetSignals&) = default;
};
struct SetLimit {
  ResourceLimit limit;
  friend bool operator==(const SetLimit&, const SetLimit&) = default;
};
struct NoNewPrivileges {
  friend bool operator==(const NoNewPrivileges&, const NoNewPrivileges&) = default;
};
// From here on only what this run starts can be signalled or traced (a Landlock domain).
struct KeepSignalsInside {
  friend bool operator==(const KeepSignalsInside&, const KeepSignalsInside&) = default;
};
// From here on only the listed paths and ports can be reached, and signals stay inside as well.
// Rules are added, and paths opened, by the launcher.
struct EnterDomain {
  uint64_t files = 0, network = 0;  // rights that are refused where no rule grants them
  bool signals = false;
  std::vector<PathRight> paths = {};
  std::vector<PortRight> ports = {};
  std::vector<PathRight> inside = {};  // added by the child, where it has mounted something
  friend bool operator==(const EnterDomain&, const EnterDomain&) = default;
};
// Of those that this process holds; bit n is capability n (guard_capabilities.h).
struct GiveUpCapabilities {
  uint64_t set = 0;
  bool for_good = false;  // being root gives nothing any more, and nothing can be handed down
  friend bool operator==(const GiveUpCapabilities&, const GiveUpCapabilities&) = default;
};
// The helper learns who the child is; from then on nobody else can trace the launcher, whose memory
// the child still shares.
struct MeetHelper {
  bool follows = false;  // it traces the program, which therefore may not trace anything itself
  friend bool operator==(const MeetHelper&, const MeetHelper&) = default;
};
// With a fresh key for the launch rule (launch_rule.h) and with what guards the launcher
// (guard_rules.h); compiled at each launch, where there is no pattern for it.
struct LoadFilter {
  std::shared_ptr<const KeptRules> rules;  // never null
  SignalGuard signal_guard = SignalGuard::Landlock;
  std::vector<ListenEnd> listening = {};   // `listen` waits for the helper
  std::optional<Supervise> answered = {};  // refused calls wait for the helper
  std::shared_ptr<const LaunchPatterns> patterns = {};
  friend bool operator==(const LoadFilter& left, const LoadFilter& right);
};
struct Execute {
  std::string path;
  std::vector<std::string> arguments;    // argv[0] included
  std::vector<std::string> environment;  // NAME=VALUE
  friend bool operator==(const Execute&, const Execute&) = default;
};

using Step = std::variant<RefuseTracing, StartHelper, WatchTime, DieWithLauncher, EnterNamespaces,
                          StartInit, JoinGroup, NewSession, PlaceFile, RelayOutput, SetHostName,
                          RaiseLoopback, JoinNewKeyring, KeepMountsPrivate, MountOver, LeaveRoot,
                          ChangeDirectory, SetFileMask, CloseDescriptors, ResetSignals, SetLimit,
                          NoNewPrivileges, KeepSignalsInside, EnterDomain, GiveUpCapabilities,
                          MeetHelper, LoadFilter, Execute>;

// A line of the policy, and what holds it. The launch does not need to know; readers do.
struct HeldLine {
  std::string place;  // "site.seclude:7"
  std::string text;   // "read /srv/in/**"
  std::string layer;  // "landlock and seccomp"; empty: nothing holds it (--best-effort)
  friend bool operator==(const HeldLine&, const HeldLine&) = default;
};

struct Plan {
  std::vector<Step> steps;            // the last is Execute
  std::vector<std::string> warnings;  // whole sentences: what will not work as its user may expect
  std::vector<HeldLine> lines = {};
  friend bool operator==(const Plan&, const Plan&) = default;
};

[[nodiscard]] tl::expected<Plan, SetupError> make_plan(Request request);

// The first step of a kind; nullptr: there is none.
template <typename T>
const T* find_step(const Plan& plan) {
  for (const Step& step : plan.steps)
    if (const auto* found = std::get_if<T>(&step)) return found;
  return nullptr;
}
template <typename T>
bool has_step(const Plan& plan) {
  return find_step<T>(plan) != nullptr;
}

// The plan of a launcher that stands in for the program (launch.h): it guards itself, and with
// `helper` somebody answers refused calls.
Plan as_stand_in(Plan plan, std::optional<Supervise> helper = {});

// Whether some line of the policy is held by the helper: then there is one, explaining or not.
bool needs_helper(const Plan& plan);

// "close-descriptors"
std::string_view name_of(const Step& step);
// "close descriptors from 3 up, except 5"
std::string to_string(const Step& step);
// What a domain lets the program reach: "read /srv/in", "connect tcp *:443".
std::vector<std::string> grants_of(const Step& step);
// How many programs a step loads, once they are compiled (compile_filter).
std::optional<size_t> filters_of(const Step& step);
// One numbered line per step, each with what it grants, then the lines of the policy that another
// layer than seccomp holds.
std::string to_string(const Plan& plan);

}  // namespace seclude::sandbox
