// Socket: see socket.h.
#include "kernel/socket.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace seclude::kernel {
namespace {

// See files.h: never one of the standard streams.
Result<Fd> above_standard_streams(Fd fd) {
  if (fd.number() > 2) return fd;
  const int moved = ::fcntl(fd.number(), F_DUPFD_CLOEXEC, 3);
  if (moved < 0) return fail("duplicate a socket", errno);
  return Fd(moved);
}

}  // namespace

Result<SocketPair> socket_pair(SocketKind kind) {
  int numbers[2];
  const int type = kind == SocketKind::Messages ? SOCK_SEQPACKET : SOCK_STREAM;
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, numbers) != 0)
    return fail("make a pair of sockets", errno);
  Fd one(numbers[0]), other(numbers[1]);
  Fd moved = TRY(above_standard_streams(std::move(one)));
  Fd other_moved = TRY(above_standard_streams(std::move(other)));
  return SocketPair{std::move(moved), std::move(other_moved)};
}

Result<Message> receive(const Fd& socket, size_t limit) {
  Message message;
  message.bytes.resize(limit);
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec piece = {message.bytes.data(), limit};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t got;
  do {
    got = ::recvmsg(socket.number(), &header, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return fail("receive a message", errno);
  message.bytes.resize(static_cast<size_t>(got));
  const cmsghdr* found = CMSG_FIRSTHDR(&header);
  if (found != nullptr && found->cmsg_level == SOL_SOCKET && found->cmsg_type == SCM_RIGHTS) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(found), sizeof number);
    message.descriptor.emplace(number);
  }
  return message;
}

Result<std::string> receive_all(int socket, size_t size) {
  std::string bytes(size, '\0');
  for (size_t done = 0; done < size;) {
    const ssize_t got = ::recv(socket, bytes.data() + done, size - done, MSG_WAITALL);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("receive a message", errno);
    if (got == 0) return fail("receive a message: the other side has closed");
    done += static_cast<size_t>(got);
  }
  return bytes;
}

Result<size_t> send_at_once(const Fd& socket, std::string_view bytes) {
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t sent = ::send(socket.number(), bytes.data() + done, bytes.size() - done, flags);
    if (sent >= 0)
      done += static_cast<size_t>(sent);
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      break;
    else if (errno != EINTR)
      return fail("send a message", errno);
  }
  return done;
}

Result<void> send_message(const Fd& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail("send a message", errno);
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return {};
}

void end_sending(const Fd& socket) { ::shutdown(socket.number(), SHUT_WR); }

void shut_down(const Fd& socket) { ::shutdown(socket.number(), SHUT_RDWR); }

}  // namespace seclude::kernel
