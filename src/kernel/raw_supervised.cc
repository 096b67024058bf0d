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

#include "kernel/raw_call.h"

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
  return errno_of(call(SYS_sendmsg, socket, &header, MSG_NOSIGNAL, key[0], key[1], key[2]));
}

}  // namespace

int tell_supervisor(int socket, int supervisor, int outside) {
  // Only Yama knows this, and only where it is loaded is it needed: a refusal means nothing.
  (void)call(SYS_prctl, PR_SET_PTRACER, supervisor, 0, 0, 0);
  const int self = outside != 0 ? outside : static_cast<int>(call(SYS_getpid));
  return errno_of(call(SYS_sendto, socket, &self, sizeof self, MSG_NOSIGNAL, nullptr, 0));
}

int hear_supervisor(int socket) {
  char answer = 0;
  long got;
  do {
    got = call(SYS_recvfrom, socket, &answer, 1, 0, nullptr, nullptr);
  } while (got == -EINTR);
  if (got < 0) return errno_of(got);
  if (got == 0) return ECONNRESET;  // the supervisor has ended
  return errno_of(call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0));
}

int load_filter_supervised(const filter::Instruction* program, size_t length, unsigned flags,
                           int socket, const LaunchKey& key) {
  const struct sock_fprog what = {
      static_cast<unsigned short>(length),
      // The kernel only reads; the two structs are asserted equal in seccomp.cc.
      reinterpret_cast<struct sock_filter*>(const_cast<filter::Instruction*>(program))};
  const long listener =
      call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, &what);
  if (listener < 0) return errno_of(listener);
  return hand_over(socket, static_cast<int>(listener), key);
}

}  // namespace seclude::kernel::raw
