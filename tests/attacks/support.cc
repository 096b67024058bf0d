// Support of attempts. In, out: support.h.
#include "support.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace seclude::attacks {

In::In(const World& world, const char* name) {
  snprintf(text_, sizeof text_, "%s/%s", world.folder, name);
}

OfProcess::OfProcess(pid_t process, const char* name) {
  snprintf(text_, sizeof text_, "/proc/%d/%s", process, name);
}

void say(const char* text) {
  if (write(1, text, strlen(text)) < 0) _exit(3);
}

bool reveal_memory(const void* start, size_t size) { return write(1, start, size) > 0; }

bool reveal(int fd) {
  char text[200];
  const ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text);
  return size > 0 && reveal_memory(text, static_cast<size_t>(size));
}

bool reveal_file(const char* path) { return reveal(open(path, O_RDONLY | O_CLOEXEC)); }

bool write_file(const char* path, int flags) {
  const int fd = open(path, flags | O_CLOEXEC, 0600);
  return fd >= 0 && write(fd, "changed", 7) == 7;
}

bool write_same(const char* path) {
  char text[4096];
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  const ssize_t size = fd < 0 ? -1 : pread(fd, text, sizeof text, 0);
  return size > 0 && pwrite(fd, text, static_cast<size_t>(size), 0) == size;
}

bool become(const char* path) {
  char* const arguments[] = {const_cast<char*>(path), const_cast<char*>("say"),
                             const_cast<char*>("through"), nullptr};
  char* const environment[] = {nullptr};
  execve(path, arguments, environment);
  return false;
}

#if defined(__x86_64__)
const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};  // mov eax, 42; ret
#elif defined(__aarch64__)
const unsigned char code[] = {0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6};  // mov w0, 42; ret
#endif
const size_t code_size = sizeof code;

bool runs(void* memory) {
  if (memory == MAP_FAILED) return false;
  __builtin___clear_cache(static_cast<char*>(memory), static_cast<char*>(memory) + code_size);
  return reinterpret_cast<int (*)()>(memory)() == 42;
}

bool copy_and_run(void* memory) {
  if (memory == MAP_FAILED) return false;
  memcpy(memory, code, code_size);
  return runs(memory);
}

namespace {

bool write_line(const char* path, const char* format, unsigned value) {
  char line[64];
  const int size = snprintf(line, sizeof line, format, value);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  return fd >= 0 && write(fd, line, static_cast<size_t>(size)) == size;
}

}  // namespace

bool enter_own(int namespaces) {
  return geteuid() == 0 ? unshare(namespaces) == 0 : enter_own_users(namespaces);
}

bool enter_own_users(int namespaces) {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWUSER | namespaces) != 0) return false;
  return write_line("/proc/self/setgroups", "deny", 0) &&
         write_line("/proc/self/uid_map", "0 %u 1", user) &&
         write_line("/proc/self/gid_map", "0 %u 1", group);
}

}  // namespace seclude::attacks
