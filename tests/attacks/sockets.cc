// Attempts by sockets: connections and messages to what listens outside, by every kind there is.
//
// In: a TCP and a UDP port that no line lists, a TCP port that the network policy lists, and local
// sockets in the folder: `stream`, `datagrams`, and one whose abstract name is the folder's.
// Out: attack.h.
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstring>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

template <typename Address>
const sockaddr* plain(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

bool connects(int type, int protocol, int port) {
  const sockaddr_in address = loopback(port);
  const int client = socket(AF_INET, type, protocol);
  return client >= 0 && connect(client, plain(address), sizeof address) == 0;
}

// ---- TCP ----------------------------------------------------------------------------------------

bool tcp(const World& world) { return connects(SOCK_STREAM, 0, world.port); }
bool multipath(const World& world) { return connects(SOCK_STREAM, IPPROTO_MPTCP, world.port); }
bool tcp6(const World& world, bool mapped) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<uint16_t>(world.port));
  address.sin6_addr = in6addr_loopback;
  if (mapped) {
    const unsigned char bytes[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1};
    memcpy(&address.sin6_addr, bytes, sizeof bytes);
  }
  const int client = socket(AF_INET6, SOCK_STREAM, 0);
  return client >= 0 && connect(client, plain(address), sizeof address) == 0;
}
bool tcp_of_version_6(const World& world) { return tcp6(world, false); }
bool tcp_mapped(const World& world) { return tcp6(world, true); }
bool fast_open(const World& world) {
  const sockaddr_in address = loopback(world.port);
  return sendto(socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN, plain(address),
                sizeof address) >= 0;
}
bool fast_open_message(const World& world) {
  sockaddr_in address = loopback(world.port);
  char byte = 'x';
  iovec part = {&byte, 1};
  msghdr message = {};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return sendmsg(socket(AF_INET, SOCK_STREAM, 0), &message, MSG_FASTOPEN) >= 0;
}
bool fast_open_messages(const World& world) {
  sockaddr_in address = loopback(world.port);
  char byte = 'x';
  iovec part = {&byte, 1};
  mmsghdr message = {};
  message.msg_hdr.msg_name = &address;
  message.msg_hdr.msg_namelen = sizeof address;
  message.msg_hdr.msg_iov = &part;
  message.msg_hdr.msg_iovlen = 1;
  return sendmmsg(socket(AF_INET, SOCK_STREAM, 0), &message, 1, MSG_FASTOPEN) == 1;
}
bool fast_open_option(const World& world) {
  const sockaddr_in address = loopback(world.port);
  const int client = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(client, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on);
  return connect(client, plain(address), sizeof address) == 0 && write(client, "x", 1) == 1;
}
bool after_reset(const World& world) {
  const sockaddr_in allowed = loopback(world.listed_port), other = loopback(world.port);
  const sockaddr none = {AF_UNSPEC, ""};
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, plain(allowed), sizeof allowed);
  return connect(client, &none, sizeof none) == 0 &&
         connect(client, plain(other), sizeof other) == 0;
}
bool bind_port(const World&) {
  const sockaddr_in any = loopback(0);
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  return bind(server, plain(any), sizeof any) == 0 && listen(server, 1) == 0;
}
bool listen_unbound(const World&) { return listen(socket(AF_INET, SOCK_STREAM, 0), 1) == 0; }

// ---- messages -----------------------------------------------------------------------------------

bool udp(const World& world) {
  const sockaddr_in address = loopback(world.port);
  return sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, plain(address), sizeof address) == 1;
}
bool udp_connected(const World& world) {
  const sockaddr_in address = loopback(world.port);
  const int client = socket(AF_INET, SOCK_DGRAM, 0);
  return connect(client, plain(address), sizeof address) == 0 && write(client, "x", 1) == 1;
}
bool udp_many(const World& world) {
  sockaddr_in address = loopback(world.port);
  char byte = 'x';
  iovec part = {&byte, 1};
  mmsghdr message = {};
  message.msg_hdr.msg_name = &address;
  message.msg_hdr.msg_namelen = sizeof address;
  message.msg_hdr.msg_iov = &part;
  message.msg_hdr.msg_iovlen = 1;
  return sendmmsg(socket(AF_INET, SOCK_DGRAM, 0), &message, 1, 0) == 1;
}
bool udp_lite(const World& world) { return connects(SOCK_DGRAM, IPPROTO_UDPLITE, world.port); }
bool ping(const World&) { return made(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)); }
bool raw(const World&) { return made(socket(AF_INET, SOCK_RAW, IPPROTO_RAW)); }
bool packet(const World&) { return made(socket(AF_PACKET, SOCK_RAW, 0)); }

// ---- local --------------------------------------------------------------------------------------

struct Local {
  sockaddr_un address = {AF_UNIX, ""};
  socklen_t size = sizeof address;
};
Local of_file(const World& world, const char* name) {
  Local local;
  snprintf(local.address.sun_path, sizeof local.address.sun_path, "%.80s/%s", world.folder, name);
  return local;
}
Local of_abstract(const World& world) {
  Local local;
  strncpy(local.address.sun_path + 1, world.folder, sizeof local.address.sun_path - 2);
  local.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + strlen(world.folder));
  return local;
}
bool connects_to(const Local& to, int type) {
  const int client = socket(AF_UNIX, type, 0);
  return client >= 0 && connect(client, plain(to.address), to.size) == 0 &&
         write(client, "x", 1) == 1;
}
bool local_stream(const World& world) { return connects_to(of_file(world, "stream"), SOCK_STREAM); }
bool local_datagram(const World& world) {
  return connects_to(of_file(world, "datagrams"), SOCK_DGRAM);
}
bool local_abstract(const World& world) { return connects_to(of_abstract(world), SOCK_STREAM); }
bool from_a_pair(const World& world) {
  int ends[2];
  const Local to = of_file(world, "datagrams");
  return socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0 &&
         sendto(ends[0], "x", 1, 0, plain(to.address), to.size) == 1;
}
bool reconnected_pair(const World& world) {
  int ends[2];
  const Local to = of_file(world, "datagrams");
  return socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0 &&
         connect(ends[0], plain(to.address), to.size) == 0 && write(ends[0], "x", 1) == 1;
}

// ---- the kernel itself --------------------------------------------------------------------------

bool routes(const World& world) {
  const struct {
    nlmsghdr head;
    rtgenmsg body;
  } ask = {{sizeof ask, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {AF_UNSPEC}};
  char answer[8192];
  const int kernel = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  return kernel >= 0 && send(kernel, &ask, sizeof ask, 0) > 0 &&
         recv(kernel, answer, sizeof answer, 0) > 0 && world.folder != nullptr;
}
bool netlink_of(int protocol) { return made(socket(AF_NETLINK, SOCK_RAW, protocol)); }
bool events(const World&) { return netlink_of(NETLINK_KOBJECT_UEVENT); }
bool audit(const World&) { return netlink_of(NETLINK_AUDIT); }
bool sockets_of_others(const World&) { return netlink_of(NETLINK_SOCK_DIAG); }
bool packet_filters(const World&) { return netlink_of(NETLINK_NETFILTER); }
bool ciphers(const World&) { return made(socket(AF_ALG, SOCK_SEQPACKET, 0)); }
bool host_machine(const World&) { return made(socket(AF_VSOCK, SOCK_STREAM, 0)); }

constexpr unsigned by_both = by_connect | own_network, by_both_files = by_connect | own_tmp;

constexpr Attempt attempts[] = {
    {"tcp", "connect to a port of this machine", tcp, Effect::Contact, by_both},
    {"tcp-6", "connect to it by IPv6", tcp_of_version_6, Effect::Contact, by_both, if_present},
    {"tcp-mapped", "connect to it by an IPv4 address written as one of IPv6", tcp_mapped,
     Effect::Contact, by_both, if_present},
    {"tcp-multipath", "connect to it by MPTCP", multipath, Effect::Contact, by_both, if_present},
    {"tcp-fast-open", "connect by sending (MSG_FASTOPEN)", fast_open, Effect::Contact, by_both},
    {"tcp-fast-open-message", "connect by `sendmsg`", fast_open_message, Effect::Contact, by_both},
    {"tcp-fast-open-messages", "connect by `sendmmsg`", fast_open_messages, Effect::Contact,
     by_both},
    {"tcp-fast-open-option", "connect late (TCP_FASTOPEN_CONNECT)", fast_open_option,
     Effect::Contact, by_both},
    {"tcp-after-reset", "connect to a listed port, disconnect, connect to another", after_reset,
     Effect::Contact, by_both},
    {"tcp-bind", "listen on a port", bind_port, Effect::Word, by_connect},
    {"tcp-listen-unbound", "listen without a port, so that the kernel gives one", listen_unbound,
     Effect::Word, by_connect},
    {"udp", "send a message", udp, Effect::Contact, by_both},
    {"udp-connected", "connect to a UDP port, then send", udp_connected, Effect::Contact, by_both},
    {"udp-many", "send messages by `sendmmsg`", udp_many, Effect::Contact, by_both},
    {"udp-lite", "make a UDP-Lite socket", udp_lite, Effect::Word, by_connect, if_present},
    {"ping", "make a socket that pings", ping, Effect::Word, by_connect, if_present},
    {"raw", "make a raw socket", raw, Effect::Word, by_default | by_connect, of_root},
    {"packet", "see every packet", packet, Effect::Word, by_default | by_connect,
     of_root | if_present},
    {"local-stream", "connect to a local socket", local_stream, Effect::Contact, by_both_files},
    {"local-datagram", "send to a local socket", local_datagram, Effect::Contact, by_both_files},
    {"local-abstract", "connect to an abstract name", local_abstract, Effect::Contact, by_both},
    {"local-from-a-pair", "send from a connected pair to elsewhere", from_a_pair, Effect::Contact,
     by_both_files},
    {"local-reconnected-pair", "connect one of a pair to elsewhere", reconnected_pair,
     Effect::Contact, by_both_files},
    {"netlink-routes", "ask the kernel for all interfaces", routes, Effect::Word, by_connect},
    {"netlink-events", "listen to the kernel's events of devices", events, Effect::Word,
     by_default | by_connect},
    {"netlink-audit", "talk to the kernel's audit", audit, Effect::Word, by_default | by_connect,
     if_present},
    {"netlink-sockets", "look at everybody's sockets", sockets_of_others, Effect::Word,
     by_default | by_connect, if_present},
    {"netlink-filters", "reach the kernel's packet filters", packet_filters, Effect::Word,
     by_default | by_connect, if_present},
    {"ciphers", "reach the kernel's ciphers (AF_ALG)", ciphers, Effect::Word,
     by_default | by_connect, if_present},
    {"host-machine", "talk to the machine below a virtual one (AF_VSOCK)", host_machine,
     Effect::Word, by_default | by_connect, if_present},
};

}  // namespace

Table socket_attempts() { return attempts; }

}  // namespace seclude::attacks
