// Features: see features.h.
#include "kernel/features.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "calls/calls.h"
#include "kernel/cgroups.h"
#include "kernel/files.h"
#include "kernel/landlock.h"
#include "kernel/process.h"
#include "kernel/programs.h"
#include "kernel/seccomp.h"

namespace seclude::kernel {
namespace {

using filter::Action;

Answer answer_of(long result) { return result >= 0 ? Answer{true, 0} : Answer{false, errno}; }

// Runs a probe in a child; the probe returns 0 or an errno. A child that a filter outside kills
// has its answer, too.
Answer ask_in_child(int (*probe)(void*), void* argument = nullptr, uint64_t flags = 0) {
  auto child = spawn(probe, argument, flags);
  if (!child) return {false, child.error().errno_value};
  const auto change = child->wait();
  if (!change) return {false, change.error().errno_value};
  if (change->kind != Change::Kind::Exited) return {false, 0};
  return {change->value == 0, change->value};
}

std::optional<int> setting(const std::string& name) {
  const auto text = read_file("/proc/sys/" + name, 32);
  if (!text) return std::nullopt;
  const auto value = parse_integer(std::string_view(*text).substr(0, text->find('\n')));
  if (!value || *value > INT32_MAX) return std::nullopt;
  return static_cast<int>(*value);
}

// ---- probes that run in a child -----------------------------------------------------------------

int change_mounts(void*) { return ::unshare(CLONE_NEWNS) == 0 ? 0 : errno; }

int be_traced(void*) { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : errno; }

int call_without_arguments(void* number) {
  return ::syscall(*static_cast<long*>(number)) >= 0 ? 0 : errno;
}

// ---- the questions ------------------------------------------------------------------------------

bool has_x32() {
  if (calls::native() != calls::Arch::x86_64) return false;
  const auto getpid = calls::find_call("getpid");
  const auto number = getpid ? calls::number_of(*getpid, calls::Arch::x32) : std::nullopt;
  if (!number) return false;
  auto raw = static_cast<long>(*number);
  return ask_in_child(call_without_arguments, &raw).yes;
}

bool has_i386() { return calls::native() == calls::Arch::x86_64 && runs(smallest_i386_program()); }

std::vector<ActionAnswer> ask_actions() {
  std::vector<ActionAnswer> answers = {
      {"SECCOMP_RET_KILL_PROCESS", Action::kill()},
      {"SECCOMP_RET_KILL_THREAD", Action::kill_thread()},
      {"SECCOMP_RET_TRAP", Action::trap()},
      {"SECCOMP_RET_ERRNO", Action::deny(0)},
      {"SECCOMP_RET_USER_NOTIF", Action::ask()},
      {"SECCOMP_RET_TRACE", Action::trace()},
      {"SECCOMP_RET_LOG", Action::log()},
      {"SECCOMP_RET_ALLOW", Action::allow()},
  };
  for (ActionAnswer& answer : answers) answer.available = action_available(answer.action);
  return answers;
}

void ask_seccomp(Features& features) {
  features.filters.yes = seccomp_available();
  if (!features.filters.yes) features.filters.errno_value = errno;
  features.actions = ask_actions();
  features.listener = action_available(Action::ask()) && flags_available(filter_flag::new_listener);
  features.wait_killable =
      flags_available(filter_flag::new_listener | filter_flag::wait_killable_recv);
  features.tsync_errno = flags_available(filter_flag::tsync | filter_flag::tsync_esrch);
  features.jit = setting("net/core/bpf_jit_enable");
}

void ask_launching(Features& features) {
  features.no_new_privileges = answer_of(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  const long pidfd = ::syscall(SYS_pidfd_open, ::getpid(), 0);
  features.pidfd = answer_of(pidfd);
  if (pidfd >= 0) {
    const Fd own(static_cast<int>(pidfd));
    // Asks for a descriptor that is certainly open: the pidfd itself.
    const long copy = ::syscall(SYS_pidfd_getfd, own.number(), own.number(), 0);
    features.pidfd_getfd = answer_of(copy);
    if (copy >= 0) ::close(static_cast<int>(copy));
  }
  // Beyond every descriptor there can be: closes nothing.
  features.close_range = answer_of(::syscall(SYS_close_range, ~0U, ~0U, 0));
}

void ask_landlock(Features& features) {
  const LandlockVersion version = landlock_version();
  features.landlock_abi = version.abi;
  features.landlock_errno = version.errno_value;
}

void ask_isolation(Features& features) {
  features.user_namespaces = ask_in_child(change_mounts, nullptr, CLONE_NEWUSER);
  features.max_user_namespaces = setting("user/max_user_namespaces");
  features.unprivileged_userns_clone = setting("kernel/unprivileged_userns_clone");
  features.apparmor_restricts_userns = setting("kernel/apparmor_restrict_unprivileged_userns");
  features.groups = group_answers();
}

}  // namespace

Features probe_isolation() {
  Features features;
  ask_isolation(features);
  return features;
}

Answer probe_mounts() { return ask_in_child(change_mounts); }

Features probe_features() {
  Features features;
  ask_seccomp(features);
  ask_launching(features);
  ask_landlock(features);
  ask_isolation(features);
  features.ptrace = ask_in_child(be_traced);
  features.yama = setting("kernel/yama/ptrace_scope");
  features.x32 = has_x32();
  features.i386 = has_i386();
  return features;
}

}  // namespace seclude::kernel
