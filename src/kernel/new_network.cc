// New network: see new_network.h.
#include "kernel/new_network.h"

#include <fcntl.h>
#include <sched.h>

#include "kernel/capabilities.h"
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
  long number = call(SYS_openat, AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC, 0);
  // 0 to 2 belong to the program.
  if (number >= 0 && number <= 2) {
    const long low = number;
    number = call(SYS_fcntl, low, F_DUPFD_CLOEXEC, 3);
    (void)call(SYS_close, low);
  }
  *static_cast<int*>(made) = static_cast<int>(number);
  raw::leave(0);
}

bool may_make_one() {
  return raw::leaves_errno_alone && (own_capabilities() & bit_of(Capability::SysAdmin)) != 0;
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
