// ABI attempts: the same calls by another entry, with bits that the kernel does not look at, or by
// their older and newer twins.
//
// In, out: attack.h.
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

constexpr unsigned long high = 1UL << 40;

bool open_with_high_bits(const World& world) {
  const In path(world, "secret");
  const char* name = path;
  const long fd = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | high, 0);
  return fd >= 0 && write(static_cast<int>(fd), "changed", 7) == 7;
}

bool number_with_high_bits(const World& world) {
  const long fd = syscall(static_cast<long>(SYS_socket | high), AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(world.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return fd >= 0 &&
         connect(static_cast<int>(fd), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

bool clone_with_high_bits(const World&) {
  const long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD | high, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  return child > 0;
}

bool map_with_high_bits(const World&) {
  const long at = syscall(SYS_mmap, 0, 4096, 7 | high, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return copy_and_run(at < 0 ? MAP_FAILED : reinterpret_cast<void*>(at));
}

bool type_with_high_bits(const World&) { return syscall(SYS_ioctl, 0, TIOCSTI | high, "\n") == 0; }

bool open_by_twin(const World& world) {
  open_how how = {};
  how.flags = O_WRONLY;
  const In path(world, "secret");
  const char* name = path;
  const long fd = syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof how);
  return fd >= 0 && write(static_cast<int>(fd), "changed", 7) == 7;
}

bool process_by_twin(const World&) {
  unsigned long long arguments[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
  const long child = syscall(SYS_clone3, arguments, sizeof arguments);
  if (child == 0) _exit(0);
  return child > 0;
}

bool mode_by_twin(const World& world) {
  constexpr long fchmodat2 = 452;
  const In path(world, "secret");
  const char* name = path;
  return syscall(fchmodat2, AT_FDCWD, name, 0644, 0) == 0;
}

bool attribute_by_twin(const World& world) {
  constexpr long setxattrat = 463;
  struct {
    const char* value;
    unsigned size, flags;
  } arguments = {"1", 1, 0};
  const In path(world, "secret");
  const char* name = path;
  return syscall(setxattrat, AT_FDCWD, name, 0, "user.attack", &arguments, sizeof arguments) == 0;
}

#if defined(__x86_64__)
bool open_by_old_call(const World& world) {
  const In path(world, "made");
  const char* name = path;
  return syscall(SYS_creat, name, 0600) >= 0;
}

bool by_x32_number(const World& world) {
  constexpr long x32_bit = 0x40000000;
  const In path(world, "secret");
  const char* name = path;
  const long fd = syscall(SYS_open | x32_bit, name, O_WRONLY);
  return fd >= 0 && write(static_cast<int>(fd), "changed", 7) == 7;
}

// The entry of 32-bit programs, whose calls have other numbers. Pointers have to lie low.
long call32(unsigned number, unsigned long a, unsigned long b, unsigned long c) {
  long result;
  asm volatile("int $0x80"
               : "=a"(result)
               : "a"(number), "b"(a), "c"(b), "d"(c)
               : "memory", "r8", "r9", "r10", "r11");
  if (result < 0) errno = static_cast<int>(-result);
  return result;
}

char* low_memory() {
  void* at =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  return at == MAP_FAILED ? nullptr : static_cast<char*>(at);
}

unsigned long low(const void* at) { return reinterpret_cast<unsigned long>(at); }

bool open_by_other_entry(const World& world) {
  char* text = low_memory();
  if (text == nullptr) return false;
  strcpy(text, In(world, "secret"));
  return reveal(static_cast<int>(call32(5, low(text), O_RDONLY, 0)));
}

bool write_by_other_entry(const World& world) {
  char* text = low_memory();
  if (text == nullptr) return false;
  strcpy(text, In(world, "secret"));
  const long fd = call32(5, low(text), O_WRONLY, 0);
  return fd >= 0 && write(static_cast<int>(fd), "changed", 7) == 7;
}

bool connect_by_other_entry(const World& world) {
  char* memory = low_memory();
  if (memory == nullptr) return false;
  auto* words = reinterpret_cast<unsigned*>(memory);
  words[0] = AF_INET, words[1] = SOCK_STREAM, words[2] = 0;
  constexpr unsigned socketcall = 102, to_socket = 1, to_connect = 3;
  const long fd = call32(socketcall, to_socket, low(words), 0);
  if (fd < 0) return false;
  auto* address = reinterpret_cast<sockaddr_in*>(memory + 64);
  address->sin_family = AF_INET;
  address->sin_port = htons(static_cast<uint16_t>(world.port));
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  words[0] = static_cast<unsigned>(fd);
  words[1] = static_cast<unsigned>(low(address));
  words[2] = sizeof *address;
  return call32(socketcall, to_connect, low(words), 0) == 0;
}

bool execute_by_other_entry(const World& world) {
  char* memory = low_memory();
  if (memory == nullptr) return false;
  strcpy(memory + 256, In(world, "program"));
  strcpy(memory + 64, "say");
  strcpy(memory + 80, "through");
  auto* words = reinterpret_cast<unsigned*>(memory);
  words[0] = static_cast<unsigned>(low(memory + 256));
  words[1] = static_cast<unsigned>(low(memory + 64));
  words[2] = static_cast<unsigned>(low(memory + 80));
  words[3] = 0;
  call32(11, low(memory + 256), low(words), low(words + 3));
  return false;
}
#endif

constexpr Attempt attempts[] = {
    {"open-with-high-bits",
     "open a file for writing, with a bit in the flags above those that count", open_with_high_bits,
     Effect::Files, by_paths | own_tmp},
    {"number-with-high-bits", "make a socket and connect, by a call number with a high bit",
     number_with_high_bits, Effect::Contact, by_connect | own_network},
    {"clone-with-high-bits",
     "make a user namespace, with a bit in the flags above those that count", clone_with_high_bits,
     Effect::Word, by_default},
    {"map-with-high-bits",
     "run code in memory that is writable and executable, by a protection with a high bit",
     map_with_high_bits},
    {"type-with-high-bits", "type into the terminal (TIOCSTI with a high bit)", type_with_high_bits,
     Effect::Terminal, by_default | by_launch, at_terminal | of_root},
    {"openat2-for-openat", "open a file for writing by `openat2`, whose flags lie in memory",
     open_by_twin, Effect::Files, by_paths | own_tmp},
    {"clone3-for-clone", "make a user namespace by `clone3`, whose flags lie in memory",
     process_by_twin, Effect::Word, by_default},
    {"fchmodat2-for-chmod", "change a mode by `fchmodat2`", mode_by_twin, Effect::Files,
     by_paths | own_tmp, if_present},
    {"setxattrat-for-setxattr", "set an attribute by `setxattrat`", attribute_by_twin,
     Effect::Files, by_paths | own_tmp, if_present},
#if defined(__x86_64__)
    {"creat-for-openat", "make a file by `creat`", open_by_old_call, Effect::Files,
     by_paths | own_tmp},
    {"x32-open", "open a file by the number that x32 programs use", by_x32_number, Effect::Files,
     by_default | by_paths | own_tmp | by_launch, if_present},
    {"i386-open", "read a file by the entry of 32-bit programs (int 0x80)", open_by_other_entry,
     Effect::Secret, by_default | by_paths | own_tmp | by_launch, if_present},
    {"i386-open-to-write", "write a file by the entry of 32-bit programs", write_by_other_entry,
     Effect::Files, by_default | by_paths | own_tmp | by_launch, if_present},
    {"i386-connect", "connect by `socketcall` of 32-bit programs", connect_by_other_entry,
     Effect::Contact, by_default | by_connect | own_network | by_launch, if_present},
    {"i386-execute", "start a program by the entry of 32-bit programs", execute_by_other_entry,
     Effect::Word, by_default | by_paths | own_tmp | by_launch, if_present},
#endif
};

}  // namespace

Table abi_attempts() { return attempts; }

}  // namespace seclude::attacks
