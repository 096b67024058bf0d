// Helper: see helper.h.
#include "kernel/helper.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <mutex>

namespace seclude::kernel {
namespace {

void replace_by_null(std::initializer_list<int> numbers) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int number : numbers) null < 0 ? ::close(number) : ::dup2(null, number);
  if (null > 2) ::close(null);
}

// A copy of a descriptor that the confined program's reader waits on would keep that reader
// waiting after the program has ended.
void close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned next = 3;
  for (const int number : kept) {
    const auto one = static_cast<unsigned>(number);
    if (one > next) ::syscall(SYS_close_range, next, one - 1, 0);
    next = one + 1;
  }
  ::syscall(SYS_close_range, next, UINT_MAX, 0);
}

// With it ends what it follows, so no other signal does; but a timer ends it, whatever the launcher
// thinks of SIGALRM.
void obey_deadlines_alone() {
  ::signal(SIGALRM, SIG_DFL);
  sigset_t set;
  ::sigfillset(&set);
  ::sigdelset(&set, SIGALRM);
  ::sigprocmask(SIG_SETMASK, &set, nullptr);
}

void set_timer(int milliseconds) {
  const itimerval once = {{}, {milliseconds / 1000, milliseconds % 1000 * 1000}};
  ::setitimer(ITIMER_REAL, &once, nullptr);
}

// Those that go on by themselves. Nobody else waits for them, so their numbers stay theirs.
std::mutex left_mutex;
std::vector<int> left;

void collect_left() {
  const std::lock_guard lock(left_mutex);
  std::erase_if(left, [](int process) { return ::waitpid(process, nullptr, WNOHANG) != 0; });
}

}  // namespace

Result<int> start_helper(std::vector<int> descriptors, const HelperTask& task) {
  collect_left();
  const pid_t process = ::fork();
  if (process < 0) return fail("start a helper process", errno);
  if (process > 0) return process;
  // A helper that reads memory may be held up there, and then notices nothing else.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  obey_deadlines_alone();
  if (task.first) task.first();
  ::prctl(PR_SET_NAME, "seclude-explain", 0, 0, 0);
  ::setsid();
  (void)!::chdir("/");         // and holds no folder
  ::signal(SIGCHLD, SIG_DFL);  // tells of whom it follows; ignored, it would not
  replace_by_null({STDIN_FILENO, STDOUT_FILENO});
  close_all_but(std::move(descriptors));
  ::_exit(task.work());
}

bool collect_helper(int process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
}

void leave_helper(int process) {
  const std::lock_guard lock(left_mutex);
  left.push_back(process);
}

void end_helper(int process) { ::kill(process, SIGKILL); }

void wake_helper(int process) { ::kill(process, SIGCHLD); }

void outlive_parent() { ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); }

Deadline::Deadline(int milliseconds) { set_timer(milliseconds); }
Deadline::~Deadline() { set_timer(0); }

void let_go_of_standard_error() { replace_by_null({STDERR_FILENO}); }

std::optional<size_t> offer_to_standard_error(std::string_view text, int patience) {
  size_t done = 0;
  while (done < text.size()) {
    pollfd item = {STDERR_FILENO, POLLOUT, 0};
    if (::poll(&item, 1, patience) <= 0) return done;
    // A pipe that is ready takes PIPE_BUF bytes at once without sleeping (pipe(7)).
    const size_t piece = std::min<size_t>(text.size() - done, PIPE_BUF);
    const ssize_t wrote = ::write(STDERR_FILENO, text.data() + done, piece);
    if (wrote < 0 && (errno == EINTR)) continue;
    if (wrote < 0 && errno == EAGAIN) return done;
    if (wrote < 0) return std::nullopt;
    done += static_cast<size_t>(wrote);
  }
  return done;
}

Result<void> wait_until_ready(std::span<Ready> items, bool only_look) {
  pollfd waiting[8] = {};
  CHECK(items.size() <= std::size(waiting));
  for (size_t i = 0; i < items.size(); ++i)
    waiting[i] = {items[i].descriptor, static_cast<short>(items[i].at_end ? POLLRDHUP : POLLIN), 0};
  while (::poll(waiting, items.size(), only_look ? 0 : -1) < 0) {
    if (errno != EINTR) return fail("wait for a denied call", errno);
  }
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].readable = (waiting[i].revents & (POLLIN | POLLRDHUP)) != 0;
    items[i].closed = (waiting[i].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
  }
  return {};
}

}  // namespace seclude::kernel
