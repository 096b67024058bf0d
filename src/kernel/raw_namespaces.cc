// Raw, namespaces: see raw_namespaces.h.
#include "kernel/raw_namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/raw.h"
#include "kernel/raw_call.h"

namespace seclude::kernel::raw {
namespace {

int write_to(const char* path, const char* text) {
  const long file = call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (file < 0) return errno_of(file);
  // The kernel takes a map in one write or not at all.
  const int reason = errno_of(call(SYS_write, file, text, ::strlen(text)));
  (void)call(SYS_close, file);
  return reason;
}

int begin(const Beginning& beginning, int* process, int flags) {
  // libc's, which changes stacks; it leaves errno alone unless it fails.
  const int made =
      ::clone(beginning.entry, beginning.stack,
              flags | CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD, beginning.argument, process);
  return made < 0 ? errno : 0;
}

}  // namespace

int leave_namespaces(uint64_t flags) { return errno_of(call(SYS_unshare, flags)); }

int join_namespaces(int process, uint64_t flags) {
  return errno_of(call(SYS_setns, process, flags));
}

int join_when_made(int process, uint64_t flags, const Gate& made) {
  pollfd maker = {process, POLLIN, 0};  // readable once it has ended
  while (!made.opens_within(between_looks))
    if (made.is_shut() || call(SYS_poll, &maker, 1, 0) > 0) return ECANCELED;
  return join_namespaces(process, flags);
}

int map_ids(const char* users, const char* groups) {
  // These files are root's while the launcher, whose memory this is, refuses to be traced.
  const long before = call(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
  (void)call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  int reason = write_to("/proc/self/setgroups", "deny");
  if (reason == 0) reason = write_to("/proc/self/uid_map", users);
  if (reason == 0) reason = write_to("/proc/self/gid_map", groups);
  if (before == 0) (void)call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  return reason;
}

int raise_loopback() {
  const long socket = call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno_of(socket);
  ifreq request = {};
  ::memcpy(request.ifr_name, "lo", 3);
  int reason = errno_of(call(SYS_ioctl, socket, SIOCGIFFLAGS, &request));
  if (reason == 0) {
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    reason = errno_of(call(SYS_ioctl, socket, SIOCSIFFLAGS, &request));
  }
  (void)call(SYS_close, socket);
  return reason;
}

int set_host_name(const char* name) {
  return errno_of(call(SYS_sethostname, name, ::strlen(name)));
}

int join_new_keyring() {
  const int reason = errno_of(call(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr));
  return reason == EPERM || reason == ENOSYS ? 0 : reason;
}

int begin_copy(const Beginning& beginning, uint64_t namespaces, int* process) {
  // Where this is refused, more is copied.
  (void)call(SYS_madvise, not_copied.begin, not_copied.size, MADV_DONTFORK);
  const int reason = begin(beginning, process, static_cast<int>(namespaces));
  (void)call(SYS_madvise, not_copied.begin, not_copied.size, MADV_DOFORK);
  return reason;
}

int begin_sharing(const Beginning& beginning, int* process) {
  return begin(beginning, process, CLONE_VM | CLONE_VFORK);
}

// On another stack than AddressSanitizer knows of.
__attribute__((no_sanitize("address"))) void guard_namespace(const Guardian& guardian) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // The launcher may have ended before the line above; its pidfd is readable then.
  pollfd launcher = {guardian.launcher, POLLIN, 0};
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::prctl(PR_SET_NAME, "seclude-init", 0, 0, 0);
  // No terminal stops it, and whoever reads what the program writes does not wait for it.
  ::setsid();
  const auto kept = static_cast<unsigned>(guardian.launcher);
  if (kept > 0) ::syscall(SYS_close_range, 0U, kept - 1, 0);
  ::syscall(SYS_close_range, kept + 1, UINT_MAX, 0);
  (void)::chdir("/");
  (void)give_up_capabilities(~uint64_t{0});
  // The kernel collects what ends below a process that ignores SIGCHLD.
  ::signal(SIGCHLD, SIG_IGN);
  Guarded& guarded = *guardian.guarded;
  guarded.ready.open();
  // The signal above tells from then on, unless the launcher has become somebody else meanwhile.
  do
    if (::poll(&launcher, 1, 0) > 0 || guarded.begun.is_shut()) leave(0);
  while (!guarded.begun.opens_within(between_looks_at_launcher));
  // Where this is refused, the launcher ends this process, somewhat later.
  const long program = ::syscall(SYS_pidfd_open, guarded.program, 0);
  pollfd ending[] = {launcher, {static_cast<int>(program), POLLIN, 0}};
  while (::poll(ending, 2, -1) < 0 && errno == EINTR) {
  }
  leave(0);
}

int tell_own_number(Guarded& guarded) {
  guarded.program = static_cast<int>(call(SYS_getpid));
  guarded.begun.open();
  return 0;
}

}  // namespace seclude::kernel::raw
