// Gate: see gate.h.
#include "kernel/gate.h"

#include <linux/futex.h>

#include "kernel/raw_call.h"

namespace seclude::kernel {

void Gate::set(State state) {
  __atomic_store_n(&state_, static_cast<uint32_t>(state), __ATOMIC_RELEASE);
  (void)raw::call(SYS_futex, &state_, FUTEX_WAKE, INT32_MAX, nullptr);
}

int Gate::pass() const {
  for (;;) {
    const auto state = static_cast<State>(__atomic_load_n(&state_, __ATOMIC_ACQUIRE));
    if (state != State::Closed) return state == State::Open ? 0 : ECANCELED;
    // Comes back at once where the gate has moved in between.
    (void)raw::call(SYS_futex, &state_, FUTEX_WAIT, State::Closed, nullptr);
  }
}

}  // namespace seclude::kernel
