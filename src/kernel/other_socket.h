// Other socket: a socket of somebody else's thread, looked at and used through a descriptor of
// ours.
//
// In: a thread id and a number of a descriptor there. Out: a duplicate, which is the same socket:
// its owner can bind, connect, or close it meanwhile. What was read of it is true only of that
// moment.
// Neighbours: sandbox/helper/listening.h decides; notify.h says whether the thread is still the
// same.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "kernel/fd.h"

namespace seclude::kernel {

// The thread, or before Linux 6.9 its process; it stays that one, whoever gets its number later.
[[nodiscard]] Result<Fd> open_thread(int thread);
// EBADF: there is no such descriptor. The thread must not be guarded against this process (ptrace).
[[nodiscard]] Result<Fd> duplicate_of(const Fd& thread, int descriptor);

enum class Transport : uint8_t {
  None,  // this is no socket
  Tcp,   // over IPv4 or IPv6
  Other,
};
Transport transport_of(const Fd& socket);

// What a socket of TCP is bound to.
struct Binding {
  std::string address;    // struct sockaddr_in or sockaddr_in6
  bool takes_v4 = false;  // of IPv6, but not only
};
[[nodiscard]] Result<Binding> binding_of(const Fd& socket);

// From which ports the kernel chooses one for a socket that has none (IP_LOCAL_PORT_RANGE, Linux
// 6.3); 0 and 0: from all that it gives away.
struct ChosenPorts {
  uint16_t low = 0, high = 0;
};
[[nodiscard]] Result<ChosenPorts> chosen_ports(const Fd& socket);
[[nodiscard]] Result<void> set_chosen_ports(const Fd& socket, ChosenPorts ports);
[[nodiscard]] Result<void> listen_on(const Fd& socket, int backlog);

}  // namespace seclude::kernel
