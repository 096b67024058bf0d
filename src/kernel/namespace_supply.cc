// Namespace supply: see namespace_supply.h.
#include "kernel/namespace_supply.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include <utility>
#include <vector>

#include "kernel/helper.h"
#include "kernel/large_memory.h"
#include "kernel/process.h"

namespace seclude::kernel {

// For a process that has only to be begun, in nanoseconds.
constexpr uint64_t patience = 200'000'000;

// It has nothing but its stack, small things, and what it shares with the launcher.
int NamespaceSupply::serve(const std::array<NewNamespaces::Order, places>& orders,
                           const Wishes& wishes) {
  ::prctl(PR_SET_NAME, "seclude-spare", 0, 0, 0);
  // The launcher may have ended before this process could ask to end with it.
  pollfd launcher = {orders[0].then.launcher, POLLIN, 0};
  if (::poll(&launcher, 1, 0) > 0) return 0;
  let_go_of_standard_error();
  give_up_large_memory();
  for (size_t run = 0; wishes.wished[run % places].pass() == 0; ++run)
    NewNamespaces::begin_in_helper(orders[run % places]);
  return 0;
}

std::optional<NamespaceSupply> NamespaceSupply::start(Namespaces wanted) {
  // Whoever sees these processes may be able to signal them.
  if (!wanted.processes) return std::nullopt;
  wanted.mounts = false;
  // The host's name at that time, and the control groups of another process.
  wanted.names = wanted.groups = false;
  Places some = {NewNamespaces::prepare(wanted), NewNamespaces::prepare(wanted),
                 NewNamespaces::prepare(wanted)};
  std::array<NewNamespaces::Order, places> orders;
  std::vector<int> kept;
  for (size_t i = 0; i < places; ++i) {
    if (!some[i].possible()) return std::nullopt;
    orders[i] = some[i].order();
    kept.push_back(orders[i].then.launcher);
  }
  auto wishes = SharedPage<Wishes>::make();
  if (!wishes) return std::nullopt;
  const auto process =
      start_helper(std::move(kept), {.work = [&] { return serve(orders, **wishes); }});
  if (!process) return std::nullopt;
  (*wishes)->wished[0].open();
  return NamespaceSupply(std::move(some), std::move(*wishes), *process);
}

NamespaceSupply::NamespaceSupply(Places some, SharedPage<Wishes> wishes, int process)
    : places_(std::move(some)), wishes_(std::move(wishes)), process_(process) {}

NamespaceSupply::NamespaceSupply(NamespaceSupply&& other) noexcept
    : places_(std::move(other.places_)),
      wishes_(std::move(other.wishes_)),
      process_(std::exchange(other.process_, 0)),
      taken_(other.taken_) {}

NamespaceSupply::~NamespaceSupply() {
  if (process_ == 0) return;
  // What has been begun ends, and nothing is begun any more.
  end_child(process_);
  for (size_t i = 0; i < places; ++i)
    if (wishes_->wished[i].is_open()) places_[i].begun_by(process_);
}

NamespaceSupply::Share NamespaceSupply::begin_run() {
  const size_t place = taken_ % places;
  if (!wishes_->wished[place].is_open()) return {nullptr, &wishes_->wished[place]};
  in_use_ = &places_[place];
  in_use_->begun_by(process_);
  // Somebody may have stopped it.
  if (!in_use_->is_settled_within(patience)) ::kill(process_, SIGKILL);
  return {in_use_, &wishes_->wished[(taken_ + 1) % places]};
}

void NamespaceSupply::run_is_over() {
  NewNamespaces* const used = std::exchange(in_use_, nullptr);
  if (used == nullptr) return;
  used->end();
  used->renew();
  wishes_->wished[taken_++ % places] = {};
}

bool NamespaceSupply::has_ended() const { return kernel::has_ended(process_); }

}  // namespace seclude::kernel
