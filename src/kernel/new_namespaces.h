// New namespaces: made by a process of their own while this one does something else.
//
// In: which of them a child will probably want, before it is known what it shall do; the kernel
// makes them for about as long as a launcher reads a policy. Out: a descriptor of the process that
// makes them, by which the child joins them once they are there (raw::join_when_made), with a
// loopback device that is up; or nothing, where the kernel refuses or a standard stream is closed:
// the child then makes its own, and tells why if it cannot.
// Of a process namespace that process is the first, with which everything in it ends; it ends with
// the program. It has a copy of this process' memory, from before there was much in it, and nothing
// else of it. A helper (helper.h) can begin it as well, which takes this process no time.
// Neighbours: raw_namespaces.h says what it does, namespaces.h which there are,
// namespace_supply.h has some for one run after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "kernel/namespaces.h"
#include "kernel/process.h"
#include "kernel/raw_namespaces.h"

namespace seclude::kernel {

class NewNamespaces {
 public:
  // For whoever has CAP_SYS_ADMIN and CAP_SYS_PTRACE; for others, and where none are wanted,
  // nothing will be begun. Linux 5.8.
  static NewNamespaces prepare(const Namespaces& wanted);
  // The same, with the descriptors of another one, where they can be shared.
  static NewNamespaces prepare_beside(const NewNamespaces& other);
  NewNamespaces(NewNamespaces&&) noexcept;
  NewNamespaces& operator=(NewNamespaces&&) = delete;
  ~NewNamespaces();

  bool possible() const { return making_ != nullptr; }
  void begin();
  // The same by a helper: in the helper, while it has what `order` names, and here, before or
  // after.
  struct Order {
    uint64_t makes = 0;   // CLONE_NEW*
    uint64_t begins = 0;  // of which it is the first
    raw::Guardian then;   // `launcher`: a descriptor of this process; -1: nothing is to be begun
    int* process = nullptr;
  };
  Order order() const;
  static void begin_in_helper(const Order& order);
  void begun_by(int helper);
  // Whether the helper has begun it, or never will, by then; in nanoseconds.
  bool is_settled_within(uint64_t nanoseconds) const;

  // Those of them that are wanted now. A child joins them by the two that follow
  // (raw::join_when_made), and learns then if they cannot be had, or would not be the same as
  // those that it makes itself: joining mounts leaves a chroot.
  Namespaces promised(const Namespaces& wanted);
  // Of the process that makes them; a pidfd.
  int descriptor() const;
  // What it tells: `ready` is open once they are there.
  raw::Guarded& guarded() const;
  // Ends it; what has joined a process namespace ends with it. Where this process may not send it
  // signals any more, it ends by itself, and is collected later (helper.h, leave_helper).
  void end();
  // It is the caller's from now on.
  std::optional<Process> let_go();
  // After one of these two, and the end of what was let go: others can be begun. What became of the
  // last ones; not over: the process could not be ended, and nothing more can be begun.
  enum class Use : uint8_t { LetGo, Ended, NotOver };
  Use renew();

 private:
  struct Making;
  explicit NewNamespaces(std::unique_ptr<Making> making);
  std::unique_ptr<Making> making_;  // nullptr: nothing is to be begun
};

}  // namespace seclude::kernel
