// New network: a network namespace that the kernel makes while this process does something else.
//
// In: a moment at which it is likely that a child will want one; it takes the kernel longer than
// all other namespaces together. Out: a descriptor of it, its loopback device up, for the child to
// join (raw::join_network); or nothing, where this process may not, the kernel could not, or a
// standard stream is closed: the child then makes its own, and tells why if it cannot.
// Who makes it shares this process' memory and descriptors, makes its calls as a child beside its
// launcher does (process.h), and ends when it is done. Neighbours: raw_namespaces.h.
#pragma once

#include <memory>
#include <optional>

#include "kernel/fd.h"

namespace seclude::kernel {

class NewNetwork {
 public:
  // For whoever has CAP_SYS_ADMIN; others get none.
  static NewNetwork begin();
  NewNetwork(NewNetwork&&) noexcept;
  NewNetwork& operator=(NewNetwork&&) = delete;
  ~NewNetwork();

  // Sleeps until it is there. The second time there is none.
  std::optional<Fd> take();

 private:
  struct Making;
  explicit NewNetwork(std::unique_ptr<Making> making);
  std::unique_ptr<Making> making_;  // nullptr: there is none
};

}  // namespace seclude::kernel
