// Other socket: see other_socket.h.
#include "kernel/other_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/files.h"

namespace seclude::kernel {
namespace {

// Newer than the headers of Debian 12.
constexpr unsigned thread_itself = O_EXCL;  // PIDFD_THREAD, Linux 6.9
constexpr int local_port_range = 51;        // IP_LOCAL_PORT_RANGE, Linux 6.3

std::optional<int> option_of(const Fd& socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(socket.number(), level, name, &value, &size) != 0) return std::nullopt;
  return value;
}

// Before Linux 6.9 only processes can be referred to, by their first thread.
Result<int> process_of(int thread) {
  constexpr std::string_view key = "\nTgid:\t";
  const std::string path = "/proc/" + std::to_string(thread) + "/status";
  const std::string status = TRY(read_file(path));
  const size_t at = status.find(key);
  if (at == std::string::npos) return fail("find the process of a thread in " + path);
  return std::atoi(status.c_str() + at + key.size());
}

}  // namespace

Result<Fd> open_thread(int thread) {
  long number = ::syscall(SYS_pidfd_open, thread, thread_itself);
  if (number < 0 && errno == EINVAL) number = ::syscall(SYS_pidfd_open, TRY(process_of(thread)), 0);
  if (number < 0) return fail("refer to a thread", errno);
  return Fd(static_cast<int>(number));
}

Result<Fd> duplicate_of(const Fd& thread, int descriptor) {
  const long number = ::syscall(SYS_pidfd_getfd, thread.number(), descriptor, 0);
  if (number < 0) return fail("duplicate a descriptor of a thread", errno);
  return Fd(static_cast<int>(number));
}

Transport transport_of(const Fd& socket) {
  const auto domain = option_of(socket, SOL_SOCKET, SO_DOMAIN);
  if (!domain) return Transport::None;
  const bool internet = *domain == AF_INET || *domain == AF_INET6;
  const bool tcp = option_of(socket, SOL_SOCKET, SO_TYPE) == SOCK_STREAM &&
                   option_of(socket, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP;
  return internet && tcp ? Transport::Tcp : Transport::Other;
}

Result<Binding> binding_of(const Fd& socket) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return fail("ask what a socket is bound to", errno);
  Binding binding;
  binding.address.assign(reinterpret_cast<const char*>(&address), size);
  // Once a socket is bound, this does not change any more (ipv6(7)).
  binding.takes_v4 =
      address.ss_family == AF_INET6 && option_of(socket, IPPROTO_IPV6, IPV6_V6ONLY) != 1;
  return binding;
}

Result<ChosenPorts> chosen_ports(const Fd& socket) {
  uint32_t range = 0;
  socklen_t size = sizeof range;
  if (::getsockopt(socket.number(), IPPROTO_IP, local_port_range, &range, &size) != 0)
    return fail("ask for IP_LOCAL_PORT_RANGE", errno);
  return ChosenPorts{static_cast<uint16_t>(range), static_cast<uint16_t>(range >> 16)};
}

Result<void> set_chosen_ports(const Fd& socket, ChosenPorts ports) {
  const uint32_t range = static_cast<uint32_t>(ports.high) << 16 | ports.low;
  if (::setsockopt(socket.number(), IPPROTO_IP, local_port_range, &range, sizeof range) != 0)
    return fail("set IP_LOCAL_PORT_RANGE", errno);
  return {};
}

Result<void> listen_on(const Fd& socket, int backlog) {
  if (::listen(socket.number(), backlog) != 0) return fail("listen on a socket", errno);
  return {};
}

}  // namespace seclude::kernel
