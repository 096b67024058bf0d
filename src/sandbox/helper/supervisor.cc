// Supervisor: see supervisor.h.
#include "sandbox/helper/supervisor.h"

#include <algorithm>
#include <cstring>

#include "kernel/helper.h"
#include "kernel/process.h"
#include "kernel/seccomp.h"
#include "kernel/signals.h"
#include "kernel/socket.h"
#include "sandbox/helper/answering.h"
#include "sandbox/helper/denial_wire.h"

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

struct LastWord {
  bool stays = false;
  std::string denials;
};

// nullopt: it died.
std::optional<LastWord> hear_farewell(const kernel::Fd& control) {
  std::string heard;
  Farewell farewell;
  for (size_t wanted = sizeof farewell; heard.size() < wanted;) {
    const auto ready = kernel::wait_for(control, nullptr, kernel::now() + patience);
    if (!ready || !*ready) return std::nullopt;
    auto message = kernel::receive(control, std::min(wanted - heard.size(), size_t{1} << 16));
    if (!message || message->bytes.empty()) return std::nullopt;
    heard += message->bytes;
    if (heard.size() < sizeof farewell) continue;
    std::memcpy(&farewell, heard.data(), sizeof farewell);
    wanted = sizeof farewell + farewell.bytes;
  }
  return LastWord{farewell.stays, heard.substr(sizeof farewell)};
}

}  // namespace

Result<Supervisor> Supervisor::start(const KeptRules& rules, const Supervision& supervision,
                                     Serves serves) {
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
                             .many_runs = serves == Serves::ManyRuns,
                             .launcher = std::move(control.other),
                             .child = std::move(joining.other)});
      }));
  return Supervisor(process, serves, std::move(control.one), std::move(joining.one));
}

Supervisor::Supervisor(Supervisor&& other) noexcept
    : process_(std::exchange(other.process_, 0)),
      serves_(other.serves_),
      run_(other.run_),
      control_(std::move(other.control_)),
      child_end_(std::move(other.child_end_)) {}

void Supervisor::abandon() {
  if (process_ == 0) return;
  kernel::shut_down(control_);
  (void)kernel::collect_helper(std::exchange(process_, 0));
}

Joining Supervisor::joining() const {
  return {.socket = child_end_.number(), .supervisor = process_, .flags = listener_flags()};
}

tl::expected<Denials, Supervisor::Gone> Supervisor::finish() {
  const char over = static_cast<char>(run_++);
  (void)kernel::send_message(control_, {&over, 1});  // it may know already
  const auto last = hear_farewell(control_);
  auto denials = last ? from_wire(last->denials) : std::nullopt;
  if (denials && !last->stays && serves_ == Serves::ManyRuns) return std::move(*denials);
  const int process = std::exchange(process_, 0);
  bool held_up = false;
  if (last && last->stays) {
    kernel::leave_helper(process);
  } else {
    if (!last) kernel::end_helper(process);
    held_up = kernel::collect_helper(process);
  }
  if (denials) return std::move(*denials);
  return tl::unexpected<Gone>(held_up ? Gone::HeldUp : Gone::Died);
}

}  // namespace seclude::sandbox
