// Raw, groups: see raw_group.h.
#include "kernel/raw_group.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/raw.h"
#include "kernel/raw_call.h"

namespace seclude::kernel::raw {
namespace {

bool write_to(const char* path, const char* text, size_t length) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool done = ::write(file, text, length) == static_cast<ssize_t>(length);
  ::close(file);
  return done;
}

// Numbers of processes are given out in a circle, so one that ends meanwhile has no successor yet.
// False: nobody is there.
bool kill_listed(const char* path) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool any = false;
  int number = 0;
  char piece[4096];
  for (ssize_t got; (got = ::read(file, piece, sizeof piece)) > 0;) {
    for (ssize_t i = 0; i < got; ++i) {
      if (piece[i] >= '0' && piece[i] <= '9') {
        number = number * 10 + (piece[i] - '0');
        continue;
      }
      // 0 is somebody in another process namespace; it ends with that.
      if (number > 0) ::kill(number, SIGKILL);
      any = true;
      number = 0;
    }
  }
  ::close(file);
  return any;
}

void sleep_a_millisecond() { ::poll(nullptr, 0, 1); }

constexpr int rounds = 5000;

}  // namespace

int join_group(int descriptor) { return errno_of(call(SYS_write, descriptor, "0", 1)); }

void end_group(const GroupFolders& folders) {
  for (size_t i = 0; i < folders.count; ++i)
    if (folders.list[i].kill != nullptr && write_to(folders.list[i].kill, "1", 1)) return;
  // Version 1, or version 2 before Linux 5.14: whoever starts processes quicker than they are
  // killed is kept from it first.
  for (size_t i = 0; i < folders.count; ++i)
    if (folders.list[i].tasks_at_most != nullptr) write_to(folders.list[i].tasks_at_most, "0", 1);
  if (folders.count == 0) return;
  for (int round = 0; round < rounds && kill_listed(folders.list[0].processes); ++round)
    sleep_a_millisecond();
}

int remove_group(const GroupFolders& folders, int patience) {
  int reason = 0;
  for (size_t i = 0; i < folders.count; ++i) {
    while (::rmdir(folders.list[i].folder) != 0 && errno == EBUSY) {
      if (patience-- <= 0) {
        reason = EBUSY;
        break;
      }
      sleep_a_millisecond();
    }
  }
  return reason;
}

// On another stack than AddressSanitizer knows of.
__attribute__((no_sanitize("address"))) void guard_group(const GroupGuardian& guardian) {
  ::prctl(PR_SET_NAME, "seclude-guard", 0, 0, 0);
  // No key of a terminal and no signal to the launcher's group ends it, and whoever reads what the
  // program writes does not wait for it.
  ::setsid();
  const auto kept = static_cast<unsigned>(guardian.launcher);
  if (kept > 0) ::syscall(SYS_close_range, 0U, kept - 1, 0);
  ::syscall(SYS_close_range, kept + 1, UINT_MAX, 0);
  (void)::chdir("/");
  pollfd launcher = {guardian.launcher, POLLIN, 0};
  while (::poll(&launcher, 1, -1) < 0 && errno == EINTR) {
  }
  end_group(guardian.folders);
  remove_group(guardian.folders, rounds);
  leave(0);
}

}  // namespace seclude::kernel::raw
