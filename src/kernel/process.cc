// Process: see process.h.
#include "kernel/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace seclude::kernel {
namespace {

constexpr uint64_t untouched = 0x5ec1dede5ec1dede;       // at its far end
constexpr idtype_t by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD, Linux 5.4

uint64_t nanoseconds(const timeval& time) {
  return (static_cast<uint64_t>(time.tv_sec) * 1000000 + static_cast<uint64_t>(time.tv_usec)) *
         1000;
}

uint64_t time_of(clockid_t clock) {
  timespec time = {};
  if (::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<uint64_t>(time.tv_sec) * 1000000000 + static_cast<uint64_t>(time.tv_nsec);
}

ResourceUse use_of(const struct rusage& usage) {
  return {.user = nanoseconds(usage.ru_utime),
          .system = nanoseconds(usage.ru_stime),
          .peak_memory = static_cast<uint64_t>(usage.ru_maxrss) * 1024};
}

Change change_of(const siginfo_t& info, const struct rusage& usage) {
  Change change;
  change.value = info.si_status;
  change.use = use_of(usage);
  switch (info.si_code) {
    case CLD_EXITED:
      change.kind = Change::Kind::Exited;
      break;
    case CLD_CONTINUED:
      change.kind = Change::Kind::Continued;
      break;
    case CLD_STOPPED:
    case CLD_TRAPPED:
      change.kind = Change::Kind::Stopped;
      break;
    default:
      change.kind = Change::Kind::Killed;
      break;
  }
  change.core = info.si_code == CLD_DUMPED;
  return change;
}

// Blocks every signal, libc's internal ones too, and restores the mask when it goes.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    const uint64_t all = ~uint64_t{0};
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, sizeof all);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked() {
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_);
  }

 private:
  uint64_t before_ = 0;
};

// A child that executes a program leaves functions that never return. GCC's AddressSanitizer would
// go on watching over their variables, where ours come to lie next; Clang's forgets them with the
// function that had the stack.
void left_by_child([[maybe_unused]] char* stack, [[maybe_unused]] size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(stack, size);
#endif
}

struct Child {
  int (*entry)(void*);
  void* argument;
  void* stack;  // its upper end
};

Result<Process> begin(const Child& child, uint64_t flags) {
  int pidfd = -1;
  int pid;
  int reason;
  {
    AllSignalsBlocked blocked;
    pid = ::clone(child.entry, child.stack,
                  static_cast<int>(CLONE_PIDFD | SIGCHLD | static_cast<unsigned>(flags)),
                  child.argument, &pidfd);
    reason = errno;
  }
  if (pid < 0) {
    return fail("clone a child", reason,
                reason == EAGAIN ? "the limit of processes is reached (ulimit -u, pids.max)" : "");
  }
  return Process(pid, Fd(pidfd));
}

}  // namespace

ChildStack::ChildStack() { std::memcpy(bytes_, &untouched, sizeof untouched); }

ChildStack::~ChildStack() {
  left_by_child(bytes_, sizeof bytes_);
  CHECK(std::memcmp(bytes_, &untouched, sizeof untouched) == 0);
}

Result<Process> spawn(int (*entry)(void*), void* argument, uint64_t extra_flags) {
  ChildStack stack;
  return begin({entry, argument, stack.upper_end()}, CLONE_VM | CLONE_VFORK | extra_flags);
}

Result<Process> spawn_beside(int (*entry)(void*), void* argument, ChildStack& stack) {
  return begin({entry, argument, stack.upper_end()}, CLONE_VM);
}

Result<Process> spawn_copy(int (*entry)(void*), void* argument, uint64_t extra_flags) {
  ChildStack stack;
  return begin({entry, argument, stack.upper_end()}, extra_flags);
}

Process::~Process() {
  if (ended_ || pidfd_.number() < 0 || !is_child()) return;
  if (signal(SIGKILL)) (void)wait();
}

Result<Change> Process::wait() {
  for (;;) {
    if (auto change = TRY(collect(WEXITED))) return *change;
  }
}

Result<std::optional<Change>> Process::look() {
  return collect(WEXITED | WSTOPPED | WCONTINUED | WNOHANG);
}

Result<std::optional<Change>> Process::collect(int options) {
  CHECK(!ended_);
  siginfo_t info = {};
  struct rusage usage = {};
  long result;
  do {
    // libc's waitid hides the kernel's fifth argument.
    result = ::syscall(SYS_waitid, by_pidfd, pidfd_.number(), &info, options | __WALL, &usage);
  } while (result < 0 && errno == EINTR);
  if (result < 0) {
    return fail("wait for process " + std::to_string(pid_), errno,
                errno == ECHILD ? "SIGCHLD is ignored here, so the kernel kept no record" : "");
  }
  if (info.si_pid == 0) return std::optional<Change>();
  const Change change = change_of(info, usage);
  ended_ = change.kind == Change::Kind::Exited || change.kind == Change::Kind::Killed;
  return std::optional<Change>(change);
}

Result<void> Process::signal(int number) const {
  if (::syscall(SYS_pidfd_send_signal, pidfd_.number(), number, nullptr, 0) == 0) return {};
  if (errno == ESRCH) return {};
  return fail("send signal " + std::to_string(number) + " to process " + std::to_string(pid_),
              errno);
}

bool Process::has_ended() const {
  pollfd ending = {pidfd_.number(), POLLIN, 0};
  return ::poll(&ending, 1, 0) > 0;
}

bool Process::is_child() const {
  siginfo_t info = {};
  const int look = WEXITED | WNOHANG | WNOWAIT | __WALL;
  return ::waitid(by_pidfd, static_cast<id_t>(pidfd_.number()), &info, look) == 0;
}

uint64_t Process::cpu_time() const {
  clockid_t clock;
  return ::clock_getcpuclockid(pid_, &clock) == 0 ? time_of(clock) : 0;
}

Result<Fd> pidfd_of(int pid) {
  const long number = ::syscall(SYS_pidfd_open, pid, 0);
  if (number < 0) return fail("pidfd_open for process " + std::to_string(pid), errno);
  return Fd(static_cast<int>(number));
}

bool has_ended(int pid) {
  siginfo_t info = {};
  const int look = WEXITED | WNOHANG | WNOWAIT | __WALL;
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, look) != 0 || info.si_pid != 0;
}

bool is_child(int pid) {
  siginfo_t info = {};
  const int look = WEXITED | WNOHANG | WNOWAIT | __WALL;
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, look) == 0;
}

bool end_child(int pid) {
  if (::kill(pid, SIGKILL) != 0) return errno == ESRCH;
  while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  return true;
}

Result<Fd> own_pidfd() {
  const long number = ::syscall(SYS_pidfd_open, ::getpid(), 0);
  if (number < 0) return fail("pidfd_open for the launcher", errno);
  Fd own(static_cast<int>(number));
  if (number > 2) return own;
  const int moved = ::fcntl(own.number(), F_DUPFD_CLOEXEC, 3);
  if (moved < 0) return fail("move the descriptor of the launcher", errno);
  return Fd(moved);
}

int own_pid() { return ::getpid(); }
int parent() { return ::getppid(); }

int own_group() { return ::getpgrp(); }

uint64_t own_peak_memory() {
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return use_of(usage).peak_memory;
}

uint64_t now() { return time_of(CLOCK_MONOTONIC); }

Result<void> refuse_to_be_traced() {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return fail("make the launcher untraceable", errno);
  return {};
}

}  // namespace seclude::kernel
