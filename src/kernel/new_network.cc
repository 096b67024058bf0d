// New network: see new_network.h.
#include "kernel/new_network.h"

#include <sched.h>

#include "kernel/capabilities.h"
#include "kernel/files.h"
#include "kernel/memory.h"
#include "kernel/process.h"
#include "kernel/processors.h"
#include "kernel/raw.h"
#include "kernel/raw_call.h"
#include "kernel/raw_namespaces.h"

namespace seclude::kernel {

struct NewNetwork::Making {
  explicit Making(Stack memory) : stack(std::move(memory)) {}
  Stack stack;
  int made = -1;  // the descriptor; written by the process
  std::optional<Process> process = {};
};

namespace {

// AddressSanitizer knows nothing of this stack.
__attribute__((no_sanitize("address"))) int make(void* made) {
  using raw::call;
  if (raw::leave_namespaces(CLONE_NEWNET) != 0 || raw::raise_loopback() != 0) raw::leave(0);
  const int number = raw::own_network();
  // A filter outside may refuse this, and would refuse it to the child as well.
  if (number >= 0 && raw::join_network(number) != 0) {
    (void)call(SYS_close, number);
    raw::leave(0);
  }
  *static_cast<int*>(made) = number;
  raw::leave(0);
}

// While it is made, descriptors of it come and go, with the lowest numbers that are free: the
// standard streams' would seem to be open meanwhile.
bool streams_are_open() {
  return descriptor_is_open(0) && descriptor_is_open(1) && descriptor_is_open(2);
}

bool may_make_one() {
  return streams_are_open() && raw::leaves_errno_alone &&
         (own_capabilities() & bit_of(Capability::SysAdmin)) != 0;
}

}  // namespace

NewNetwork::NewNetwork(std::unique_ptr<Making> making) : making_(std::move(making)) {}
NewNetwork::NewNetwork(NewNetwork&&) noexcept = default;
NewNetwork::~NewNetwork() { (void)take(); }

NewNetwork NewNetwork::begin() {
  if (!may_make_one()) return NewNetwork(nullptr);
  auto stack = Stack::make();
  if (!stack) return NewNetwork(nullptr);
  auto making = std::make_unique<Making>(std::move(*stack));
  auto process = spawn_beside(make, &making->made, making->stack, Shares::MemoryAndDescriptors);
  if (!process) return NewNetwork(nullptr);
  keep_off_this_processor(process->pid());
  making->process.emplace(std::move(*process));
  return NewNetwork(std::move(making));
}

std::optional<Fd> NewNetwork::take() {
  if (!making_) return std::nullopt;
  const std::unique_ptr<Making> making = std::move(making_);
  // Also where nobody keeps a record of how it ended, it has.
  (void)making->process->wait();
  if (making->made < 0) return std::nullopt;
  return Fd(making->made);
}

}  // namespace seclude::kernel
