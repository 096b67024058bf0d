// Raw, supervised: see raw_supervised.h.
#include "kernel/raw_supervised.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace seclude::kernel::raw {
namespace {

int hand_over(int socket, int descriptor, const LaunchKey& key) {
  char byte = 0;
  iovec piece = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  ::memset(control, 0, sizeof control);
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  cmsghdr* message = CMSG_FIRSTHDR(&header);
  message->cmsg_level = SOL_SOCKET;
  message->cmsg_type = SCM_RIGHTS;
  message->cmsg_len = CMSG_LEN(sizeof(int));
  ::memcpy(CMSG_DATA(message), &descriptor, sizeof descriptor);
  const long sent = ::syscall(SYS_sendmsg, socket, &header, MSG_NOSIGNAL, key[0], key[1], key[2]);
  return sent < 0 ? errno : 0;
}

}  // namespace

int meet_supervisor(int socket, int supervisor, int outside) {
  // Only Yama knows this, and only where it is loaded is it needed: a refusal means nothing.
  (void)::prctl(PR_SET_PTRACER, supervisor, 0, 0, 0);
  const int self = outside != 0 ? outside : ::getpid();
  if (::send(socket, &self, sizeof self, MSG_NOSIGNAL) < 0) return errno;
  char answer = 0;
  ssize_t got;
  do {
    got = ::recv(socket, &answer, 1, 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return errno;
  if (got == 0) return ECONNRESET;  // the supervisor has ended
  return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : errno;
}

int load_filter_supervised(const filter::Instruction* program, size_t length, unsigned flags,
                           int socket, const LaunchKey& key) {
  const struct sock_fprog what = {
      static_cast<unsigned short>(length),
      // The kernel only reads; the two structs are asserted equal in seccomp.cc.
      reinterpret_cast<struct sock_filter*>(const_cast<filter::Instruction*>(program))};
  const long listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                  flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, &what);
  if (listener < 0) return errno;
  return hand_over(socket, static_cast<int>(listener), key);
}

}  // namespace seclude::kernel::raw
