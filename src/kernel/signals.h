// Signals: names, dispositions, and receiving signals as data instead of in a handler.
//
// In: sets of signals. Out: a SignalInbox, which holds the signals of its set back from this thread
// and hands them out one by one; wait_for sleeps until one arrives, a process ends or time is up.
// Neighbours: process.h; sandbox/watch.cc forwards what arrives here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "kernel/fd.h"

namespace seclude::kernel {

// Bit n-1 stands for signal n.
struct SignalSet {
  uint64_t bits = 0;
  void add(int signal) { bits |= uint64_t{1} << (signal - 1); }
  void remove(int signal) { bits &= ~(uint64_t{1} << (signal - 1)); }
  bool has(int signal) const { return ((bits >> (signal - 1)) & 1) != 0; }
  friend bool operator==(SignalSet, SignalSet) = default;
};

// "SIGTERM", "SIGRTMIN+3", "signal 99".
std::string signal_name(int number);

// Whether this process ignores it.
bool is_ignored(int number);

struct Arrived {
  int number = 0;
  bool from_kernel = false;  // the terminal's or a timer's, for instance, and not somebody's kill()
  int sender = 0;            // process id of whoever called kill(); 0: nobody, or not told
};

class SignalInbox {
 public:
  [[nodiscard]] static Result<SignalInbox> open(SignalSet signals);
  SignalInbox(SignalInbox&& other) noexcept;
  SignalInbox& operator=(SignalInbox&&) = delete;
  ~SignalInbox();

  // Never sleeps; what this process ignores is not handed out.
  std::optional<Arrived> next();
  const Fd& fd() const { return fd_; }

 private:
  SignalInbox(Fd fd, uint64_t mask_before) : fd_(std::move(fd)), mask_before_(mask_before) {}
  Fd fd_;
  uint64_t mask_before_;  // of the thread
};

// While it lives, ended children wait to be collected even if this process had been told to
// ignore SIGCHLD, as some service managers do. Process-wide.
class ChildrenKept {
 public:
  ChildrenKept();
  ChildrenKept(const ChildrenKept&) = delete;
  ChildrenKept& operator=(const ChildrenKept&) = delete;
  ~ChildrenKept();

 private:
  bool changed_;
};

// Sleeps until one of the two is readable or the time (of now(), process.h) has come; false: it
// has.
[[nodiscard]] Result<bool> wait_for(const Fd& one, const Fd* other, std::optional<uint64_t> until);

// Stops this whole process with `number` (SIGTSTP, ...), as its default action would; returns when
// it is continued.
void stop_self(int number);
// Ends this process by its own signal, so that whoever waits for it sees that signal. Comes back
// where a signal cannot end it, as in the first process of a container.
void end_self(int number);
// What a terminal sends when it goes away comes to the leader of its session alone.
bool leads_session();
// A terminal controls this process, so a shell is there to continue it.
bool has_terminal();

}  // namespace seclude::kernel
