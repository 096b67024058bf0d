// Stream: see stream.h.
#include "kernel/stream.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "kernel/process.h"

namespace seclude::kernel {
namespace {

Result<Fd> moved_up(Fd fd) {
  if (fd.number() > 2) return fd;
  const int moved = ::fcntl(fd.number(), F_DUPFD_CLOEXEC, 3);
  if (moved < 0) return fail("move the descriptor of a pipe", errno);
  return Fd(moved);
}

short events_of(Waited::For what) {
  switch (what) {
    case Waited::For::Reading:
      return POLLIN;
    case Waited::For::Writing:
      return POLLOUT;
    case Waited::For::Change:  // readable such a file always is
      return POLLPRI;
  }
  return POLLIN;
}

// A signal for a reader that went away is for whoever writes by himself.
ssize_t write_without_signal(int descriptor, std::string_view text) {
  sigset_t pipe, before, pending;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::sigpending(&pending);
  const bool was_pending = ::sigismember(&pending, SIGPIPE) == 1;
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const ssize_t put = ::write(descriptor, text.data(), text.size());
  const int reason = errno;
  if (put < 0 && reason == EPIPE && !was_pending) {
    const timespec none = {};
    ::sigtimedwait(&pipe, nullptr, &none);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = reason;
  return put;
}

}  // namespace

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail("make a pipe", errno);
  Fd one(ends[0]), other(ends[1]);
  Fd reading = TRY(moved_up(std::move(one)));
  Fd writing = TRY(moved_up(std::move(other)));
  // Of this end only: the program's has a description of its own.
  if (::fcntl(reading.number(), F_SETFL, O_NONBLOCK) != 0)
    return fail("prepare the end of a pipe", errno);
  return Pipe{std::move(reading), std::move(writing)};
}

std::optional<size_t> read_now(int descriptor, std::span<char> into) {
  ssize_t got;
  do {
    got = ::read(descriptor, into.data(), into.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) return std::nullopt;
  return static_cast<size_t>(got);
}

std::optional<size_t> write_now(int descriptor, std::string_view text) {
  // A pipe that is ready takes PIPE_BUF bytes at once without sleeping (pipe(7)); a file always.
  struct stat status = {};
  const bool file = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  const size_t most = file ? text.size() : std::min<size_t>(text.size(), PIPE_BUF);
  ssize_t put;
  do {
    put = write_without_signal(descriptor, text.substr(0, most));
  } while (put < 0 && errno == EINTR);
  if (put < 0 && errno == EAGAIN) return 0;
  if (put < 0) return std::nullopt;
  return static_cast<size_t>(put);
}

bool same_stream(int one, int other) {
  struct stat first = {}, second = {};
  if (::fstat(one, &first) != 0 || ::fstat(other, &second) != 0) return false;
  if (first.st_dev != second.st_dev || first.st_ino != second.st_ino) return false;
  // Two descriptions of one file have two places in it.
  if (!S_ISREG(first.st_mode)) return true;
  const int self = ::getpid();
  return ::syscall(SYS_kcmp, self, self, KCMP_FILE, one, other) == 0;
}

Result<void> wait_for_any(std::span<Waited> items, std::optional<uint64_t> until) {
  pollfd waiting[12] = {};
  CHECK(items.size() <= std::size(waiting));
  for (size_t i = 0; i < items.size(); ++i)
    waiting[i] = {items[i].descriptor, events_of(items[i].what), 0};
  for (;;) {
    timespec left = {};
    if (until) {
      const uint64_t time = now();
      const uint64_t rest = *until > time ? *until - time : 0;
      left.tv_sec = static_cast<time_t>(rest / 1000000000);
      left.tv_nsec = static_cast<long>(rest % 1000000000);
    }
    if (::ppoll(waiting, items.size(), until ? &left : nullptr, nullptr) >= 0) break;
    if (errno != EINTR) return fail("wait for the program", errno);
  }
  for (size_t i = 0; i < items.size(); ++i) items[i].ready = waiting[i].revents != 0;
  return {};
}

}  // namespace seclude::kernel
