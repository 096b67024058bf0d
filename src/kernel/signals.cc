// Signals: see signals.h.
#include "kernel/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "kernel/process.h"

namespace seclude::kernel {
namespace {

void set_mask(uint64_t mask, uint64_t* before) {
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, sizeof mask);
}

uint64_t current_mask() {
  uint64_t mask = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, nullptr, &mask, sizeof mask);
  return mask;
}

}  // namespace

std::string signal_name(int number) {
  if (const char* name = ::sigabbrev_np(number)) return std::string("SIG") + name;
  if (number >= SIGRTMIN && number <= SIGRTMAX) {
    return number == SIGRTMIN ? "SIGRTMIN" : "SIGRTMIN+" + std::to_string(number - SIGRTMIN);
  }
  return "signal " + std::to_string(number);
}

// Libcs keep a few signals to themselves, each other ones, and then answer neither of these calls
// about them: the kernel is asked directly.
bool is_ignored(int number) {
  struct {
    void* handler;
    unsigned long flags;
    void* restorer;
    uint64_t mask;
  } action = {};
  return ::syscall(SYS_rt_sigaction, number, nullptr, &action, sizeof action.mask) == 0 &&
         action.handler == reinterpret_cast<void*>(SIG_IGN);
}

Result<SignalInbox> SignalInbox::open(SignalSet signals) {
  uint64_t before = current_mask();
  set_mask(before | signals.bits, &before);
  const auto number = static_cast<int>(
      ::syscall(SYS_signalfd4, -1, &signals.bits, sizeof signals.bits, SFD_CLOEXEC | SFD_NONBLOCK));
  if (number < 0) {
    const int reason = errno;
    set_mask(before, nullptr);
    return fail("open a signalfd", reason);
  }
  return SignalInbox(Fd(number), before);
}

SignalInbox::SignalInbox(SignalInbox&& other) noexcept
    : fd_(std::move(other.fd_)), mask_before_(other.mask_before_) {}

SignalInbox::~SignalInbox() {
  if (fd_.number() < 0) return;
  // A child's end that arrived here is of no interest to anybody else; other signals that nobody
  // read are delivered now, as they would have been before.
  set_mask(mask_before_, nullptr);
}

std::optional<Arrived> SignalInbox::next() {
  signalfd_siginfo info;
  ssize_t got;
  bool ignored;
  do {
    got = ::read(fd_.number(), &info, sizeof info);
    // A blocked signal is queued even where it is ignored, as nohup does for its program.
    ignored =
        got == static_cast<ssize_t>(sizeof info) && is_ignored(static_cast<int>(info.ssi_signo));
  } while (ignored || (got < 0 && errno == EINTR));
  if (got != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return Arrived{.number = static_cast<int>(info.ssi_signo),
                 .from_kernel = info.ssi_code > 0,
                 .sender = info.ssi_code == SI_USER ? static_cast<int>(info.ssi_pid) : 0};
}

ChildrenKept::ChildrenKept() : changed_(is_ignored(SIGCHLD)) {
  if (changed_) ::signal(SIGCHLD, SIG_DFL);
}

ChildrenKept::~ChildrenKept() {
  if (changed_) ::signal(SIGCHLD, SIG_IGN);
}

Result<bool> wait_for(const Fd& one, const Fd* other, std::optional<uint64_t> until) {
  pollfd waiting[2] = {{one.number(), POLLIN, 0}, {other ? other->number() : -1, POLLIN, 0}};
  for (;;) {
    timespec left = {};
    if (until) {
      const uint64_t time = now();
      const uint64_t rest = *until > time ? *until - time : 0;
      left.tv_sec = static_cast<time_t>(rest / 1000000000);
      left.tv_nsec = static_cast<long>(rest % 1000000000);
    }
    const int ready = ::ppoll(waiting, 2, until ? &left : nullptr, nullptr);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) return fail("wait for the program", errno);
  }
}

void stop_self(int number) {
  struct sigaction as_default = {}, before = {};
  as_default.sa_handler = SIG_DFL;
  const bool replaced = number != SIGSTOP && ::sigaction(number, &as_default, &before) == 0;
  const uint64_t mask = current_mask();
  SignalSet open{mask};
  open.remove(number);
  set_mask(open.bits, nullptr);
  ::kill(::getpid(), number);
  set_mask(mask, nullptr);
  if (replaced) ::sigaction(number, &before, nullptr);
}

void end_self(int number) {
  ::signal(number, SIG_DFL);
  SignalSet open{current_mask()};
  open.remove(number);
  set_mask(open.bits, nullptr);
  ::kill(::getpid(), number);
}

bool leads_session() { return ::getsid(0) == ::getpid(); }

bool has_terminal() {
  const int terminal = ::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) return false;
  ::close(terminal);
  return true;
}

}  // namespace seclude::kernel
