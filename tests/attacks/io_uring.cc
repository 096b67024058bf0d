// Attempts by io_uring, whose work the kernel does without asking a filter.
//
// In, out: attack.h.
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

// A ring of one entry: work goes in, its result comes out.
struct Ring {
  int fd = -1;
  io_uring_params parameters = {};
  char* work = nullptr;
  char* results = nullptr;
  io_uring_sqe* entries = nullptr;
};

char* view(const Ring& ring, size_t size, unsigned long long which) {
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd,
                  static_cast<off_t>(which));
  return at == MAP_FAILED ? nullptr : static_cast<char*>(at);
}

bool set_up(Ring& ring, unsigned flags) {
  ring.parameters.flags = flags;
  ring.fd = static_cast<int>(syscall(SYS_io_uring_setup, 1, &ring.parameters));
  if (ring.fd < 0) return false;
  ring.work = view(ring, 4096, IORING_OFF_SQ_RING);
  ring.results = view(ring, 4096, IORING_OFF_CQ_RING);
  ring.entries = reinterpret_cast<io_uring_sqe*>(view(ring, 4096, IORING_OFF_SQES));
  return ring.work != nullptr && ring.results != nullptr && ring.entries != nullptr;
}

unsigned* at(char* ring, unsigned offset) { return reinterpret_cast<unsigned*>(ring + offset); }

// The result of one piece of work, negative as the kernel's errors are.
int submit(Ring& ring, const io_uring_sqe& entry) {
  ring.entries[0] = entry;
  unsigned* tail = at(ring.work, ring.parameters.sq_off.tail);
  at(ring.work, ring.parameters.sq_off.array)[0] = 0;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  const unsigned flags =
      IORING_ENTER_GETEVENTS |
      ((ring.parameters.flags & IORING_SETUP_SQPOLL) ? IORING_ENTER_SQ_WAKEUP : 0);
  if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, flags, nullptr, 0) < 0) return -errno;
  unsigned* head = at(ring.results, ring.parameters.cq_off.head);
  const unsigned mask = *at(ring.results, ring.parameters.cq_off.ring_mask);
  auto* results = reinterpret_cast<io_uring_cqe*>(ring.results + ring.parameters.cq_off.cqes);
  const int result = results[*head & mask].res;
  __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
  return result;
}

io_uring_sqe opening(const char* path, unsigned flags) {
  io_uring_sqe entry = {};
  entry.opcode = IORING_OP_OPENAT;
  entry.fd = AT_FDCWD;
  entry.addr = reinterpret_cast<unsigned long>(path);
  entry.open_flags = flags;
  entry.len = 0600;
  return entry;
}

bool make_ring(const World&) {
  Ring ring;
  return set_up(ring, 0);
}
bool read_secret(const World& world) {
  Ring ring;
  return set_up(ring, 0) && reveal(submit(ring, opening(In(world, "secret"), O_RDONLY)));
}
bool read_by_kernel_thread(const World& world) {
  Ring ring;
  return set_up(ring, IORING_SETUP_SQPOLL) &&
         reveal(submit(ring, opening(In(world, "secret"), O_RDONLY)));
}
bool make_file(const World& world) {
  Ring ring;
  return set_up(ring, 0) && submit(ring, opening(In(world, "made"), O_CREAT | O_WRONLY)) >= 0;
}
bool remove_file(const World& world) {
  Ring ring;
  const In path(world, "secret");
  const char* name = path;
  io_uring_sqe entry = {};
  entry.opcode = IORING_OP_UNLINKAT;
  entry.fd = AT_FDCWD;
  entry.addr = reinterpret_cast<unsigned long>(name);
  return set_up(ring, 0) && submit(ring, entry) == 0;
}
bool connect_out(const World& world) {
  Ring ring;
  if (!set_up(ring, 0)) return false;
  io_uring_sqe entry = {};
  entry.opcode = IORING_OP_SOCKET;
  entry.fd = AF_INET;
  entry.off = SOCK_STREAM;
  const int client = submit(ring, entry);
  if (client < 0) return false;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(world.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  entry = {};
  entry.opcode = IORING_OP_CONNECT;
  entry.fd = client;
  entry.addr = reinterpret_cast<unsigned long>(&address);
  entry.off = sizeof address;
  return submit(ring, entry) == 0;
}

constexpr Attempt attempts[] = {
    {"ring", "make a ring", make_ring, Effect::Word, by_default | by_paths | by_connect,
     if_present},
    {"ring-read", "open and read a file by a ring", read_secret, Effect::Secret,
     by_default | by_paths | own_tmp, if_present},
    {"ring-read-by-kernel-thread", "have a thread of the kernel do so (IORING_SETUP_SQPOLL)",
     read_by_kernel_thread, Effect::Secret, by_default | by_paths | own_tmp, if_present},
    {"ring-make", "make a file by a ring", make_file, Effect::Files,
     by_default | by_paths | own_tmp, if_present},
    {"ring-remove", "remove a file by a ring", remove_file, Effect::Files,
     by_default | by_paths | own_tmp, if_present},
    {"ring-connect", "make a socket and connect by a ring", connect_out, Effect::Contact,
     by_default | by_connect | own_network, if_present},
};

}  // namespace

Table io_uring_attempts() { return attempts; }

}  // namespace seclude::attacks
