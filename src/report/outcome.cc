// Outcome, reported: see outcome.h.
#include "report/outcome.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "kernel/signals.h"
#include "report/denials.h"

namespace seclude::report {
namespace {

using nlohmann::ordered_json;
using namespace sandbox;

constexpr int schema = 1;

struct Description {
  std::string operator()(const Exited&) const { return {}; }
  std::string operator()(const Signalled& ending) const {
    return "ended by " + kernel::signal_name(ending.signal);
  }
  std::string operator()(const Denied&) const { return "killed by policy: SIGSYS"; }
  std::string operator()(const TimeLimit&) const { return "ended by the launcher: time is up"; }
  std::string operator()(const OverLimit& ending) const {
    return "ended by its limit: " + std::string(policy::resource_name(ending.resource));
  }
  std::string operator()(const SetupError& ending) const { return to_string(ending.error); }
};

std::string_view name_of(SetupError::Kind kind) {
  switch (kind) {
    case SetupError::Kind::NotFound:
      return "not_found";
    case SetupError::Kind::NotExecutable:
      return "not_executable";
    case SetupError::Kind::NotWatchable:
    case SetupError::Kind::Setup:
      return "setup";
  }
  return "setup";
}

ordered_json with_signal(const char* outcome, int signal, bool core) {
  return {{"outcome", outcome},
          {"signal", kernel::signal_name(signal)},
          {"signal_number", signal},
          {"core_dumped", core}};
}

// The outcomes have names of their own, in the style of the others.
std::string outcome_of(policy::Resource resource) {
  std::string name(policy::resource_name(resource));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

struct Ended {
  ordered_json operator()(const Exited& ending) const {
    return {{"outcome", "exited"}, {"status", ending.status}};
  }
  ordered_json operator()(const Signalled& ending) const {
    return with_signal("signaled", ending.signal, ending.core);
  }
  ordered_json operator()(const Denied& ending) const {
    return with_signal("denied", SIGSYS, ending.core);
  }
  ordered_json operator()(const TimeLimit&) const { return {{"outcome", "timeout"}}; }
  ordered_json operator()(const OverLimit& ending) const {
    return {{"outcome", outcome_of(ending.resource)}};
  }
  ordered_json operator()(const SetupError& ending) const {
    ordered_json error = {{"kind", name_of(ending.kind)}, {"doing", ending.error.doing}};
    if (const char* name = ::strerrorname_np(ending.error.errno_value);
        name != nullptr && ending.error.errno_value != 0)
      error["errno"] = name;
    if (!ending.error.hint.empty()) error["hint"] = ending.error.hint;
    return {{"outcome", "setup_error"}, {"error", std::move(error)}};
  }
};

double seconds(uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

ordered_json usage_of(const Usage& usage) {
  ordered_json document = {{"wall_seconds", seconds(usage.wall)},
                           {"user_seconds", seconds(usage.user)},
                           {"system_seconds", seconds(usage.system)},
                           {"peak_memory_bytes", usage.peak_memory},
                           {"peak_memory_exact", usage.peak_memory_exact}};
  if (usage.read) document["disk_read_bytes"] = *usage.read;
  if (usage.written) document["disk_written_bytes"] = *usage.written;
  return document;
}

bool shows_a_kill(const Denials& denials) {
  return std::any_of(denials.seen.begin(), denials.seen.end(),
                     [](const Denial& denial) { return !denial.verdict.action.is_deny(); });
}

// Without a supervisor only a denial that ends the program shows from outside; one answered with an
// errno is the program's own to know.
ordered_json denials_of(const Outcome& outcome, const Explanation* explanation) {
  ordered_json denials = ordered_json::array();
  const Denials& seen = outcome.observed.denials;
  if (explanation != nullptr) denials = to_json(seen, explanation->context, explanation->sources);
  if (std::holds_alternative<Denied>(outcome.ending) && !shows_a_kill(seen))
    denials.push_back({{"signal", "SIGSYS"}});
  return denials;
}

std::string_view name_of(Observed::How how) {
  switch (how) {
    case Observed::How::Fatal:
      return "fatal";
    case Observed::How::Explained:
      return "all";
    case Observed::How::Unwatched:
    case Observed::How::Chained:
      return "fatal";
    case Observed::How::Lost:
    case Observed::How::HeldUp:
      return "lost";
  }
  return "fatal";
}

void add_isolation_layers(const Step& step, ordered_json& layers) {
  using Kind = sandbox::MountOver::Kind;
  if (const auto* enter = std::get_if<sandbox::EnterNamespaces>(&step)) {
    for (const auto& [made, thing] : {std::pair{enter->processes, "processes"},
                                      {enter->network, "network"},
                                      {enter->ipc, "ipc"}})
      if (made) layers.push_back({{"layer", "namespaces"}, {"enforces", thing}});
  } else if (const auto* mount = std::get_if<sandbox::MountOver>(&step)) {
    if (mount->kind == Kind::Root)
      layers.push_back({{"layer", "mounts"}, {"enforces", "paths"}});
    else if (mount->kind == Kind::EmptyFolder)
      layers.push_back({{"layer", "mounts"}, {"enforces", "an empty " + escape(mount->path)}});
  }
}

void add_limit_layers(const Step& step, ordered_json& layers) {
  if (const auto* time = std::get_if<sandbox::WatchTime>(&step)) {
    if (time->wall) layers.push_back({{"layer", "launcher"}, {"enforces", "time"}});
    if (time->processor) layers.push_back({{"layer", "launcher"}, {"enforces", "cpu-time"}});
  } else if (std::holds_alternative<sandbox::RelayOutput>(step)) {
    layers.push_back({{"layer", "launcher"}, {"enforces", "output"}});
  } else if (const auto* join = std::get_if<sandbox::JoinGroup>(&step)) {
    for (const kernel::GroupPart& part : join->parts) {
      const char* layer = part.version2 ? "cgroup v2" : "cgroup v1";
      if (part.memory) layers.push_back({{"layer", layer}, {"enforces", "memory"}});
      if (part.tasks) layers.push_back({{"layer", layer}, {"enforces", "processes and threads"}});
    }
  }
}

ordered_json layers_of(const Plan& plan) {
  ordered_json layers = ordered_json::array();
  for (const Step& step : plan.steps) {
    if (std::holds_alternative<LoadFilter>(step)) {
      layers.push_back({{"layer", "seccomp"}, {"enforces", "system calls and their arguments"}});
    } else if (const auto* limit = std::get_if<SetLimit>(&step)) {
      layers.push_back(
          {{"layer", "rlimit"}, {"enforces", sandbox::name_of(limit->limit.resource)}});
    } else {
      add_limit_layers(step, layers);
      add_isolation_layers(step, layers);
    }
  }
  for (const Step& step : plan.steps) {
    const auto* enter = std::get_if<sandbox::EnterDomain>(&step);
    const bool signals = enter ? enter->signals : std::holds_alternative<KeepSignalsInside>(step);
    if (enter && enter->files != 0)
      layers.push_back({{"layer", "landlock"}, {"enforces", "paths"}});
    if (enter && enter->network != 0)
      layers.push_back({{"layer", "landlock"}, {"enforces", "TCP ports"}});
    if (signals)
      layers.push_back(
          {{"layer", "landlock"}, {"enforces", "signals and tracing stay inside the run"}});
  }
  return layers;
}

}  // namespace

std::string describe(const Ending& ending) { return std::visit(Description{}, ending); }

bool was_asked_to_end(const Ending& ending) {
  const auto* signalled = std::get_if<Signalled>(&ending);
  if (signalled == nullptr) return false;
  const int number = signalled->signal;
  return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGPIPE;
}

std::string to_json(const Plan& plan) {
  ordered_json steps = ordered_json::array();
  for (const Step& step : plan.steps) {
    steps.push_back({{"step", sandbox::name_of(step)}, {"text", sandbox::to_string(step)}});
    const auto grants = sandbox::grants_of(step);
    if (!grants.empty()) steps.back()["grants"] = grants;
    if (const auto filters = sandbox::filters_of(step)) steps.back()["filters"] = *filters;
  }
  ordered_json lines = ordered_json::array();
  for (const HeldLine& line : plan.lines)
    lines.push_back(
        {{"line", line.place},
         {"text", line.text},
         {"layer", line.layer.empty() ? ordered_json(nullptr) : ordered_json(line.layer)}});
  const ordered_json document = {{"schema", 1},
                                 {"steps", std::move(steps)},
                                 {"lines", std::move(lines)},
                                 {"warnings", plan.warnings}};
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string to_json(const Outcome& outcome, const Plan* plan, const Explanation* explanation) {
  ordered_json document = {{"schema", schema}};
  document.update(std::visit(Ended{}, outcome.ending));
  document["exit_status"] = exit_status(outcome.ending);
  document["usage"] = usage_of(outcome.usage);
  if (outcome.refused_tasks) document["limits_reached"] = {"processes"};
  document["denials"] = denials_of(outcome, explanation);
  document["denials_observed"] = name_of(outcome.observed.how);
  if (plan != nullptr) {
    document["layers"] = layers_of(*plan);
    document["warnings"] = plan->warnings;
  }
  // Names may hold any bytes; JSON holds UTF-8. `replace` also keeps dump() from throwing. In ASCII
  // nothing drives the terminal of whoever looks at the file: some controls are two bytes long.
  return document.dump(2, ' ', true, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace seclude::report
