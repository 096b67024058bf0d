// Supervisor: see supervisor.h.
#include "sandbox/helper/supervisor.h"

#include <algorithm>
#include <cstring>

#include "base/wire.h"
#include "filter/rules_wire.h"
#include "kernel/helper.h"
#include "kernel/process.h"
#include "kernel/processors.h"
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

Result<Supervisor> Supervisor::fork(Serves serves, Knows knows, const Work& work,
                                    const std::function<void()>& first) {
  kernel::SocketPair control = TRY(kernel::socket_pair(kernel::SocketKind::Stream));
  kernel::SocketPair joining = TRY(kernel::socket_pair(kernel::SocketKind::Messages));
  // In the helper, everything but these is closed already; the launcher's ends would keep it from
  // noticing the launcher's death.
  const std::vector<int> kept = {control.other.number(), joining.other.number()};
  const auto with_ends = [&] {
    (void)control.one.release();
    (void)joining.one.release();
    return work({std::move(control.other), std::move(joining.other)});
  };
  const int process = TRY(kernel::start_helper(kept, {first, with_ends}));
  return Supervisor(process, serves, knows, std::move(control.one), std::move(joining.one));
}

Result<Supervisor> Supervisor::start(const KeptRules& rules, const Supervision& supervision,
                                     Serves serves) {
  return fork(serves, Knows::Everything, [&](Ends ends) {
    return answer_calls({.rules = rules,
                         .supervision = supervision,
                         .many_runs = serves == Serves::ManyRuns,
                         .launcher = std::move(ends.launcher),
                         .child = std::move(ends.child)});
  });
}

Result<Supervisor> Supervisor::begin(const DescribeFrom& describe, kernel::NewNamespaces* ahead) {
  auto shared = TRY(kernel::SharedPage<SharedTerms>::make());
  const auto work = [&](Ends ends) {
    Briefing briefing(ends.launcher, *shared);
    const auto terms = briefing.hear_terms(ends.child);
    if (!terms) return 1;
    Supervision supervision = {.how = terms->how, .printed_at_most = terms->printed_at_most};
    const KeptRules rules(terms->facts, [&]() -> std::string_view {
      supervision.listening = briefing.hear().listening;
      return briefing.hear().rules;
    });
    if (terms->prints)
      supervision.describe = [&](const Denial& denial) {
        return describe(denial, briefing.hear().texts);
      };
    return answer_calls({.rules = rules,
                         .supervision = supervision,
                         .many_runs = false,
                         .launcher = std::move(ends.launcher),
                         .child = std::move(ends.child),
                         .briefing = &briefing});
  };
  std::function<void()> begins;
  if (ahead != nullptr) begins = [&] { kernel::NewNamespaces::begin_in_helper(ahead->order()); };
  auto begun = TRY(fork(Serves::OneRun, Knows::Nothing, work, begins));
  // It has things to do while this process has others.
  kernel::keep_off_this_processor(begun.process_);
  if (ahead != nullptr) ahead->begun_by(begun.process_);
  begun.terms_.emplace(std::move(shared));
  return begun;
}

void Supervisor::engage(const KeptRules& rules, const Supervision& supervision) {
  if (knows_ != Knows::Nothing) return;
  knows_ = Knows::Terms;
  SharedTerms& shared = **terms_;
  shared.terms = {.facts = rules.facts(),
                  .how = supervision.how,
                  .prints = bool(supervision.describe),
                  .printed_at_most = supervision.printed_at_most};
  shared.known.open();
}

void Supervisor::tell(const KeptRules& rules, const Supervision& supervision) {
  if (knows_ != Knows::Terms) return;
  knows_ = Knows::Everything;
  wire::Writer writer;
  filter::write(writer, rules.get());
  Knowledge knowledge = {
      .rules = std::move(writer.bytes), .texts = {}, .listening = supervision.listening};
  if (supervision.texts) knowledge.texts = supervision.texts();
  const std::string message = to_wire(knowledge);
  const auto sent = kernel::send_at_once(control_, message);
  if (!sent || *sent == message.size()) return;  // it may have ended
  (*terms_)->longer.open();
  kernel::wake_helper(process_);
  (void)kernel::send_message(control_, std::string_view(message).substr(*sent));
}

Supervisor::Supervisor(Supervisor&& other) noexcept
    : process_(std::exchange(other.process_, 0)),
      serves_(other.serves_),
      knows_(other.knows_),
      run_(other.run_),
      control_(std::move(other.control_)),
      child_end_(std::move(other.child_end_)),
      terms_(std::move(other.terms_)) {}

void Supervisor::abandon() {
  if (process_ == 0) return;
  // In a copy of the launcher it is another one's.
  if (!kernel::is_child(process_)) return (void)std::exchange(process_, 0);
  kernel::shut_down(control_);
  // Somebody may have stopped it, and it follows nobody yet.
  if (knows_ == Knows::Nothing) kernel::end_helper(process_);
  (void)kernel::collect_helper(std::exchange(process_, 0));
}

Joining Supervisor::joining() const {
  return {.socket = child_end_.number(), .supervisor = process_, .flags = listener_flags()};
}

tl::expected<Denials, Supervisor::Gone> Supervisor::finish() {
  const char over = static_cast<char>(run_++);
  (void)kernel::send_message(control_, {&over, 1});  // it may know already
  if (terms_) kernel::end_sending(control_);         // and listens for that alone until then
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
