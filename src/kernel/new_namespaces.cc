// New namespaces: see new_namespaces.h.
#include "kernel/new_namespaces.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sched.h>

#include <utility>

#include "kernel/capabilities.h"
#include "kernel/files.h"
#include "kernel/helper.h"
#include "kernel/memory.h"
#include "kernel/processors.h"
#include "kernel/raw.h"
#include "kernel/raw_call.h"
#include "kernel/raw_namespaces.h"

namespace seclude::kernel {

namespace {

// What both know.
struct Shared {
  raw::Guarded guarded = {};
  int process = 0;  // that a helper has begun
};

}  // namespace

// For a process that has only to be begun, in nanoseconds.
constexpr uint64_t patience = 1'000'000'000;

struct NewNamespaces::Making {
  Making(const Namespaces& wanted, std::shared_ptr<const Fd> own, SharedPage<Shared> page)
      : namespaces(wanted), launcher(std::move(own)), shared(std::move(page)) {}

  // The number of the process; sleeps while a helper may still be about to begin it. 0: nobody
  // will, or it is not wanted any more.
  int begun() const {
    if (process) return process->pid();
    if (helper == 0) return 0;
    if (is_settled_within(patience)) return shared->process;
    // Somebody has stopped the helper: what it begins later ends by itself.
    shared->guarded.begun.shut();
    return 0;
  }

  bool is_settled_within(uint64_t nanoseconds) const {
    const auto is_settled = [this] {
      return shared->process != 0 || shared->guarded.ready.is_shut() || has_ended(helper);
    };
    for (const uint64_t until = now() + nanoseconds; !is_settled();) {
      if (now() >= until) return false;
      (void)shared->guarded.ready.opens_within(raw::between_looks);
    }
    return true;
  }

  Namespaces namespaces;
  std::shared_ptr<const Fd> launcher;
  SharedPage<Shared> shared;
  int helper = 0;
  std::optional<Process> process = {};
  const int maker = own_pid();
  bool let_go = false;
  bool stays = false;  // the process may not be sent signals, and has not ended yet
};

namespace {

// Where `/` leads: a folder, and by which mount.
struct Root {
  uint64_t mount = 0, inode = 0;
  friend bool operator==(const Root&, const Root&) = default;
};

std::optional<Root> own_root() {
  struct statx facts = {};
  constexpr unsigned wanted = STATX_INO | STATX_MNT_ID;
  if (raw::call(SYS_statx, AT_FDCWD, "/", 0, wanted, &facts) != 0) return std::nullopt;
  if ((facts.stx_mask & wanted) != wanted) return std::nullopt;
  return Root{facts.stx_mnt_id, facts.stx_ino};
}

// A filter outside may refuse this, and would refuse it to the child as well. And whoever joins
// mounts finds himself at their root, wherever his own was before: in a chroot, say.
bool can_be_joined(uint64_t flags) {
  if (flags == 0) return true;
  const auto before = own_root();
  const long self = raw::call(SYS_pidfd_open, raw::call(SYS_getpid), 0);
  return self >= 0 && raw::join_namespaces(static_cast<int>(self), flags) == 0 && before &&
         own_root() == before;
}

// AddressSanitizer knows nothing of this stack.
__attribute__((no_sanitize("address"))) int make(void* given) {
  const auto& order = *static_cast<const NewNamespaces::Order*>(given);
  // Mounts first: they may be in vain, and the kernel gives others back with some delay.
  const uint64_t mounts = order.makes & CLONE_NEWNS, others = order.makes & ~mounts;
  if (raw::leave_namespaces(mounts) != 0 || !can_be_joined(mounts | order.begins)) raw::leave(1);
  if (raw::leave_namespaces(others) != 0 || !can_be_joined(others)) raw::leave(1);
  if ((others & CLONE_NEWNET) != 0 && raw::raise_loopback() != 0) raw::leave(1);
  raw::guard_namespace(order.then);
}

// In a user namespace the child would need more than its launcher has to join them.
bool may_make_some() {
  const uint64_t needed = bit_of(Capability::SysAdmin) | bit_of(Capability::SysPtrace);
  return (own_capabilities() & needed) == needed;
}

// While they are made, descriptors come and go, with the lowest numbers that are free: the standard
// streams' would seem to be open meanwhile.
bool streams_are_open() {
  return descriptor_is_open(0) && descriptor_is_open(1) && descriptor_is_open(2);
}

}  // namespace

NewNamespaces::NewNamespaces(std::unique_ptr<Making> making) : making_(std::move(making)) {}
NewNamespaces::NewNamespaces(NewNamespaces&&) noexcept = default;
NewNamespaces::~NewNamespaces() { end(); }

NewNamespaces NewNamespaces::prepare(const Namespaces& wanted) {
  const bool possible = !wanted.user && may_make_some() && streams_are_open();
  if (flags_of(wanted) == 0 || !possible) return NewNamespaces(nullptr);
  auto launcher = own_pidfd();
  auto shared = SharedPage<Shared>::make();
  if (!launcher || !shared) return NewNamespaces(nullptr);
  return NewNamespaces(std::make_unique<Making>(
      wanted, std::make_shared<const Fd>(std::move(*launcher)), std::move(*shared)));
}

NewNamespaces NewNamespaces::prepare_beside(const NewNamespaces& other) {
  auto shared = SharedPage<Shared>::make();
  if (!other.making_ || !shared) return NewNamespaces(nullptr);
  return NewNamespaces(std::make_unique<Making>(other.making_->namespaces, other.making_->launcher,
                                                std::move(*shared)));
}

NewNamespaces::Order NewNamespaces::order() const {
  if (!making_) return {};
  const uint64_t begins = flags_of({.processes = making_->namespaces.processes});
  Shared& shared = *making_->shared;
  return {.makes = flags_of(making_->namespaces) & ~begins,
          .begins = begins,
          .then = {making_->launcher->number(), &shared.guarded},
          .process = &shared.process};
}

void NewNamespaces::begin() {
  if (!making_) return;
  Order given = order();
  auto process = spawn_copy(make, &given, given.begins);
  if (!process) return making_.reset();
  keep_off_this_processor(process->pid());
  making_->process.emplace(std::move(*process));
}

void NewNamespaces::begin_in_helper(const Order& order) {
  if (order.then.launcher < 0) return;
  Order given = order;
  ChildStack stack;
  if (raw::begin_copy({make, &given, stack.upper_end()}, order.begins, order.process) != 0)
    order.then.guarded->ready.shut();
}

void NewNamespaces::begun_by(int helper) {
  if (making_) making_->helper = helper;
}

bool NewNamespaces::is_settled_within(uint64_t nanoseconds) const {
  return !making_ || making_->process || making_->is_settled_within(nanoseconds);
}

Namespaces NewNamespaces::promised(const Namespaces& wanted) {
  if (!making_) return {};
  const Namespaces promised = common(making_->namespaces, wanted);
  const int begun = flags_of(promised) != 0 ? making_->begun() : 0;
  if (begun == 0) return {};
  if (!making_->process) {
    auto descriptor = pidfd_of(begun);
    if (!descriptor) return {};
    making_->process.emplace(begun, std::move(*descriptor));
  }
  // Somebody may have collected it, and its number is another one's.
  if (!making_->process->is_child()) return {};
  return promised;
}

int NewNamespaces::descriptor() const { return making_->process->pidfd().number(); }

raw::Guarded& NewNamespaces::guarded() const { return making_->shared->guarded; }

void NewNamespaces::end() {
  // In a copy of the launcher they are another one's.
  if (!making_ || own_pid() != making_->maker) return;
  if (const int begun = making_->begun(); begun != 0 && is_child(begun)) {
    // Whoever has become somebody else meanwhile may not send it signals.
    making_->shared->guarded.begun.shut();
    making_->stays = !end_child(begun);
    if (making_->stays) leave_helper(begun);
  }
  if (making_->process) (void)making_->process->leave();
  making_->process.reset();
  making_->helper = 0;
}

std::optional<Process> NewNamespaces::let_go() {
  if (!making_ || !making_->process) return std::nullopt;
  making_->helper = 0;
  making_->let_go = true;
  std::optional<Process> process = std::move(making_->process);
  making_->process.reset();
  return process;
}

NewNamespaces::Use NewNamespaces::renew() {
  if (!making_ || making_->stays) return Use::NotOver;
  *making_->shared = {};
  return std::exchange(making_->let_go, false) ? Use::LetGo : Use::Ended;
}

}  // namespace seclude::kernel
