// Answering: see answering.h.
#include "sandbox/helper/answering.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include "kernel/helper.h"
#include "kernel/notify.h"
#include "kernel/processors.h"
#include "kernel/ptrace.h"
#include "kernel/signals.h"
#include "kernel/socket.h"
#include "sandbox/helper/capture.h"
#include "sandbox/helper/denial_log.h"
#include "sandbox/helper/denial_wire.h"
#include "sandbox/helper/listening.h"
#include "sandbox/rules/guard_rules.h"

namespace seclude::sandbox {
namespace {

using filter::Action;
using kernel::TraceEvent;

constexpr int events_at_once = 64;

// The low seven bits of a wait status are the signal that ended it (wait(2)).
bool ended_by(int status, int signal) { return (status & 0x7f) == signal; }

class Loop {
 public:
  Loop(Answering answering, kernel::SignalInbox signals)
      : given_(std::move(answering)),
        signals_(std::move(signals)),
        launcher_(std::move(given_.launcher)),
        child_(std::move(given_.child)) {}

  int run() {
    while (!over()) {
      kernel::Ready items[] = {{.descriptor = listener_ ? listener_->fd().number() : -1},
                               {.descriptor = signals_.fd().number()},
                               {.descriptor = launcher_ ? launcher_->number() : -1,
                                .at_end = !knows() && !given_.briefing->is_urgent()},
                               {.descriptor = child_ ? child_->number() : -1}};
      if (!kernel::wait_until_ready(items, more_to_follow_)) return 1;
      const auto& [listener, signals, launcher, child] = items;
      const bool knew = knows();
      if (child.readable || child.closed) hear_child();
      if (listener.readable) answer_one();
      if (listener.closed) listener_.reset();  // nobody is left behind this filter
      if (signals.readable || more_to_follow_) follow();
      print();
      if (launcher.readable || launcher.closed) {
        // The rest of the briefing was there; a call may have asked for it meanwhile.
        if (!knew)
          (void)given_.briefing->hear();
        else if (!hear_launcher())
          return 1;
      }
      if (launcher_ && nobody_left()) say_farewell();
    }
    return 0;
  }

 private:
  bool busy() const { return listener_ || following_; }
  bool over() const { return !launcher_ && !busy(); }
  bool nobody_left() const { return joined_ && !busy(); }
  bool knows() const { return given_.briefing == nullptr || given_.briefing->complete(); }

  // ---- processors ------------------------------------------------------------------------------

  static bool tells_of_an_end(const TraceEvent& event) {
    return event.kind == TraceEvent::Kind::Exiting || event.kind == TraceEvent::Kind::Gone;
  }
  // One that was begun early stays off the launcher's processor, and so near the program, which
  // most often only ends: that is told from one process to another on the same processor. From its
  // first call on, the program may be anywhere.
  void roam() {
    if (given_.briefing != nullptr && !std::exchange(roams_, true))
      kernel::share_processors(0, kernel::parent());
  }

  // The rest of it is told to this process, which then need not be woken on another processor.
  void keep_near(const TraceEvent& event) const {
    if (given_.briefing != nullptr && !roams_ && event.kind == TraceEvent::Kind::Exiting)
      kernel::keep_on_this_processor(event.thread);
  }

  // ---- sockets ----------------------------------------------------------------------------------

  void hear_child() {
    auto message = kernel::receive(*child_, sizeof(int));
    if (!message || message->bytes.empty()) return child_.reset();
    if (message->descriptor) {
      listener_.emplace(std::move(*message->descriptor));
      joined_ = true;
      if (!given_.many_runs) child_.reset();
      return;
    }
    int process = 0;
    if (message->bytes.size() != sizeof process) return child_.reset();
    std::memcpy(&process, message->bytes.data(), sizeof process);
    if (!given_.rules.facts().may_trace) following_ = kernel::seize(process).has_value();
    sees_every_end_ = following_ && !given_.rules.facts().may_hide_processes;
    (void)kernel::send_message(*child_, ".");
  }

  // False: the launcher has died, and so shall everything else.
  bool hear_launcher() {
    auto message = kernel::receive(*launcher_, 1);
    if (!message || message->bytes.empty()) return false;
    if (static_cast<uint8_t>(message->bytes.front()) != run_) return true;  // it was told already
    follow();
    say_farewell();
    return true;
  }

  void say_farewell() {
    // The program is not waiting any more; whoever reads may still be about to.
    print(1000);
    if (busy()) kernel::outlive_parent();
    Denials denials = log_.all();
    denials.saw_every_end = sees_every_end_;
    const std::string bytes = to_wire(denials);
    const Farewell farewell = {.bytes = bytes.size(), .stays = busy()};
    std::string message(reinterpret_cast<const char*>(&farewell), sizeof farewell);
    (void)kernel::send_message(*launcher_, message + bytes);
    if (given_.many_runs && !busy()) return begin_anew();
    launcher_.reset();
    printing_ = false;
    if (busy()) kernel::let_go_of_standard_error();
  }

  void begin_anew() {
    ++run_;
    log_ = {};
    printed_ = 0;
    joined_ = sees_every_end_ = false;
  }

  // ---- refused calls ----------------------------------------------------------------------------

  void answer_one() {
    roam();
    const auto next = listener_->next();
    if (!next) return listener_.reset();
    if (!*next) return;
    const kernel::Waiting& waiting = **next;
    Denial denial;
    denial.call = waiting.call;
    denial.thread = waiting.thread;
    denial.verdict = filter::meaning(given_.rules.get(), waiting.call);
    const Action action = denial.verdict.action;
    if (is_left_to_us(denial.verdict)) return listen(waiting, std::move(denial));
    if (launcher_ && !capture(waiting, std::move(denial))) return;
    if (given_.supervision.how == Supervise::Audit) return listener_->let_pass_unchecked(waiting);
    // An `ask` that nobody answers is refused.
    listener_->refuse(waiting, action.is_deny() ? action.data() : ENOSYS);
  }

  static bool is_left_to_us(const filter::Verdict& verdict) {
    return verdict.reason == filter::Reason::Listening;
  }

  // False: the thread that asked has gone.
  bool capture(const kernel::Waiting& waiting, Denial denial) {
    for (ArgDetail& detail : read_arguments(denial.call, denial.thread))
      denial.details.push_back(std::move(detail));
    // Only now is it certain that this was read from the thread that asked.
    if (!listener_->still_waiting(waiting)) return false;
    if (!log_.count(denial)) return true;
    complete(denial);
    if (!listener_->still_waiting(waiting)) return false;
    note(std::move(denial));
    return true;
  }

  // The call itself is never made: the program could change what it acts on.
  void listen(const kernel::Waiting& waiting, Denial denial) {
    const Listened done = listen_for(*listener_, waiting, given_.supervision.listening);
    if (done.refused && launcher_ && given_.supervision.how == Supervise::Explain) {
      denial.verdict.action = Action::deny(static_cast<uint16_t>(done.errno_value));
      denial.details.push_back({0, ArgDetail::Kind::Binding, *done.refused});
      if (!capture(waiting, std::move(denial))) return;
    }
    listener_->refuse(waiting, done.errno_value);
  }

  void note(Denial denial) {
    const Denial& added = log_.add(std::move(denial));
    if (!printing_ || !given_.supervision.describe) return;
    if (printed_ == given_.supervision.printed_at_most) return;
    ++printed_;
    unprinted_ += given_.supervision.describe(added);
    print();
  }

  void print(int patience = 0) {
    if (unprinted_.empty()) return;
    const auto done = kernel::offer_to_standard_error(unprinted_, patience);
    if (done) return (void)unprinted_.erase(0, *done);
    unprinted_.clear();
    printing_ = false;
  }

  // ---- followed threads -------------------------------------------------------------------------

  // Before, the child's calls are the launch's own. Nobody may have told the rules yet, and who is
  // to do it may wait for the child. The word of the filter may have come since we looked.
  bool is_behind_filter() {
    if (joined_ || !child_) return joined_;
    kernel::Ready child[] = {{.descriptor = child_->number()}};
    if (kernel::wait_until_ready(child, true) && child->readable) hear_child();
    return joined_;
  }

  void follow() {
    while (signals_.next()) {
    }
    more_to_follow_ = false;
    // Many processes that start more have always something to follow; others wait meanwhile.
    for (int events = 0; events < events_at_once; ++events) {
      const kernel::TraceLook look = kernel::next_trace_event();
      if (look.nothing_left) following_ = false;
      if (!look.event) return;
      if (!tells_of_an_end(*look.event)) roam();
      look_at(*look.event);
      if (look.event->kind == TraceEvent::Kind::Signal) answer_interrupted(look.event->thread);
      keep_near(*look.event);
      kernel::go_on(*look.event);
    }
    more_to_follow_ = true;
  }

  void look_at(const TraceEvent& event) {
    using Kind = TraceEvent::Kind;
    const bool trapped =
        event.kind == Kind::Signal && event.value == SIGSYS && kernel::is_from_filter(event.thread);
    const bool killed = event.kind == Kind::Exiting && ended_by(event.value, SIGSYS);
    if (!launcher_ || (!trapped && !killed) || !is_behind_filter()) return;
    const auto call = kernel::current_call(event.thread);
    if (!call) return (void)(sees_every_end_ = false);
    Denial denial;
    denial.call = *call;
    denial.thread = event.thread;
    denial.verdict = filter::meaning(given_.rules.get(), *call);
    // The other threads of a killed process exit by SIGSYS as well, from calls that are allowed; a
    // trap that nobody handles has been seen at its delivery.
    const Action action = denial.verdict.action;
    const bool is_trap = action.kind() == Action::trap_;
    if (!action.refuses() || action.is_deny() || is_trap != trapped) return;
    record(std::move(denial));
  }

  // Of a thread that is stopped.
  void record(Denial denial) {
    denial.details = read_arguments(denial.call, denial.thread);
    if (!log_.count(denial)) return;
    complete(denial);
    note(std::move(denial));
  }

  // A signal came before the notification was taken, and took it back: the thread would see EINTR,
  // or ask once more. Now it sees the answer instead, as from the filter, and then the signal.
  void answer_interrupted(int thread) {
    if (given_.supervision.how == Supervise::Audit) return;
    const auto call = kernel::interrupted_call(thread);
    if (!call || !is_behind_filter()) return;
    Denial denial;
    denial.call = *call;
    denial.thread = thread;
    denial.verdict = filter::meaning(given_.rules.get(), *call);
    if (is_left_to_us(denial.verdict)) return kernel::restart_interrupted_call(thread);
    const Action action = denial.verdict.action;
    if (!is_notified(action, denial.verdict.reason, given_.supervision.how)) return;
    kernel::answer_interrupted_call(thread, action.data());
    if (launcher_) record(std::move(denial));
  }

  Answering given_;
  kernel::SignalInbox signals_;
  std::optional<kernel::Fd> launcher_, child_;
  std::optional<kernel::Listener> listener_;
  DenialLog log_;
  std::string unprinted_;
  size_t printed_ = 0;
  uint8_t run_ = 0;
  bool joined_ = false;  // the filter of this run was loaded
  bool printing_ = true;
  bool following_ = false;
  bool more_to_follow_ = false;
  bool sees_every_end_ = false;
  bool roams_ = false;
};

}  // namespace

int answer_calls(Answering answering) {
  kernel::SignalSet set;
  set.add(SIGCHLD);
  set.add(SIGPIPE);  // held back: a reader of standard error that went away is no reason to end
  auto signals = kernel::SignalInbox::open(set);
  if (!signals) return 1;
  // Never destroyed: the process ends, and the kernel closes what it has at once.
  auto& loop = *new Loop(std::move(answering), std::move(*signals));
  return loop.run();
}

}  // namespace seclude::sandbox
