// Listening: see listening.h.
#include "sandbox/helper/listening.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernel/other_socket.h"
#include "kernel/socket.h"
#include "sandbox/helper/capture.h"

namespace seclude::sandbox {
namespace {

using kernel::Transport;
using policy::Address;

struct Endpoint {
  Address address;
  uint16_t port = 0;
};

template <typename T>
T start_of(const std::string& bytes) {
  T value = {};
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
  return value;
}

// ::ffff:1.2.3.4 is 1.2.3.4, as in policies.
std::optional<Endpoint> endpoint_of(const std::string& bytes) {
  Endpoint end;
  const auto family = start_of<sockaddr>(bytes).sa_family;
  if (family == AF_INET) {
    const auto address = start_of<sockaddr_in>(bytes);
    std::memcpy(end.address.bytes.data(), &address.sin_addr, sizeof address.sin_addr);
    end.port = ntohs(address.sin_port);
    return end;
  }
  if (family != AF_INET6) return std::nullopt;
  const auto address = start_of<sockaddr_in6>(bytes);
  end.port = ntohs(address.sin6_port);
  const uint8_t* raw = address.sin6_addr.s6_addr;
  end.address.is_v6 = !IN6_IS_ADDR_V4MAPPED(&address.sin6_addr);
  if (end.address.is_v6)
    std::copy(raw, raw + 16, end.address.bytes.begin());
  else
    std::copy(raw + 12, raw + 16, end.address.bytes.begin());
  return end;
}

bool names(const ListenEnd& end, const Endpoint& bound) {
  if (bound.port < end.ports.low || bound.port > end.ports.high) return false;
  if (!end.addresses) return true;
  return bound.address.is_v6 == end.addresses->low.is_v6 && !(bound.address < end.addresses->low) &&
         !(end.addresses->high < bound.address);
}

bool some_names(std::span<const ListenEnd> ends, const Endpoint& bound) {
  return std::any_of(ends.begin(), ends.end(),
                     [&](const ListenEnd& end) { return names(end, bound); });
}

bool is_bound(const std::string& address) {
  const auto bound = endpoint_of(address);
  return bound && bound->port != 0;
}

Listened refuse(const kernel::Binding& binding) {
  if (!is_bound(binding.address)) return {EACCES, "not bound"};
  return {EACCES, "bound to " + show_socket_address(binding.address)};
}

Listened listen_with(const kernel::Fd& socket, int backlog, std::span<const ListenEnd> ends) {
  const Transport transport = kernel::transport_of(socket);
  if (transport == Transport::None) return {ENOTSOCK};
  if (transport == Transport::Other) return {EACCES, "no socket of TCP"};
  const auto before = kernel::binding_of(socket);
  if (!before) return {before.error().errno_value};
  if (!may_listen(ends, before->address, before->takes_v4)) return refuse(*before);

  const uint16_t port = endpoint_of(before->address)->port;
  const auto choice = kernel::chosen_ports(socket);
  if (!choice) return {EACCES, "a socket whose port cannot be held"};
  if (!kernel::set_chosen_ports(socket, {port, port}))
    return {EACCES, "a socket whose port cannot be held"};
  const auto done = kernel::listen_on(socket, backlog);
  const auto now = kernel::binding_of(socket);
  (void)kernel::set_chosen_ports(socket, *choice);
  if (!done) return {done.error().errno_value};
  if (!now) return {now.error().errno_value};
  if (may_listen(ends, now->address, now->takes_v4)) return {};
  kernel::shut_down(socket);  // of a socket that listens: it does not any more
  return refuse(*now);
}

}  // namespace

bool may_listen(std::span<const ListenEnd> ends, const std::string& address, bool takes_v4) {
  const auto bound = endpoint_of(address);
  if (!bound || bound->port == 0 || !some_names(ends, *bound)) return false;
  if (!takes_v4 || bound->address != Address{.is_v6 = true, .bytes = {}}) return true;
  return some_names(ends, {.address = {}, .port = bound->port});
}

Listened listen_for(const kernel::Listener& listener, const kernel::Waiting& waiting,
                    std::span<const ListenEnd> ends) {
  const auto descriptor = static_cast<int32_t>(waiting.call.args[0] & 0xffffffff);
  const auto backlog = static_cast<int32_t>(waiting.call.args[1] & 0xffffffff);
  const auto thread = kernel::open_thread(waiting.thread);
  // Only now is it certain that the one that asked is meant.
  if (!listener.still_waiting(waiting)) return {EINTR};
  if (!thread) return {EACCES, "out of the helper's reach"};
  const auto socket = kernel::duplicate_of(*thread, descriptor);
  if (!socket && socket.error().errno_value == EBADF) return {EBADF};
  if (!socket) return {EACCES, "out of the helper's reach"};
  return listen_with(*socket, backlog, ends);
}

}  // namespace seclude::sandbox
