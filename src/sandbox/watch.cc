// Watch: see watch.h.
//
// The program stays in this process' group and session, so the terminal's own signals (Ctrl-C,
// Ctrl-Z) reach both: those are not passed on a second time. This process never ends by them; it
// waits for what the program makes of them and then reports that. When the program stops, this
// process stops itself with the same signal, so that a shell sees its job stop; when it is
// continued, it continues the program.
#include "sandbox/watch.h"

#include <csignal>

#include "sandbox/limits/limit_watch.h"

namespace seclude::sandbox {
namespace {

using kernel::Change;

constexpr int last_signal = 64;
constexpr int first_of_libc = 32;  // glibc cancels threads and changes users with this and the next

// The kernel sends them to all processes in front of a terminal. Others that come from the kernel,
// such as the SIGALRM of a timer that was set before this process became the launcher, come alone.
bool comes_from_terminals(int number) {
  switch (number) {
    case SIGHUP:
    case SIGINT:
    case SIGQUIT:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGCONT:
    case SIGWINCH:
      return true;
    default:
      return false;
  }
}

class Watch {
 public:
  Watch(Running& running, const Watching& watching)
      : running_(running), watching_(watching), limits_(running) {
    if (watching.time_limit) until_ = running.started + *watching.time_limit;
  }

  Outcome run() {
    for (;;) {
      const auto reached = wait();
      if (!reached) return trouble(reached.error());
      if (*reached) return end_by(**reached);
      pass_on_signals();
      auto change = running_.process.look();
      while (change && *change && (*change)->kind == Change::Kind::Stopped)
        change = stop_together((*change)->value);
      if (!change) return trouble(change.error());
      if (*change && ended(**change)) return finish(**change, std::nullopt);
      const auto over = kernel::wait_for(running_.process.pidfd(), nullptr, kernel::now());
      held_by_tracer_ = !*change && over && *over;
    }
  }

 private:
  // A program that has ended is its tracer's first. Its descriptor is ready all the while, and
  // waiting for that would be no waiting; SIGCHLD tells when the tracer has let it go.
  Result<std::optional<policy::Resource>> wait() {
    const kernel::Fd* inbox = watching_.inbox ? &watching_.inbox->fd() : nullptr;
    const bool held = held_by_tracer_ && inbox != nullptr;
    if (!limits_.idle()) return limits_.wait(inbox, until_, !held);
    if (held) return wait_for_tracer(*inbox);
    const bool woken = TRY(kernel::wait_for(running_.process.pidfd(), inbox, until_));
    if (woken) return std::optional<policy::Resource>();
    return policy::Resource::Time;
  }

  // With a look now and then: another thread of a larger program may have taken the SIGCHLD.
  Result<std::optional<policy::Resource>> wait_for_tracer(const kernel::Fd& inbox) {
    constexpr uint64_t now_and_then = 50'000'000;  // nanoseconds
    const uint64_t soon = kernel::now() + now_and_then;
    const bool time_is_near = until_ && *until_ < soon;
    const bool woken = TRY(kernel::wait_for(inbox, nullptr, time_is_near ? *until_ : soon));
    if (woken || !time_is_near) return std::optional<policy::Resource>();
    return policy::Resource::Time;
  }

  static bool ended(const Change& change) {
    return change.kind == Change::Kind::Exited || change.kind == Change::Kind::Killed;
  }

  Ending ending_of(const Change& change) const {
    if (change.kind == Change::Kind::Exited) return Exited{change.value};
    if (change.value == SIGSYS) return Denied{change.core};
    return Signalled{change.value, change.core, from_terminal_.has(change.value)};
  }

  void pass_on_signals() {
    if (!watching_.inbox) return;
    while (const auto arrived = watching_.inbox->next()) {
      if (arrived->number == SIGCHLD && arrived->from_kernel) continue;  // look() tells more
      // A SIGPIPE of our own: whoever read our messages went away. And what the program sends to
      // its whole group has reached it already.
      if (arrived->sender == kernel::own_pid() || arrived->sender == running_.process.pid())
        continue;
      if (arrived->from_kernel && comes_from_terminals(arrived->number)) {
        from_terminal_.add(arrived->number);
        const bool alone =
            watching_.separate_session || (arrived->number == SIGHUP && kernel::leads_session());
        if (!alone) continue;
      }
      // A refusal means that it runs as somebody else; it then ends when this process does.
      (void)running_.process.signal(arrived->number);
    }
  }

  // What has become of the program when this process goes on.
  Result<std::optional<Change>> stop_together(int signal) {
    // Without a terminal there is nobody to continue this process, while whoever stopped the
    // program may well continue it.
    if (!watching_.inbox || watching_.separate_session || !kernel::has_terminal())
      return std::optional<Change>();
    kernel::stop_self(signal);
    auto next = running_.process.look();
    // Still stopped: whoever continued this process meant both. A shell continues both, and by now
    // a key may have stopped the program again: that must stay.
    if (next && !*next) (void)running_.process.signal(SIGCONT);
    return next;
  }

  Outcome end_by(policy::Resource limit) {
    limits_.end_all();
    const auto change = running_.process.wait();
    if (!change) return trouble(change.error());
    // It may have ended by itself in the same moment: then that is what happened.
    return finish(*change, limit);
  }

  // What is left of it goes on only where no group and no namespace holds it.
  Outcome finish(const Change& change, std::optional<policy::Resource> limit) {
    if (running_.group || running_.relay) limits_.end_all();
    limits_.pass_on_the_rest(watching_.inbox);
    Outcome result = outcome(limits_.judge(ending_of(change), change.use, limit), change.use);
    limits_.complete(result.usage);
    result.refused_tasks = limits_.refused_tasks();
    return result;
  }

  Outcome trouble(const Error& error) const {
    return outcome(SetupError{SetupError::Kind::Setup, error}, {});
  }

  Outcome outcome(Ending ending, const kernel::ResourceUse& use) const {
    return {.ending = std::move(ending),
            .usage = {.wall = kernel::now() - running_.started,
                      .user = use.user,
                      .system = use.system,
                      .peak_memory = use.peak_memory,
                      .peak_memory_exact = use.peak_memory > running_.launcher_memory}};
  }

  Running& running_;
  const Watching& watching_;
  std::optional<uint64_t> until_;
  bool held_by_tracer_ = false;
  kernel::SignalSet from_terminal_ = {};
  LimitWatch limits_;
};

}  // namespace

kernel::SignalSet signals_to_pass_on() {
  kernel::SignalSet signals;
  for (int number = 1; number <= last_signal; ++number) signals.add(number);
  for (const int number : {SIGKILL, SIGSTOP, first_of_libc, first_of_libc + 1})
    signals.remove(number);
  return signals;
}

Outcome watch(Running& running, const Watching& watching) {
  Outcome outcome = Watch(running, watching).run();
  // What the program left behind in a process namespace ends with it.
  if (running.init) (void)running.init->signal(SIGKILL);
  return outcome;
}

}  // namespace seclude::sandbox
