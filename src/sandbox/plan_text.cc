// Plan, as text and as a value: names of its parts, one line per step, comparison of rules.
//
// In: a plan. Out: what `run --plan` shows; strings from outside are escaped. See plan.h.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "kernel/capabilities.h"
#include "kernel/landlock.h"
#include "kernel/signals.h"
#include "sandbox/plan.h"

namespace seclude::sandbox {
namespace {

bool same(const filter::Rule& a, const filter::Rule& b) {
  return a.action == b.action && a.where == b.where && a.origin == b.origin && a.reason == b.reason;
}

bool same(const filter::NumberRules& a, const filter::NumberRules& b) {
  return a.number == b.number && a.first_rule == b.first_rule && a.end_rule == b.end_rule &&
         a.otherwise == b.otherwise && a.otherwise_origin == b.otherwise_origin &&
         a.otherwise_reason == b.otherwise_reason && a.mediated == b.mediated;
}

bool same(const filter::ArchRules& a, const filter::ArchRules& b) {
  const auto pairwise = [](const auto& x, const auto& y) { return same(x, y); };
  return a.arch == b.arch && a.unknown == b.unknown && a.unknown_origin == b.unknown_origin &&
         a.unknown_reason == b.unknown_reason &&
         std::equal(a.numbers.begin(), a.numbers.end(), b.numbers.begin(), b.numbers.end(),
                    pairwise) &&
         std::equal(a.rules.begin(), a.rules.end(), b.rules.begin(), b.rules.end(), pairwise);
}

std::string list_of(const std::vector<int>& numbers) {
  std::vector<std::string> parts;
  for (const int number : numbers) parts.push_back(std::to_string(number));
  return join(parts, ", ");
}

std::string signal_list(const std::vector<int>& numbers) {
  std::vector<std::string> parts;
  for (const int number : numbers) parts.push_back(kernel::signal_name(number));
  return join(parts, ", ");
}

std::string_view unit_of(LimitedResource resource) {
  switch (resource) {
    case LimitedResource::CpuTime:
      return " seconds";
    case LimitedResource::OpenFiles:
    case LimitedResource::Processes:
      return "";
    case LimitedResource::FileSize:
    case LimitedResource::AddressSpace:
    case LimitedResource::CoreFile:
    case LimitedResource::Data:
    case LimitedResource::Stack:
      return " bytes";
  }
  return "";
}

// The strongest word of the language for what may be done with a path.
std::string_view word_for(uint64_t rights) {
  namespace right = kernel::file_right;
  if ((rights & right::execute) != 0) return "run";
  if ((rights & right::make_reg) != 0) return "create";
  return (rights & right::write_file) != 0 ? "write" : "read";
}

struct NameOf {
  std::string_view operator()(const RefuseTracing&) const { return "refuse-tracing"; }
  std::string_view operator()(const StartHelper&) const { return "start-helper"; }
  std::string_view operator()(const DieWithLauncher&) const { return "die-with-launcher"; }
  std::string_view operator()(const EnterNamespaces&) const { return "enter-namespaces"; }
  std::string_view operator()(const StartInit&) const { return "start-init"; }
  std::string_view operator()(const SetHostName&) const { return "set-host-name"; }
  std::string_view operator()(const RaiseLoopback&) const { return "raise-loopback"; }
  std::string_view operator()(const JoinNewKeyring&) const { return "join-new-keyring"; }
  std::string_view operator()(const KeepMountsPrivate&) const { return "keep-mounts-private"; }
  std::string_view operator()(const MountOver&) const { return "mount-over"; }
  std::string_view operator()(const LeaveRoot&) const { return "leave-root"; }
  std::string_view operator()(const WatchTime&) const { return "watch-time"; }
  std::string_view operator()(const JoinGroup&) const { return "join-group"; }
  std::string_view operator()(const RelayOutput&) const { return "relay-output"; }
  std::string_view operator()(const NewSession&) const { return "new-session"; }
  std::string_view operator()(const PlaceFile&) const { return "place-file"; }
  std::string_view operator()(const ChangeDirectory&) const { return "change-directory"; }
  std::string_view operator()(const SetFileMask&) const { return "set-file-mask"; }
  std::string_view operator()(const CloseDescriptors&) const { return "close-descriptors"; }
  std::string_view operator()(const ResetSignals&) const { return "reset-signals"; }
  std::string_view operator()(const SetLimit&) const { return "set-limit"; }
  std::string_view operator()(const NoNewPrivileges&) const { return "no-new-privileges"; }
  std::string_view operator()(const KeepSignalsInside&) const { return "keep-signals-inside"; }
  std::string_view operator()(const EnterDomain&) const { return "enter-domain"; }
  std::string_view operator()(const GiveUpCapabilities&) const { return "give-up-capabilities"; }
  std::string_view operator()(const MeetHelper&) const { return "meet-helper"; }
  std::string_view operator()(const LoadFilter&) const { return "load-filter"; }
  std::string_view operator()(const Execute&) const { return "execute"; }
};

struct TextOf {
  std::string operator()(const RefuseTracing&) const {
    return "make the launcher untraceable (PR_SET_DUMPABLE)";
  }
  std::string operator()(const StartHelper& step) const {
    return std::string("start a helper process, ") + std::string(use_of(step.how));
  }
  static std::string_view use_of(Supervise how) {
    switch (how) {
      case Supervise::Explain:
        return "which explains what is refused";
      case Supervise::Audit:
        return "which notes what would be refused and lets it pass";
      case Supervise::Hold:
        return "which explains nothing, but holds lines that nobody else can";
    }
    return "";
  }
  std::string operator()(const MeetHelper& step) const {
    return std::string("let the helper ") +
           (step.follows ? "follow the program (ptrace)"
                         : "know the program, not follow it (it may use ptrace itself)") +
           ", and make the launcher untraceable (PR_SET_DUMPABLE)";
  }
  std::string operator()(const DieWithLauncher&) const {
    return "end with the launcher (PR_SET_PDEATHSIG, SIGKILL)";
  }
  std::string operator()(const EnterNamespaces& step) const { return sandbox::to_string(step); }
  std::string operator()(const StartInit&) const {
    return "start the first process of the process namespace, with which everything in it ends";
  }
  std::string operator()(const SetHostName& step) const {
    return "take the host name " + escape(step.name);
  }
  std::string operator()(const RaiseLoopback&) const {
    return "bring up the loopback device of the network namespace";
  }
  std::string operator()(const JoinNewKeyring&) const {
    return "join a session keyring of its own (keyctl)";
  }
  std::string operator()(const KeepMountsPrivate&) const {
    return "keep mounts from spreading in either direction (MS_PRIVATE)";
  }
  std::string operator()(const MountOver& step) const { return sandbox::to_string(step); }
  std::string operator()(const LeaveRoot& step) const {
    return std::string("let go of the root directory outside") +
           (step.seals ? ", and make the own one unchangeable" : "");
  }
  std::string operator()(const WatchTime& step) const { return sandbox::to_string(step); }
  std::string operator()(const JoinGroup& step) const { return sandbox::to_string(step); }
  std::string operator()(const RelayOutput& step) const { return sandbox::to_string(step); }
  std::string operator()(const NewSession&) const { return "start a session of its own (setsid)"; }
  std::string operator()(const PlaceFile& step) const {
    return (step.for_writing ? "write descriptor " : "read descriptor ") +
           std::to_string(step.descriptor) + (step.for_writing ? " to " : " from ") +
           escape(step.path);
  }
  std::string operator()(const ChangeDirectory& step) const {
    return "change directory to " + escape(step.path);
  }
  std::string operator()(const SetFileMask& step) const {
    return fmt::format("take these bits from the modes of new files: {:03o} (umask)", step.mask);
  }
  std::string operator()(const CloseDescriptors& step) const {
    return "close descriptors from 3 up" +
           (step.except.empty() ? std::string() : ", except " + list_of(step.except));
  }
  std::string operator()(const ResetSignals& step) const {
    return "unblock all signals and reset their actions" +
           (step.keep_ignored.empty() ? std::string()
                                      : ", except ignored " + signal_list(step.keep_ignored));
  }
  std::string operator()(const SetLimit& step) const {
    return "limit " + std::string(name_of(step.limit.resource)) + " to " +
           std::to_string(step.limit.value) + std::string(unit_of(step.limit.resource));
  }
  std::string operator()(const NoNewPrivileges&) const {
    return "give up gaining privileges (no_new_privs)";
  }
  std::string operator()(const KeepSignalsInside&) const {
    return "let signals and tracing reach only what this run starts (Landlock, "
           "LANDLOCK_SCOPE_SIGNAL)";
  }
  std::string operator()(const EnterDomain& step) const {
    std::vector<std::string> parts;
    if (step.files != 0) parts.push_back(count(step.paths.size() + step.inside.size(), "path"));
    if (step.network != 0) parts.push_back(count(step.ports.size(), "range") + " of TCP ports");
    std::string text =
        "reach only the listed files and connections (Landlock): " + join(parts, ", ");
    if (step.signals) text += "; let signals and tracing reach only what this run starts";
    return text;
  }
  std::string operator()(const GiveUpCapabilities& step) const {
    if (step.for_good) return "give up all capabilities, for good (securebits NOROOT, locked)";
    if (step.set == ~uint64_t{0}) return "give up all capabilities";
    return "give up capabilities: " + kernel::show_capabilities(step.set);
  }
  std::string operator()(const LoadFilter& step) const {
    std::vector<std::string> parts;
    for (const filter::ArchRules& rules : step.rules->get().archs) {
      parts.push_back(count(rules.numbers.size(), "call") + " on " +
                      std::string(calls::info(rules.arch).name));
    }
    const bool waits = step.answered && step.answered != Supervise::Hold;
    std::string helped = waits ? "; what is refused waits for the helper" : "";
    if (!step.listening.empty()) helped += "; the helper listens for the program";
    const size_t filters = filters_of(step).value_or(1);
    return (filters > 1 ? fmt::format("load {} filters (seccomp), one after the other: ", filters)
                        : "load the filter (seccomp): ") +
           join(parts, ", ") + helped +
           (step.signal_guard == SignalGuard::Filter ? "; no signals to the launcher" : "");
  }
  std::string operator()(const Execute& step) const {
    std::string text = "execute " + escape(step.path);
    for (size_t i = 1; i < step.arguments.size(); ++i) text += " " + escape(step.arguments[i]);
    return text + " with " + count(step.environment.size(), "environment variable");
  }
};

}  // namespace

std::string to_string(const EnterNamespaces& step) {
  std::vector<std::string> kinds;
  if (step.user) kinds.push_back("user");
  if (step.mounts) kinds.push_back("mounts");
  if (step.processes) kinds.push_back("processes");
  if (step.network) kinds.push_back("network");
  if (step.ipc) kinds.push_back("ipc");
  if (step.names) kinds.push_back("names");
  if (step.groups) kinds.push_back("control groups");
  std::string text = "make namespaces of its own: " + join(kinds, ", ");
  if (!step.lines.empty()) text += ", for `" + escape(join(step.lines, "`, `"), 300) + "`";
  return text;
}

std::string to_string(const KeptPlace& kept) {
  const std::string path = escape(kept.path);
  if (!kept.link.empty()) return "the link " + path + " to " + escape(kept.link);
  if (kept.source.empty()) return "an empty " + path;
  std::vector<std::string> rights = {kept.read_only ? "read-only" : "writable"};
  if (!kept.runs) rights.push_back("no-exec");
  if (!kept.devices) rights.push_back("no-dev");
  return path + " (" + join(rights, ", ") + ")";
}

std::string to_string(const JoinGroup& step) {
  std::vector<std::string> parts;
  for (const kernel::GroupPart& part : step.parts) {
    std::string text = "below " + escape(part.folder) + (part.version2 ? " (v2)" : " (v1)");
    for (const kernel::GroupSetting& setting : part.settings)
      text += ", " + setting.file + " " + setting.value;
    parts.push_back(std::move(text));
  }
  return "join a control group of this run: " + join(parts, "; ") +
         (step.guarded ? "; a guardian removes it should the launcher be killed" : "");
}

std::string to_string(const WatchTime& step) {
  std::vector<std::string> parts;
  const auto seconds = [](uint64_t nanoseconds) {
    return fmt::format("{} s", static_cast<double>(nanoseconds) / 1e9);
  };
  if (step.wall) parts.push_back(seconds(*step.wall));
  if (step.processor) parts.push_back(seconds(*step.processor) + " of processor time");
  return "end the run after " + join(parts, ", or ");
}

std::string to_string(const RelayOutput& step) {
  return "pass on standard output and standard error, up to " + std::to_string(step.bytes) +
         " bytes";
}

std::string to_string(const MountOver& step) {
  const std::string path = escape(step.path);
  switch (step.kind) {
    case MountOver::Kind::Root:
      return "make a root directory of its own, with nothing but what is listed";
    case MountOver::Kind::EmptyFolder:
      return "mount an empty folder in memory over " + path +
             (step.kept.empty() ? "" : ", which shows again");
    case MountOver::Kind::Processes:
      return "mount " + path + " of the process namespace";
    case MountOver::Kind::Queues:
      return "mount " + path + " of the ipc namespace";
    case MountOver::Kind::ReadOnly:
      return "make " + path + " unchangeable, by a mount";
    case MountOver::Kind::Pinned:
      return "keep " + path + " from being renamed, by a mount";
    case MountOver::Kind::HiddenFolder:
      return "hide the folder " + path + ", by an empty mount";
    case MountOver::Kind::HiddenFile:
      return "hide the file " + path + ", by a mount that cannot be opened";
  }
  return {};
}

std::string_view name_of(LimitedResource resource) {
  switch (resource) {
    case LimitedResource::CpuTime:
      return "cpu-time";
    case LimitedResource::FileSize:
      return "file-size";
    case LimitedResource::OpenFiles:
      return "open-files";
    case LimitedResource::Processes:
      return "processes";
    case LimitedResource::AddressSpace:
      return "address-space";
    case LimitedResource::CoreFile:
      return "core-file";
    case LimitedResource::Data:
      return "data";
    case LimitedResource::Stack:
      return "stack";
  }
  return "";
}

bool operator==(const LoadFilter& left, const LoadFilter& right) {
  const auto& a = left.rules->get().archs;
  const auto& b = right.rules->get().archs;
  return left.signal_guard == right.signal_guard && left.answered == right.answered &&
         left.listening == right.listening &&
         std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return same(x, y); });
}

std::optional<size_t> filters_of(const Step& step) {
  const auto* load = std::get_if<LoadFilter>(&step);
  if (load == nullptr || !load->patterns) return std::nullopt;
  return load->answered ? 1 : load->patterns->filters;
}

std::string_view name_of(const Step& step) { return std::visit(NameOf{}, step); }

std::string to_string(const Step& step) { return std::visit(TextOf{}, step); }

std::vector<std::string> grants_of(const Step& step) {
  std::vector<std::string> grants;
  if (const auto* mount = std::get_if<MountOver>(&step))
    for (const KeptPlace& kept : mount->kept) grants.push_back(to_string(kept));
  const auto* enter = std::get_if<EnterDomain>(&step);
  if (enter == nullptr) return grants;
  for (const auto* paths : {&enter->paths, &enter->inside})
    for (const PathRight& path : *paths)
      grants.push_back(std::string(word_for(path.rights)) + " " + escape(path.path));
  for (const PortRight& range : enter->ports) {
    const bool connects = range.rights == kernel::port_right::connect_tcp;
    grants.push_back(std::string(connects ? "connect" : "listen") +
                     " tcp *:" + std::to_string(range.low) +
                     (range.low == range.high ? "" : ".." + std::to_string(range.high)));
  }
  return grants;
}

std::string to_string(const Plan& plan) {
  std::string text;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    text += (number.size() < 2 ? " " : "") + number + ". " + to_string(plan.steps[i]) + "\n";
    for (const std::string& grant : grants_of(plan.steps[i])) text += "    " + grant + "\n";
  }
  for (const HeldLine& line : plan.lines) {
    if (line.layer == "seccomp") continue;  // most lines: the step above says it
    const std::string by = line.layer == "launch" ? "the launcher" : line.layer;
    text += escape(line.place, 100) + ": `" + escape(line.text, 100) +
            "`: " + (by.empty() ? "not held" : "held by " + by) + "\n";
  }
  return text;
}

}  // namespace seclude::sandbox
