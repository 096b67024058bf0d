// Gate: see gate.h.
#include "kernel/gate.h"

#include <linux/futex.h>
#include <time.h>

#include "kernel/raw_call.h"

namespace seclude::kernel {

void Gate::set(State state) {
  __atomic_store_n(&state_, static_cast<uint32_t>(state), __ATOMIC_RELEASE);
  (void)raw::call(SYS_futex, &state_, FUTEX_WAKE, INT32_MAX, nullptr);
}

int Gate::pass() const {
  for (;;) {
    const State now = state();
    if (now != State::Closed) return now == State::Open ? 0 : ECANCELED;
    // Comes back at once where the gate has moved in between.
    (void)raw::call(SYS_futex, &state_, FUTEX_WAIT, State::Closed, nullptr);
  }
}

bool Gate::opens_within(uint64_t nanoseconds) const {
  constexpr uint64_t second = 1'000'000'000;
  const timespec time = {static_cast<time_t>(nanoseconds / second),
                         static_cast<long>(nanoseconds % second)};
  if (state() == State::Closed)
    (void)raw::call(SYS_futex, &state_, FUTEX_WAIT, State::Closed, &time);
  return is_open();
}

bool Gate::is_open() const { return state() == State::Open; }

bool Gate::is_shut() const { return state() == State::Shut; }

Gate::State Gate::state() const {
  return static_cast<State>(__atomic_load_n(&state_, __ATOMIC_ACQUIRE));
}

}  // namespace seclude::kernel
