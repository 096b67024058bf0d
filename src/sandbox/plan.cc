// Plan: see plan.h.
#include "sandbox/plan.h"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <set>
#include <utility>

#include "base/text.h"
#include "kernel/capabilities.h"
#include "kernel/files.h"
#include "kernel/landlock.h"
#include "kernel/signals.h"
#include "sandbox/executable.h"
#include "sandbox/namespaces/isolation.h"
#include "sandbox/paths/closure.h"
#include "sandbox/rules/companion_rules.h"
#include "sandbox/rules/guard_capabilities.h"
#include "sandbox/rules/limit_rules.h"

namespace seclude::sandbox {
namespace {

tl::unexpected<SetupError> refuse(std::string doing, int errno_value = 0, std::string hint = {}) {
  return tl::unexpected<SetupError>(
      SetupError{SetupError::Kind::Setup, Error{std::move(doing), errno_value, std::move(hint)}});
}

tl::expected<std::vector<int>, SetupError> kept_descriptors(const Request& request) {
  std::vector<int> kept;
  for (const int number : request.keep_descriptors) {
    if (number < 0 || !kernel::descriptor_is_open(number)) {
      return refuse("keep descriptor " + std::to_string(number), EBADF,
                    "open it before: seclude run --fd 5 ... 5<file");
    }
    if (number > 2) kept.push_back(number);  // 0, 1 and 2 are kept anyway
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return kept;
}

// A standard stream that is closed here becomes /dev/null: the first file the program opens would
// take its number, and what was meant as an error message would be written into that file.
void add_standard_streams(const Request& request, std::vector<Step>& steps) {
  const std::optional<std::string>* files[] = {&request.stdin_file, &request.stdout_file,
                                               &request.stderr_file};
  for (int number = 0; number <= 2; ++number) {
    const bool for_writing = number != 0;
    if (*files[number]) {
      steps.push_back(PlaceFile{number, **files[number], for_writing});
    } else if (!kernel::descriptor_is_open(number)) {
      steps.push_back(PlaceFile{number, "/dev/null", for_writing});
    }
  }
}

std::vector<int> ignored_on_purpose() {
  std::vector<int> ignored;
  for (const int number : {SIGHUP, SIGINT, SIGQUIT}) {
    if (kernel::is_ignored(number)) ignored.push_back(number);
  }
  return ignored;
}

// What a policy lets the program reach, and the files that starting it takes.
struct Entering {
  EnterDomain step;
  std::vector<std::string> started;    // programs and libraries, as whoever opens them names them
  std::vector<std::string> consulted;  // by loaders
  std::string beside_program = {};     // a library, as in Closure
};

void add_closure(const Closure& closure, Entering& entering) {
  for (const std::string& path : closure.executed)
    entering.step.paths.push_back(
        {path, kernel::file_right::read_file | kernel::file_right::execute});
  for (const auto* files : {&closure.libraries, &closure.consulted})
    for (const std::string& path : *files)
      entering.step.paths.push_back({path, kernel::file_right::read_file});
  for (const auto* files : {&closure.executed, &closure.libraries, &closure.named})
    entering.started.insert(entering.started.end(), files->begin(), files->end());
  entering.consulted = closure.consulted;
}

bool is_one_program(const PathRight& path, Lookup& lookup) {
  if ((path.rights & kernel::file_right::execute) == 0) return false;
  const auto& facts = lookup.facts(path.path);
  return facts && facts->regular;
}

// The policy's domain, with what starting the program takes, and each that a `run` line names.
Entering entering(const Domain& domain, bool signals, ClosureQuery query, Lookup& lookup) {
  Entering found{.step = {.signals = signals}, .started = {}, .consulted = {}};
  EnterDomain& step = found.step;
  if (domain.confines_network) {
    step.network = kernel::port_right::bind_tcp | kernel::port_right::connect_tcp;
    // A right to all ports takes no rule for each of them.
    for (const PortRight& range : domain.ports)
      if (range.low == 0 && range.high == UINT16_MAX) step.network &= ~range.rights;
    for (const PortRight& range : domain.ports)
      if ((range.rights & step.network) != 0) step.ports.push_back(range);
  }
  if (!domain.confines_paths) return found;
  step.files = kernel::landlock_version().file_rights();
  step.paths = domain.paths;
  for (PathRight& path : step.paths) path.rights &= step.files;
  const Closure needed = closure_of(query, lookup);
  found.beside_program = needed.beside_program;
  add_closure(needed, found);
  for (const PathRight& path : domain.paths) {
    if (!is_one_program(path, lookup)) continue;
    query.program = path.path;
    add_closure(closure_of(query, lookup), found);
  }
  std::set<std::pair<std::string, uint64_t>> seen;
  std::erase_if(step.paths, [&](const PathRight& path) {
    return !seen.insert({path.path, path.rights}).second;
  });
  return found;
}

SignalGuard guard_of(const Request& request) {
  const bool scopes = kernel::landlock_version().scopes_signals();
  return request.signal_guard.value_or(scopes ? SignalGuard::Landlock : SignalGuard::Filter);
}

// A user namespace begins with every capability in it; what was not held outside is given up, too.
bool makes_user_namespace(const std::vector<Step>& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const Step& step) {
    const auto* enter = std::get_if<EnterNamespaces>(&step);
    return enter != nullptr && enter->user;
  });
}

// In which names lead to what mounts do not show.
bool hands_over_a_folder(const Request& request) {
  std::vector<int> numbers = {0, 1, 2};
  numbers.insert(numbers.end(), request.keep_descriptors.begin(), request.keep_descriptors.end());
  if (std::any_of(numbers.begin(), numbers.end(), kernel::descriptor_is_directory)) return true;
  if (!request.stdin_file) return false;
  const auto facts = kernel::facts_of(*request.stdin_file);
  return facts && facts->directory;
}

// The rules of the policy, and those that other layers take from the filter.
filter::Rules enforced(Request& request) {
  filter::Rules rules = std::move(*request.rules);
  if (request.limited.group) rules = keeping_in_group(std::move(rules));
  if (!request.domain) return rules;
  Domain held = *request.domain;
  held.attributes_by_mounts = held.own_root && !hands_over_a_folder(request);
  return with_companions(std::move(rules), held);
}

// What holds the program, and keeps it from whoever holds it.
void add_confinement(Request& request, std::optional<EnterDomain> domain, Lookup& lookup,
                     std::vector<Step>& steps) {
  const SignalGuard guard = guard_of(request);
  const bool user_namespace = makes_user_namespace(steps);
  if (domain) {
    grant_inside(*domain, steps, lookup);
    steps.push_back(std::move(*domain));
  } else if (guard == SignalGuard::Landlock) {
    steps.push_back(KeepSignalsInside{});
  }
  uint64_t set = request.ready ? request.ready->rules->facts().capabilities_to_give_up
                               : capabilities_to_give_up(*request.rules);
  // Without a domain, it is only for want of this that root cannot trace the launcher.
  if (guard == SignalGuard::Filter) set |= kernel::bit_of(kernel::Capability::SysPtrace);
  // With it, root could change mounts, and leave for those outside.
  if (request.domain && request.domain->own_root)
    set |= kernel::bit_of(kernel::Capability::SysAdmin);
  set = user_namespace ? set | ~kernel::own_capabilities() : set & kernel::own_capabilities();
  // Who holds them may raise limits again, or mount the hierarchy of its group once more.
  uint64_t against_limits = 0;
  if (request.limited.any()) against_limits |= kernel::bit_of(kernel::Capability::SysResource);
  if (request.limited.group) against_limits |= kernel::bit_of(kernel::Capability::SysAdmin);
  set |= against_limits & kernel::own_capabilities();
  // For good takes SETPCAP, which a new user namespace gives.
  if (set != 0) steps.push_back(GiveUpCapabilities{set, user_namespace && ~set == 0});
  // Last, because the launcher itself opens descriptors until here.
  for (const ResourceLimit& limit : request.limited.rlimits) steps.push_back(SetLimit{limit});
  LoadFilter load{.rules = {}, .signal_guard = guard};
  if (request.ready) {
    load.rules = request.ready->rules;
    load.patterns = request.ready->patterns;
  } else {
    load.rules = std::make_shared<const KeptRules>(enforced(request));
  }
  if (request.domain) load.listening = request.domain->listening;
  steps.push_back(std::move(load));
}

ClosureQuery closure_query(const Request& request, const std::string& program) {
  return {.program = program, .environment = request.environment, .directory = request.directory};
}

// Where starting the program takes files from.
std::vector<std::string> needed_to_start(const Request& request, const std::string& program,
                                         Lookup& lookup) {
  std::vector<std::string> needed;
  const std::string here = lookup.real(".").value_or("/");
  const Closure closure = closure_of(closure_query(request, program), lookup);
  for (const auto* files :
       {&closure.executed, &closure.libraries, &closure.named, &closure.consulted})
    for (const std::string& file : *files)
      needed.push_back(file.starts_with('/') ? file : here + "/" + file);
  return needed;
}

// The kernel would only say that the program is not there, and mean its loader.
Result<void> check_start_is_shown(const Request& request, const std::string& program,
                                  Lookup& lookup) {
  if (!request.isolation) return {};
  std::vector<std::string> executed;
  for (const CoveredPlace& place : request.isolation->covered) {
    if (!place.hidden) continue;
    if (executed.empty()) executed = closure_of(closure_query(request, program), lookup).executed;
    for (const std::string& file : executed) {
      const auto real = lookup.real(file);
      if (real && is_at_or_below(*real, place.path))
        return fail("start `" + escape(program, 200) + "`, which takes `" + escape(file, 200) +
                        "`: a `hide` line covers it",
                    0, "let the line leave `" + escape(*real, 200) + "` out");
    }
  }
  return {};
}

// The loader would only say that the library is not there, and mean /proc.
Result<void> check_own_place_is_told(const Request& request, const std::string& program,
                                     const std::string& library) {
  const bool told = std::any_of(
      request.domain->paths.begin(), request.domain->paths.end(),
      [](const PathRight& granted) { return is_at_or_below("/proc/self/exe", granted.path); });
  if (library.empty() || told) return {};
  return fail("start `" + escape(program, 200) + "`, which finds `" + escape(library, 200) +
                  "` beside itself: its loader asks /proc/self/exe where that is, and no line "
                  "lists it",
              0, "add `read /proc/**`, and `isolate processes`, which leaves others out of it");
}

// Nothing where the policy asks for nothing of its own.
Result<IsolationSteps> isolating(const Request& request, const std::string& program,
                                 const std::optional<Entering>& domain, Lookup& lookup) {
  const bool own_root = domain && request.domain->own_root;
  if (!request.isolation && !own_root && !request.host_name) return IsolationSteps{};
  const Isolation isolation = request.isolation.value_or(Isolation{});
  TRY_VOID(check_start_is_shown(request, program, lookup));
  auto directory = lookup.real(request.directory.value_or("."));
  if (!directory && !request.directory)
    return fail("find the folder where the program starts", directory.error().errno_value,
                "it may have been removed: start elsewhere, or give `--chdir`");
  if (!directory) return tl::unexpected<Error>(directory.error());
  const bool by_filter = guard_of(request) == SignalGuard::Filter;
  const bool joins_group = request.limited.group.has_value();
  if (own_root) {
    TRY_VOID(check_own_place_is_told(request, program, domain->beside_program));
    const std::string here = lookup.real(".").value_or("/");
    std::vector<std::string> started = domain->started;
    for (std::string& file : started)
      if (!file.starts_with('/')) file = here + "/" + file;
    const RootContents root = {.granted = request.domain->paths,
                               .started = std::move(started),
                               .consulted = domain->consulted,
                               .named = request.domain->named,
                               .directory = *directory,
                               .runs = request.domain->runs};
    return isolation_steps({.isolation = isolation,
                            .signals_by_filter = by_filter,
                            .root = &root,
                            .host_name = request.host_name,
                            .joins_group = joins_group},
                           lookup);
  }
  const bool confined = domain && domain->step.files != 0;
  return isolation_steps({.isolation = isolation,
                          .granted = confined ? &domain->step.paths : nullptr,
                          .needed = needed_to_start(request, program, lookup),
                          .directory = *directory,
                          .signals_by_filter = by_filter,
                          .host_name = request.host_name,
                          .joins_group = joins_group},
                         lookup);
}

// Where it starts, found again once other things are mounted there.
std::optional<std::string> starting_directory(const Request& request, bool mounts, Lookup& lookup) {
  if (!mounts) return request.directory;
  return lookup.real(request.directory.value_or(".")).value_or("/");
}

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

void append(std::vector<Step>& steps, std::vector<Step> more) {
  steps.insert(steps.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

tl::expected<void, SetupError> check_texts(const Request& request) {
  if (request.command.empty()) return refuse("find a program in an empty command");
  if (std::any_of(request.command.begin(), request.command.end(), has_nul))
    return refuse("pass a NUL character in an argument");
  for (const std::string& variable : request.environment) {
    const size_t equals = variable.find('=');
    if (equals == std::string::npos || has_nul(variable))
      return refuse("pass `" + escape(variable, 80) + "` in the environment", 0,
                    "a variable is NAME=VALUE without NUL");
  }
  if (request.directory) {
    const auto facts = kernel::facts_of(*request.directory);
    if (!facts) return refuse("start in " + *request.directory, facts.error().errno_value);
    if (!facts->directory) return refuse("start in " + *request.directory, ENOTDIR);
    if (const int reason = kernel::cannot_execute(*request.directory))
      return refuse("start in " + *request.directory, reason);
  }
  return {};
}

}  // namespace

tl::expected<Plan, SetupError> make_plan(Request request) {
  if (auto checked = check_texts(request); !checked)
    return tl::unexpected<SetupError>(checked.error());
  auto kept = kept_descriptors(request);
  if (!kept) return tl::unexpected<SetupError>(kept.error());
  auto program = find_executable({.command = request.command.front(),
                                  .search_path = request.search_path,
                                  .directory = request.directory});
  if (!program) return tl::unexpected<SetupError>(program.error());

  Lookup lookup;
  std::optional<Entering> domain;
  if (request.rules && request.domain)
    domain = entering(*request.domain, guard_of(request) == SignalGuard::Landlock,
                      closure_query(request, program->path), lookup);
  if (domain && domain->step.files == 0 && domain->step.network == 0)
    domain.reset();  // all is allowed
  auto isolation = isolating(request, program->path, domain, lookup);
  if (!isolation)
    return tl::unexpected<SetupError>(SetupError{SetupError::Kind::Setup, isolation.error()});

  Plan plan;
  plan.warnings = program->warnings;
  std::vector<Step>& steps = plan.steps;
  const LimitSteps& limited = request.limited;
  if (limited.time) steps.push_back(*limited.time);
  steps.push_back(DieWithLauncher{});
  append(steps, std::move(isolation->entering));
  if (limited.group) steps.push_back(*limited.group);
  append(steps, std::move(isolation->grouped));
  if (request.new_session) steps.push_back(NewSession{});
  add_standard_streams(request, steps);
  if (limited.output) steps.push_back(*limited.output);
  append(steps, std::move(isolation->inside));
  if (const auto directory = starting_directory(request, isolation->mounts, lookup))
    steps.push_back(ChangeDirectory{*directory});
  if (request.file_mask) steps.push_back(SetFileMask{*request.file_mask});
  steps.push_back(CloseDescriptors{std::move(*kept)});
  steps.push_back(ResetSignals{ignored_on_purpose()});
  for (const ResourceLimit& limit : request.limits) steps.push_back(SetLimit{limit});
  // Nothing runs between the filter and execve that the filter would have to allow.
  steps.push_back(NoNewPrivileges{});
  std::optional<EnterDomain> entering;
  if (domain) entering = std::move(domain->step);
  if (request.rules || request.ready) add_confinement(request, std::move(entering), lookup, steps);
  steps.push_back(
      Execute{program->path, std::move(request.command), std::move(request.environment)});
  return plan;
}

bool needs_helper(const Plan& plan) {
  return std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
    const auto* load = std::get_if<LoadFilter>(&step);
    return load != nullptr && !load->listening.empty();
  });
}

Plan as_stand_in(Plan plan, std::optional<Supervise> helper) {
  if (!helper && needs_helper(plan)) helper = Supervise::Hold;
  std::vector<Step>& steps = plan.steps;
  const auto load = std::find_if(steps.begin(), steps.end(), [](const Step& step) {
    return std::holds_alternative<LoadFilter>(step);
  });
  if (!helper || load == steps.end()) {
    steps.insert(steps.begin(), RefuseTracing{});
    return plan;
  }
  auto& filter = std::get<LoadFilter>(*load);
  filter.answered = helper;
  const bool follows = !filter.rules->facts().may_trace;
  steps.insert(load, MeetHelper{follows});
  steps.insert(steps.begin(), StartHelper{*helper});
  return plan;
}

}  // namespace seclude::sandbox
