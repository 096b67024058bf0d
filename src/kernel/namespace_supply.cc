// Namespace supply: see namespace_supply.h.
#include "kernel/namespace_supply.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <utility>

#include "kernel/helper.h"
#include "kernel/large_memory.h"
#include "kernel/raw_namespaces.h"
#include "kernel/signals.h"

namespace seclude::kernel {
namespace {

// For what takes the other process some microseconds, in nanoseconds.
constexpr uint64_t patience = 200'000'000;

}  // namespace

// It holds on to nothing that the launcher may want to be free.
int NamespaceSupply::serve(const Orders& orders, const Wishes& wishes) {
  ::prctl(PR_SET_NAME, "seclude-spare", 0, 0, 0);
  let_go_of_standard_error();
  std::array<const void*, 1 + 2 * sets> kept = {&wishes};
  for (size_t i = 0; i < sets; ++i) {
    kept[1 + 2 * i] = orders[i].process;
    kept[2 + 2 * i] = orders[i].then.guarded;
  }
  give_up_memory_but(kept);
  pollfd launcher = {orders.front().then.launcher, POLLIN, 0};  // readable once it has ended
  for (size_t run = 0;; ++run) {
    const Gate& wished = wishes[run % sets];
    // It may have become somebody else, and does not take this process with it then.
    do
      if (wished.is_shut() || ::poll(&launcher, 1, 0) > 0) return 0;
    while (!wished.opens_within(raw::between_looks_at_launcher));
    NewNamespaces::begin_in_helper(orders[run % sets]);
  }
}

std::unique_ptr<NamespaceSupply> NamespaceSupply::start(Namespaces wanted) {
  // Whoever sees these processes may be able to signal them.
  if (!wanted.processes) return nullptr;
  wanted.mounts = false;
  // The host's name at that time, and the control groups of another process.
  wanted.names = wanted.groups = false;
  NewNamespaces first = NewNamespaces::prepare(wanted);
  NewNamespaces second = NewNamespaces::prepare_beside(first);
  NewNamespaces third = NewNamespaces::prepare_beside(first);
  auto wishes = SharedPage<Wishes>::make();
  if (!first.possible() || !second.possible() || !third.possible() || !wishes) return nullptr;
  const Orders orders = {first.order(), second.order(), third.order()};
  const auto process = start_helper({orders.front().then.launcher},
                                    {.work = [&] { return serve(orders, **wishes); }});
  if (!process) return nullptr;
  auto descriptor = pidfd_of(*process);
  if (!descriptor) {
    if (!end_child(*process)) leave_helper(*process);
    return nullptr;
  }
  (**wishes)[0].open();
  return std::unique_ptr<NamespaceSupply>(
      new NamespaceSupply({std::move(first), std::move(second), std::move(third)},
                          std::move(*wishes), Process(*process, std::move(*descriptor))));
}

NamespaceSupply::NamespaceSupply(Sets made, SharedPage<Wishes> wishes, Process spare)
    : sets_(std::move(made)),
      wishes_(std::move(wishes)),
      spare_(std::move(spare)),
      maker_(own_pid()) {}

NamespaceSupply::~NamespaceSupply() {
  if (own_pid() != maker_) return;  // a copy of the launcher
  for (size_t i = 0; i < sets; ++i)
    if ((*wishes_)[i].is_open()) sets_[i].begun_by(spare_.pid());
  // Whoever has become somebody else meanwhile may not send it signals.
  for (Gate& wish : *wishes_) wish.shut();
  (void)spare_.signal(SIGKILL);
  const auto ended = wait_for(spare_.pidfd(), nullptr, now() + patience);
  // Somebody may hold it.
  if (!ended || !*ended) leave_helper(spare_.leave());
}

NamespaceSupply::Share NamespaceSupply::begin_run() {
  Wishes& wishes = *wishes_;
  const size_t next = taken_ % sets;
  if (!wishes[next].is_open()) return {nullptr, &wishes[next]};
  in_use_ = &sets_[next];
  in_use_->begun_by(spare_.pid());
  if (!in_use_->is_settled_within(patience)) {
    (void)spare_.signal(SIGKILL);
    is_broken_ = true;
  }
  return {in_use_, &wishes[(taken_ + 1) % sets]};
}

bool NamespaceSupply::run_is_over() {
  NewNamespaces* const used = std::exchange(in_use_, nullptr);
  if (used == nullptr) return false;
  used->end();
  const NewNamespaces::Use use = used->renew();
  is_broken_ |= use == NewNamespaces::Use::NotOver;
  (*wishes_)[taken_++ % sets] = {};
  return use == NewNamespaces::Use::LetGo;
}

}  // namespace seclude::kernel
