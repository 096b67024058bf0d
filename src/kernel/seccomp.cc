// Seccomp: see seccomp.h.
#include "kernel/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "kernel/raw.h"

namespace seclude::kernel {
namespace {

using filter::Action;
using filter::Instruction;

static_assert(sizeof(Instruction) == sizeof(sock_filter));
static_assert(alignof(Instruction) == alignof(sock_filter));
static_assert(offsetof(Instruction, code) == offsetof(sock_filter, code));
static_assert(offsetof(Instruction, jt) == offsetof(sock_filter, jt));
static_assert(offsetof(Instruction, jf) == offsetof(sock_filter, jf));
static_assert(offsetof(Instruction, k) == offsetof(sock_filter, k));

static_assert(Action::kill_process == SECCOMP_RET_KILL_PROCESS);
static_assert(Action::kill_thread_ == SECCOMP_RET_KILL_THREAD);
static_assert(Action::trap_ == SECCOMP_RET_TRAP && Action::errno_ == SECCOMP_RET_ERRNO);
static_assert(Action::notify_ == SECCOMP_RET_USER_NOTIF && Action::trace_ == SECCOMP_RET_TRACE);
static_assert(Action::log_ == SECCOMP_RET_LOG && Action::allow_ == SECCOMP_RET_ALLOW);

static_assert(filter_flag::tsync == SECCOMP_FILTER_FLAG_TSYNC);
static_assert(filter_flag::log == SECCOMP_FILTER_FLAG_LOG);
static_assert(filter_flag::spec_allow == SECCOMP_FILTER_FLAG_SPEC_ALLOW);
static_assert(filter_flag::new_listener == SECCOMP_FILTER_FLAG_NEW_LISTENER);
static_assert(filter_flag::tsync_esrch == SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
static_assert(filter_flag::wait_killable_recv == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

}  // namespace

Result<void> confine_this_thread(std::span<const Instruction> program) {
  if (const int reason = raw::set_no_new_privileges()) return fail("set no_new_privs", reason);
  if (const int reason = raw::load_filter(program.data(), program.size(), {}))
    return fail("load the filter of " + std::to_string(program.size()) + " instructions", reason);
  return {};
}

bool action_available(Action action) {
  const uint32_t kind = action.kind();
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kind) == 0;
}

bool flags_available(unsigned flags) {
  // The kernel looks at the flags before it reads the program: with none, known flags end in
  // EFAULT and unknown ones, or impossible combinations, in EINVAL.
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, nullptr) < 0 && errno == EFAULT;
}

bool seccomp_available() { return flags_available(0); }

}  // namespace seclude::kernel
