// Features: what this kernel lets this user enforce, found by asking it, never by its version.
//
// In: nothing. Out: a plain value with one answer per facility; where the kernel said no, the errno
// it said it with. Probing changes nothing that lasts: whatever cannot be taken back is tried in a
// child.
// Neighbours: report/doctor.h says what each lack means and how to mend it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "filter/action.h"

namespace seclude::kernel {

// The kernel's answer to one question.
struct Answer {
  bool yes = false;
  int errno_value = 0;  // why not; 0: there is no more to say
  friend bool operator==(const Answer&, const Answer&) = default;
};

struct ActionAnswer {
  std::string name;  // "SECCOMP_RET_KILL_PROCESS"
  filter::Action action;
  bool available = false;
  friend bool operator==(const ActionAnswer&, const ActionAnswer&) = default;
};

// By which version of control groups a run can be held here; 0: by none.
struct GroupAnswers {
  bool mounted = false;
  int memory = 0, tasks = 0;
  int cpu = 0;  // only measures
  friend bool operator==(const GroupAnswers&, const GroupAnswers&) = default;
};

struct Features {
  // seccomp
  Answer filters;
  std::vector<ActionAnswer> actions;
  bool listener = false;       // SECCOMP_FILTER_FLAG_NEW_LISTENER with SECCOMP_RET_USER_NOTIF
  bool wait_killable = false;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, with a listener
  bool tsync_errno = false;    // SECCOMP_FILTER_FLAG_TSYNC_ESRCH
  std::optional<int> jit;      // net.core.bpf_jit_enable
  // launching
  Answer no_new_privileges, pidfd, pidfd_getfd, close_range;
  // paths, programs, ports
  int landlock_abi = 0;  // 0: none
  int landlock_errno = 0;
  // isolation
  Answer user_namespaces;                        // one can be made, and mounts changed inside it
  std::optional<int> max_user_namespaces;        // user.max_user_namespaces
  std::optional<int> unprivileged_userns_clone;  // kernel.unprivileged_userns_clone (Debian)
  std::optional<int> apparmor_restricts_userns;  // kernel.apparmor_restrict_unprivileged_userns
  GroupAnswers groups;
  // explaining
  Answer ptrace;
  std::optional<int> yama;  // kernel.yama.ptrace_scope
  // other ways into the kernel, which a filter has to know
  bool x32 = false;
  bool i386 = false;
  friend bool operator==(const Features&, const Features&) = default;
};

Features probe_features();
// Only what is there for isolation.
Features probe_isolation();
// Whether a mount namespace can be made without a user namespace.
Answer probe_mounts();

}  // namespace seclude::kernel
