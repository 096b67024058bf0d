// Memory: see memory.h.
#include "kernel/memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "kernel/raw_call.h"

namespace seclude::kernel {
namespace {

struct Piece {
  uintptr_t begin = 0, end = 0;
};

// One line of proc(5)'s maps: "7f00-7f80 rw-p 00000000 00:00 0   [heap]". Empty where it is no
// large piece of private memory that came from no file.
Piece large_piece(const char* line) {
  constexpr size_t large = size_t{1} << 20;
  char* next = nullptr;
  Piece piece;
  piece.begin = std::strtoull(line, &next, 16);
  piece.end = std::strtoull(next + 1, &next, 16);
  const bool is_private = next[4] == 'p';
  (void)std::strtoull(next + 6, &next, 16);  // the offset
  const char* device = next + 1;
  const bool no_file = std::strncmp(device, "00:00 0", 7) == 0;
  const bool of_kernel = std::strchr(device, '[') != nullptr &&
                         std::strstr(device, "[heap]") == nullptr &&
                         std::strstr(device, "[anon:") == nullptr;  // its stack, say
  const bool whole = is_private && no_file && !of_kernel && piece.end - piece.begin >= large;
  return whole ? piece : Piece{};
}

// All of it but what is near these two.
void give_up(const Piece& piece, std::array<uintptr_t, 2> kept) {
  constexpr uintptr_t near = 256 * 1024;
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  std::sort(kept.begin(), kept.end());
  uintptr_t begin = piece.begin;
  for (const uintptr_t place : kept) {
    const uintptr_t from = std::clamp((place - near) / page * page, begin, piece.end);
    if (from > begin) ::munmap(reinterpret_cast<void*>(begin), from - begin);
    begin = std::clamp((place + near) / page * page, begin, piece.end);
  }
  if (piece.end > begin) ::munmap(reinterpret_cast<void*>(begin), piece.end - begin);
}

}  // namespace

void give_up_large_memory() {
#ifndef SECLUDE_WATCHED
  const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;  // then it stays large
  const std::array kept = {reinterpret_cast<uintptr_t>(__builtin_frame_address(0)),
                           reinterpret_cast<uintptr_t>(&errno)};
  std::array<char, 4096> text;
  size_t filled = 0;
  for (ssize_t got = 0; (got = ::read(file, text.data() + filled, text.size() - 1 - filled)) > 0;) {
    filled += static_cast<size_t>(got);
    text[filled] = 0;
    char* line = text.data();
    while (char* end = std::strchr(line, '\n')) {
      *end = 0;
      give_up(large_piece(line), kept);
      line = end + 1;
    }
    filled -= static_cast<size_t>(line - text.data());
    std::memmove(text.data(), line, filled);
  }
  ::close(file);
#endif
}

Result<void*> map_shared(size_t size) {
  void* page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return fail("map a page shared with the child", errno);
  return page;
}

constexpr size_t stack_size = size_t{64} * 1024;

Result<Stack> Stack::make() {
  void* lowest = ::mmap(nullptr, stack_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (lowest == MAP_FAILED) return fail("map a stack for the child", errno);
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  if (::mprotect(lowest, page, PROT_NONE) != 0) {
    const int reason = errno;
    unmap(lowest, stack_size);
    return fail("protect the end of the child's stack", reason);
  }
  return Stack(lowest);
}

Stack::~Stack() {
  if (lowest_ != nullptr) unmap(lowest_, stack_size);
}

void* Stack::upper_end() const { return static_cast<char*>(lowest_) + stack_size; }

void unmap(void* address, size_t size) { ::munmap(address, size); }

}  // namespace seclude::kernel
