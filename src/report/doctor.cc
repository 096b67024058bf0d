// Doctor: see doctor.h. Each function below judges one facility.
#include "report/doctor.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "sandbox/namespaces/namespace_hints.h"

namespace seclude::report {
namespace {

using kernel::Answer;
using kernel::Features;
using State = Finding::State;

// What newer Landlock versions add (landlock(7)).
constexpr int landlock_truncate = 3, landlock_ports = 4, landlock_devices = 5, landlock_scopes = 6;

std::string errno_text(int value) {
  if (value == 0) return "not available";
  const char* name = ::strerrorname_np(value);
  return name ? name : "errno " + std::to_string(value);
}

Finding simple(std::string name, const Answer& answer, State otherwise, std::string needed_for,
               std::string fix) {
  if (answer.yes) return {std::move(name), State::Good, "", std::move(needed_for), ""};
  return {std::move(name), otherwise, errno_text(answer.errno_value), std::move(needed_for),
          std::move(fix)};
}

Finding filters(const Features& features) {
  return simple("seccomp filters", features.filters, State::Missing, "every policy",
                features.filters.errno_value == ENOSYS
                    ? "a kernel with CONFIG_SECCOMP_FILTER=y (or a filter outside answers ENOSYS)"
                    : "run without the filter that is already in force outside");
}

Finding actions(const Features& features) {
  std::vector<std::string> missing;
  for (const auto& answer : features.actions) {
    if (!answer.available) missing.push_back(answer.name);
  }
  const std::string needed = "kill, kill-thread, trap, deny, ask, trace, log, allow";
  if (missing.empty())
    return {"seccomp actions", State::Good, count(features.actions.size(), "action"), needed, ""};
  return {"seccomp actions", State::Lacking, "without " + join(missing, ", "), needed,
          "Linux 5.0 or later has all of them"};
}

Finding listener(const Features& features) {
  Finding finding{"seccomp notifications", State::Good, "", "ask, hosts, explaining denials", ""};
  if (features.listener && features.wait_killable) return finding;
  finding.state = State::Lacking;
  finding.detail = features.listener ? "without WAIT_KILLABLE_RECV" : "no listener";
  finding.fix = features.listener
                    ? "Linux 5.19 or later: before, signals interrupt calls that are being answered"
                    : "Linux 5.0 or later";
  return finding;
}

Finding all_threads(const Features& features) {
  return simple("seccomp for all threads", {features.tsync_errno, 0}, State::Lacking,
                "a program that confines itself together with a listener",
                "Linux 5.7 or later (TSYNC_ESRCH)");
}

Finding jit(const Features& features) {
  Finding finding{"BPF JIT", State::Good, "", "the speed of filters", ""};
  if (!features.jit) {
    finding.state = State::Note;
    finding.detail = "unknown";
  } else if (*features.jit == 0) {
    finding.state = State::Lacking;
    finding.detail = "off";
    finding.fix = "sysctl net.core.bpf_jit_enable=1";
  }
  return finding;
}

Finding landlock(const Features& features) {
  Finding finding{"Landlock", State::Good, "ABI " + std::to_string(features.landlock_abi),
                  "read, write, create, run; ports", ""};
  if (features.landlock_abi == 0) {
    finding.state = State::Lacking;
    finding.detail = errno_text(features.landlock_errno);
    finding.fix = features.landlock_errno == EOPNOTSUPP
                      ? "boot with landlock in the lsm= list (it is built in but switched off)"
                      : "a kernel with CONFIG_SECURITY_LANDLOCK=y (Linux 5.13 or later)";
    return finding;
  }
  std::vector<std::string> missing;
  if (features.landlock_abi < landlock_truncate) missing.push_back("truncation (Linux 6.2)");
  if (features.landlock_abi < landlock_ports) missing.push_back("ports (Linux 6.7)");
  if (features.landlock_abi < landlock_devices) missing.push_back("device ioctls (Linux 6.10)");
  if (features.landlock_abi < landlock_scopes) missing.push_back("scopes (Linux 6.12)");
  if (missing.empty()) return finding;
  finding.state = State::Lacking;
  finding.fix = "a newer kernel has " + join(missing, ", ");
  return finding;
}

// Not a lack: without scopes, the filter of each run keeps signals from the launcher (and only from
// the launcher).
Finding launcher_guard(const Features& features) {
  const bool scopes = features.landlock_abi >= landlock_scopes;
  return {"launcher's guard", scopes ? State::Good : State::Note,
          scopes ? "Landlock" : "rules of each filter, for the launcher only",
          "keeping signals and tracing inside a run", ""};
}

Finding user_namespaces(const Features& features) {
  return simple("user namespaces", features.user_namespaces, State::Lacking,
                "isolate, hide, protect inside a tree", sandbox::user_namespace_fix(features));
}

Finding cgroups(const Features& features) {
  Finding finding{"control groups", State::Good, "",
                  "limit memory, processes, threads, time and cpu-time of several processes", ""};
  const kernel::GroupAnswers& groups = features.groups;
  const auto part = [](const char* what, int version) {
    return std::string(what) +
           (version == 0 ? " by none" : " by version " + std::to_string(version));
  };
  finding.detail = part("memory", groups.memory) + ", " + part("processes", groups.tasks) + ", " +
                   part("processor time", groups.cpu);
  if (groups.memory != 0 && groups.tasks != 0 && groups.cpu != 0) return finding;
  finding.state = State::Lacking;
  if (!groups.mounted) finding.detail = "not mounted";
  finding.fix = groups.mounted ? "systemd-run --user --scope -p Delegate=yes -- seclude run ..."
                               : "mount -t cgroup2 none /sys/fs/cgroup";
  return finding;
}

Finding tracing(const Features& features) {
  Finding finding =
      simple("ptrace", features.ptrace, State::Lacking, "explaining a killed program",
             features.yama == 3 ? "boot again: kernel.yama.ptrace_scope=3 cannot be lowered"
                                : "a container or filter outside refuses it: allow ptrace");
  if (features.yama)
    finding.detail +=
        (finding.detail.empty() ? "" : ", ") + ("Yama scope " + std::to_string(*features.yama));
  return finding;
}

Finding other_entries(const Features& features) {
  std::vector<std::string> entries;
  if (features.x32) entries.emplace_back("x32");
  if (features.i386) entries.emplace_back("i386");
  return {"other entries", State::Note, entries.empty() ? "none" : join(entries, ", "),
          "killed unless the policy lists the architecture", ""};
}

std::string_view mark(State state) {
  switch (state) {
    case State::Good:
      return "ok     ";
    case State::Lacking:
      return "lacking";
    case State::Missing:
      return "missing";
    case State::Note:
      return "note   ";
  }
  return "";
}

}  // namespace

std::vector<Finding> findings(const Features& features) {
  return {
      filters(features),
      actions(features),
      listener(features),
      all_threads(features),
      jit(features),
      simple("no_new_privs", features.no_new_privileges, State::Missing, "every policy",
             "Linux 3.5 or later"),
      simple("pidfd", features.pidfd, State::Missing, "waiting for a program without races",
             "Linux 5.4 or later"),
      simple("pidfd_getfd", features.pidfd_getfd, State::Lacking, "connect by host or address",
             "Linux 5.6 or later, and no filter outside that refuses it"),
      simple("close_range", features.close_range, State::Missing, "closing descriptors",
             "Linux 5.9 or later"),
      landlock(features),
      launcher_guard(features),
      user_namespaces(features),
      cgroups(features),
      tracing(features),
      other_entries(features),
  };
}

bool all_good(const std::vector<Finding>& findings) {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.state == State::Lacking || finding.state == State::Missing;
  });
}

std::string to_text(const std::vector<Finding>& findings) {
  std::string text;
  size_t width = 0;
  for (const Finding& finding : findings) width = std::max(width, finding.name.size());
  for (const Finding& finding : findings) {
    text += std::string(mark(finding.state)) + "  " + finding.name +
            std::string(width - finding.name.size() + 2, ' ');
    text += finding.detail.empty() ? finding.needed_for
                                   : finding.detail + " (" + finding.needed_for + ")";
    text += "\n";
    if (!finding.fix.empty()) text += "         fix: " + finding.fix + "\n";
  }
  return text;
}

}  // namespace seclude::report
