// Process: making a child without copying this process, and learning how it ended.
//
// In: a function and its argument; extra CLONE_ flags. Out: a Process, which owns the child: it
// can be signalled and waited for without a race through its pidfd, and a Process that goes away
// unwaited takes the child with it.
// The child shares this process' memory until it calls execve or ends; the calling thread sleeps
// until then, as after vfork, or goes on beside it. (fork from a 1 GiB parent costs 66 ms, this
// 0.3.) Neighbours: raw.h is what the child may call; signals.h is how a waiting parent hears of
// others.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "kernel/fd.h"

namespace seclude::kernel {

// CPU time in nanoseconds, memory in bytes.
struct ResourceUse {
  uint64_t user = 0;
  uint64_t system = 0;
  uint64_t peak_memory = 0;
};

// A change of state of a child.
struct Change {
  enum class Kind : uint8_t { Exited, Killed, Stopped, Continued };
  Kind kind = Kind::Exited;
  int value = 0;      // exit status, or the signal
  bool core = false;  // Killed: wrote a core file
  ResourceUse use;    // of the child and of everything it waited for
};

class Process {
 public:
  Process(int pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Process(Process&&) = default;
  Process& operator=(Process&&) = delete;
  ~Process();

  int pid() const { return pid_; }
  const Fd& pidfd() const { return pidfd_; }

  // Sleeps until the child has ended.
  [[nodiscard]] Result<Change> wait();
  // Ended, stopped or continued since the last look; nullopt: nothing new.
  [[nodiscard]] Result<std::optional<Change>> look();
  // What is to be collected stays so.
  bool has_ended() const;
  // Not in a copy of this process (fork), where going away does nothing, and not once somebody has
  // collected it.
  bool is_child() const;
  // Nobody waits for it here any more (helper.h, leave_helper).
  int leave() {
    ended_ = true;
    return pid_;
  }
  // That all its threads have used until now, in nanoseconds. Not of its children.
  uint64_t cpu_time() const;
  // ESRCH, when it has ended, is success.
  [[nodiscard]] Result<void> signal(int number) const;

 private:
  [[nodiscard]] Result<std::optional<Change>> collect(int options);
  int pid_;
  Fd pidfd_;
  bool ended_ = false;
};

// Where a child works that has this memory, beside whatever its owner has on its own stack: many
// times what a child's steps take (raw.h). It stays until the child has executed a program or
// ended; a child that went beyond it ends the owner, too.
class ChildStack {
 public:
  ChildStack();
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;
  ~ChildStack();
  void* upper_end() { return bytes_ + sizeof bytes_; }

 private:
  alignas(16) char bytes_[size_t{8} * 1024];
};

// The child starts in `entry` with every signal blocked (a handler of this process must not run in
// it); what `entry` returns is its exit status. The caller waits until the child has executed a
// program or ended.
[[nodiscard]] Result<Process> spawn(int (*entry)(void*), void* argument, uint64_t extra_flags = 0);

// The same beside this process, which goes on at once: the child makes its calls with raw_call.h
// alone, and what it is given stays until it has executed a program or ended.
[[nodiscard]] Result<Process> spawn_beside(int (*entry)(void*), void* argument, ChildStack& stack);

// The same with a copy of this memory.
[[nodiscard]] Result<Process> spawn_copy(int (*entry)(void*), void* argument, uint64_t extra_flags);

// For a child of this process that somebody else made (CLONE_PARENT), and that nobody has waited
// for: its pidfd, which makes it a Process; or its end, which takes no descriptor.
[[nodiscard]] Result<Fd> pidfd_of(int pid);
bool has_ended(int pid);                // or was collected
[[nodiscard]] bool end_child(int pid);  // false: it may not be sent signals
// Not in a copy of this process (fork), and not once somebody has collected it.
bool is_child(int pid);

int own_pid();
int parent();
// Readable once this process has ended.
[[nodiscard]] Result<Fd> own_pidfd();
int own_group();
uint64_t own_peak_memory();
// Nanoseconds of a clock that only goes forward.
uint64_t now();
// Makes this process' memory and /proc files unreachable for others of the same user.
[[nodiscard]] Result<void> refuse_to_be_traced();

}  // namespace seclude::kernel
