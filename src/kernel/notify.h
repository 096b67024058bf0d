// Notify: the listener of a seccomp filter, where calls wait for an answer.
//
// In: the descriptor that loading a filter with NEW_LISTENER gave. Out: waiting calls one by one,
// and the answers sent back. A notification can vanish at any time (its thread was killed), and the
// thread id in it may then belong to somebody else: what was read from the thread counts only when
// still_waiting() says so afterwards.
// Neighbours: raw.h loads the filter in the child; sandbox/helper/supervisor.h answers.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "filter/input.h"
#include "kernel/fd.h"

namespace seclude::kernel {

struct Waiting {
  uint64_t id = 0;
  int thread = 0;
  filter::Input call;
};

class Listener {
 public:
  explicit Listener(Fd fd);

  const Fd& fd() const { return fd_; }
  // Sleeps until a call waits; nullopt: the one that woke us has gone.
  [[nodiscard]] Result<std::optional<Waiting>> next() const;
  bool still_waiting(const Waiting& waiting) const;
  // The call is not made and fails with this errno; 0: it "succeeds" with the result 0. A thread
  // that has gone is no error.
  void refuse(const Waiting& waiting, int errno_value) const;
  // The call is made. Whatever its arguments point at may have changed since: only for runs that
  // enforce nothing (`run --audit`). Before Linux 5.5 no call can be let pass: it fails with
  // ENOSYS.
  void let_pass_unchecked(const Waiting& waiting) const;

 private:
  bool answer(const Waiting& waiting, int errno_value, uint32_t flags) const;
  Fd fd_;
};

}  // namespace seclude::kernel
