// New namespaces: made by a process of their own while this one does something else.
//
// In: which of them a child will probably want, before it is known what it shall do; the kernel
// makes them for about as long as a launcher reads a policy. Out: a descriptor of the process that
// makes them, by which the child joins them once they are there (raw::join_when_made), with a
// loopback device that is up; or nothing, where the kernel refuses or a standard stream is closed:
// the child then makes its own, and tells why if it cannot.
// Of a process namespace that process is the first, with which everything in it ends; it ends with
// the program. It has a copy of this process' memory, from before there was much in it, and nothing
// else of it. A helper that was just forked (helper.h) can begin it as well, which takes this
// process no time.
// Neighbours: raw_namespaces.h says what it does, namespaces.h which there are.
#pragma once

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
  NewNamespaces(NewNamespaces&&) noexcept;
  NewNamespaces& operator=(NewNamespaces&&) = delete;
  ~NewNamespaces();

  void begin();
  // The same by a helper: in the helper, while it has this process' descriptors, and then here.
  void begin_in_helper() const;
  void begun_by(int helper);

  // Those of them that are wanted now. A child joins them by the two that follow
  // (raw::join_when_made), and learns then if they cannot be had, or would not be the same as
  // those that it makes itself: joining mounts leaves a chroot.
  Namespaces promised(const Namespaces& wanted);
  // Of the process that makes them; a pidfd.
  int descriptor() const;
  // What it tells: `ready` is open once they are there.
  raw::Guarded& guarded() const;
  // Ends it; what has joined a process namespace ends with it.
  void end();
  // It is the caller's from now on.
  std::optional<Process> let_go();

 private:
  struct Making;
  explicit NewNamespaces(std::unique_ptr<Making> making);
  std::unique_ptr<Making> making_;  // nullptr: nothing is to be begun
};

}  // namespace seclude::kernel
