// Supervisor: see supervisor.h.
#include "sandbox/supervisor.h"

#include "kernel/helper.h"
#include "kernel/process.h"
#include "kernel/seccomp.h"
#include "kernel/signals.h"
#include "kernel/socket.h"
#include "sandbox/answering.h"
#include "sandbox/denial_wire.h"

namespace seclude::sandbox {
namespace {

// Between two words of the helper at the end, in nanoseconds; it may still be printing, to a slow
// reader.
constexpr uint64_t patience = 30'000'000'000;

unsigned listener_flags() {
  namespace flag = kernel::filter_flag;
  // Without it (before Linux 5.19) every signal ends a waiting call.
  return kernel::flags_available(flag::new_listener | flag::wait_killable_recv)
             ? flag::wait_killable_recv
             : 0;
}

}  // namespace

Result<Supervisor> Supervisor::start(const filter::Rules& rules, const Supervision& supervision) {
  kernel::SocketPair control = TRY(kernel::socket_pair(kernel::SocketKind::Stream));
  kernel::SocketPair joining = TRY(kernel::socket_pair(kernel::SocketKind::Messages));
  // In the helper, everything but these two is closed already; the launcher's ends would keep it
  // from noticing the launcher's death.
  const int process =
      TRY(kernel::start_helper({control.other.number(), joining.other.number()}, [&] {
        (void)control.one.release();
        (void)joining.one.release();
        return answer_calls({.rules = rules,
                             .supervision = supervision,
                             .launcher = std::move(control.other),
                             .child = std::move(joining.other)});
      }));
  return Supervisor(process, std::move(control.one), std::move(joining.one));
}

Supervisor::Supervisor(Supervisor&& other) noexcept
    : process_(std::exchange(other.process_, 0)),
      control_(std::move(other.control_)),
      child_end_(std::move(other.child_end_)) {}

Supervisor::~Supervisor() {
  if (process_ == 0) return;
  kernel::shut_down(control_);
  kernel::collect_helper(process_, true);
}

Joining Supervisor::joining() const {
  return {.socket = child_end_.number(), .supervisor = process_, .flags = listener_flags()};
}

std::optional<Denials> Supervisor::finish() {
  (void)kernel::send_message(control_, run_is_over);
  std::string bytes;
  for (;;) {
    // It may be stuck in reading the program's memory, which the program can make wait for ever.
    const auto ready = kernel::wait_for(control_, nullptr, kernel::now() + patience);
    if (!ready || !*ready) {
      kernel::end_helper(process_);
      break;
    }
    auto message = kernel::receive(control_, size_t{1} << 16);
    if (!message || message->bytes.empty()) break;
    bytes += message->bytes;
  }
  // It may stay for processes the program left behind.
  kernel::collect_helper(std::exchange(process_, 0), false);
  return from_wire(bytes);
}

}  // namespace seclude::sandbox
