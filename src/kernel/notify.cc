// Notify: see notify.h.
#include "kernel/notify.h"

#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include <cerrno>

// Newer than the headers of Debian 12: Linux 6.6.
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

namespace seclude::kernel {
namespace {

constexpr uint64_t sync_wake_up = 1;  // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP

}  // namespace

Listener::Listener(Fd fd) : fd_(std::move(fd)) {
  // The asker wakes us on its own CPU and sleeps at once: one switch instead of a wake-up across
  // CPUs. A kernel without it only takes longer.
  (void)::ioctl(fd_.number(), SECCOMP_IOCTL_NOTIF_SET_FLAGS, sync_wake_up);
}

Result<std::optional<Waiting>> Listener::next() const {
  struct seccomp_notif notification = {};  // must be zero (seccomp_unotify(2))
  while (::ioctl(fd_.number(), SECCOMP_IOCTL_NOTIF_RECV, &notification) != 0) {
    if (errno == ENOENT) return std::optional<Waiting>();
    if (errno != EINTR) return fail("receive a denied call", errno);
    notification = {};
  }
  Waiting waiting;
  waiting.id = notification.id;
  waiting.thread = static_cast<int>(notification.pid);
  waiting.call.number = static_cast<uint32_t>(notification.data.nr);
  waiting.call.arch = notification.data.arch;
  waiting.call.instruction_pointer = notification.data.instruction_pointer;
  for (size_t i = 0; i < waiting.call.args.size(); ++i)
    waiting.call.args[i] = notification.data.args[i];
  return std::optional<Waiting>(waiting);
}

bool Listener::still_waiting(const Waiting& waiting) const {
  return ::ioctl(fd_.number(), SECCOMP_IOCTL_NOTIF_ID_VALID, &waiting.id) == 0;
}

void Listener::refuse(const Waiting& waiting, int errno_value) const {
  (void)answer(waiting, errno_value, 0);
}

void Listener::let_pass_unchecked(const Waiting& waiting) const {
  if (!answer(waiting, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE)) refuse(waiting, ENOSYS);
}

bool Listener::answer(const Waiting& waiting, int errno_value, uint32_t flags) const {
  struct seccomp_notif_resp response = {};
  response.id = waiting.id;
  response.error = -errno_value;
  response.flags = flags;
  while (::ioctl(fd_.number(), SECCOMP_IOCTL_NOTIF_SEND, &response) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

}  // namespace seclude::kernel
