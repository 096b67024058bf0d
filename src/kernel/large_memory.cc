// Large memory: see large_memory.h.
#include "kernel/large_memory.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "kernel/raw_call.h"

namespace seclude::kernel {
namespace {

// A line of proc(5)'s maps: "7f00-7f80 rw-p 00000000 00:00 0   [heap]".
struct Mapping {
  uintptr_t begin = 0, end = 0;
  bool is_private = false, has_file = false, is_kernels = false;
};

Mapping mapping_of(const char* line) {
  Mapping mapping;
  char* next = nullptr;
  mapping.begin = std::strtoull(line, &next, 16);
  mapping.end = std::strtoull(next + 1, &next, 16);
  mapping.is_private = next[4] == 'p';
  (void)std::strtoull(next + 6, &next, 16);  // the offset
  const char* device = next + 1;
  mapping.has_file = std::strncmp(device, "00:00 0", 7) != 0;
  const char* name = std::strchr(device, '[');
  mapping.is_kernels = name != nullptr && std::strncmp(name, "[heap]", 6) != 0 &&
                       std::strncmp(name, "[anon:", 6) != 0;  // the stack, say
  return mapping;
}

class Giver {
 public:
  Giver(std::span<const void* const> shared, std::array<uintptr_t, 3> near)
      : shared_(shared), near_(near) {
    std::sort(near_.begin(), near_.end());
  }

  void look_at(const Mapping& mapping) {
    constexpr size_t large = size_t{256} << 10;
    // Right behind a program or library lie its variables, and libc's where that is a part of it.
    const bool is_variables = mapping.begin == end_of_file_;
    if (mapping.has_file || is_variables) end_of_file_ = mapping.end;
    if (mapping.is_kernels) return;
    if (!mapping.is_private && !is_kept(mapping)) unmap(mapping.begin, mapping.end);
    if (mapping.is_private && !mapping.has_file && !is_variables &&
        mapping.end - mapping.begin >= large)
      give_up(mapping);
  }

 private:
  bool is_kept(const Mapping& mapping) const {
    return std::any_of(shared_.begin(), shared_.end(), [&](const void* place) {
      const auto address = reinterpret_cast<uintptr_t>(place);
      return address >= mapping.begin && address < mapping.end;
    });
  }

  void give_up(const Mapping& mapping) const {
    constexpr uintptr_t distance = 256 * 1024;
    const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    uintptr_t begin = mapping.begin;
    for (const uintptr_t place : near_) {
      const uintptr_t until = std::clamp((place - distance) / page * page, begin, mapping.end);
      unmap(begin, until);
      begin = std::clamp((place + distance) / page * page, begin, mapping.end);
    }
    unmap(begin, mapping.end);
  }

  static void unmap(uintptr_t begin, uintptr_t end) {
    if (end > begin) ::munmap(reinterpret_cast<void*>(begin), end - begin);
  }

  std::span<const void* const> shared_;
  std::array<uintptr_t, 3> near_;
  uintptr_t end_of_file_ = 0;
};

// Calls `look` with each line; one that is longer than all that can be kept of it is left out.
template <typename Look>
void for_each_line(int file, const Look& look) {
  std::array<char, 8192> text;
  size_t filled = 0;
  bool skips = false;
  for (ssize_t got = 0; (got = ::read(file, text.data() + filled, text.size() - 1 - filled)) > 0;) {
    filled += static_cast<size_t>(got);
    text[filled] = 0;
    char* line = text.data();
    while (char* end = std::strchr(line, '\n')) {
      *end = 0;
      if (!std::exchange(skips, false)) look(line);
      line = end + 1;
    }
    filled -= static_cast<size_t>(line - text.data());
    if (filled == text.size() - 1) {
      skips = true;
      filled = 0;
    }
    std::memmove(text.data(), line, filled);
  }
}

}  // namespace

void give_up_memory_but(std::span<const void* const> shared) {
  if constexpr (raw::watched) return;
  const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  Giver giver(shared, {reinterpret_cast<uintptr_t>(__builtin_frame_address(0)),
                       reinterpret_cast<uintptr_t>(&errno), ::pthread_self()});
  for_each_line(file, [&](const char* line) { giver.look_at(mapping_of(line)); });
  ::close(file);
}

}  // namespace seclude::kernel
