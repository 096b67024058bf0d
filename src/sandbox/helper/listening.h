// Listening: `listen` of a confined program, done for it by the helper.
//
// In: a thread that waits in `listen`, the ends that `listen` lines name. Out: the errno for it,
// and, when no line names what its socket is bound to, words that say what that is.
// Landlock holds what sockets are bound to, but one that was never bound may be made to listen, and
// the kernel then chooses its port and asks nobody; and of ends with addresses, Landlock knows the
// port only. So the call never reaches the kernel from the program: the helper takes a duplicate of
// the socket, looks what it is bound to, and listens on the duplicate, which is the same socket.
// The program can use the socket in between. A port that it was bound to by name stays, whatever
// happens (SOCK_BINDPORT_LOCK); one that the kernel chose, for a connection, goes when connect with
// AF_UNSPEC ends that, and then the kernel would choose another for listening. So the helper first
// leaves the kernel nothing to choose from but the port that it has seen; the program may not
// change that (companion_rules.h). An address by name stays as well; one that came by a connection
// goes with it, so where lines name addresses the program may not connect (places.h).
// Neighbours: answering.h calls; kernel/other_socket.h has the means.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "kernel/notify.h"
#include "sandbox/paths/domain.h"

namespace seclude::sandbox {

struct Listened {
  int errno_value = 0;
  std::optional<std::string> refused = {};  // "bound to 0.0.0.0:8080": what no line names
};
Listened listen_for(const kernel::Listener& listener, const kernel::Waiting& waiting,
                    std::span<const ListenEnd> ends);

// Whether some end has what a socket is bound to (struct sockaddr_in or sockaddr_in6).
// `takes_v4`: IPv6, but connections of IPv4 arrive, too.
bool may_listen(std::span<const ListenEnd> ends, const std::string& address, bool takes_v4);

}  // namespace seclude::sandbox
