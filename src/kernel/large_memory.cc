// Large memory: see large_memory.h.
#include "kernel/large_memory.h"

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
  explicit Giver(std::array<uintptr_t, 2> kept) : kept_(kept) {
    std::sort(kept_.begin(), kept_.end());
  }

  void look_at(const Mapping& mapping) {
    constexpr size_t large = size_t{1} << 20;
    // Right behind a file that is executed lie its variables, and libc's where that is a part of
    // it.
    const bool is_variables = mapping.begin == end_of_file_;
    if (mapping.has_file || is_variables) end_of_file_ = mapping.end;
    if (mapping.is_private && !mapping.has_file && !mapping.is_kernels && !is_variables &&
        mapping.end - mapping.begin >= large)
      give_up(mapping);
  }

 private:
  void give_up(const Mapping& mapping) const {
    constexpr uintptr_t near = 256 * 1024;
    const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    uintptr_t begin = mapping.begin;
    for (const uintptr_t place : kept_) {
      const uintptr_t until = std::clamp((place - near) / page * page, begin, mapping.end);
      unmap(begin, until);
      begin = std::clamp((place + near) / page * page, begin, mapping.end);
    }
    unmap(begin, mapping.end);
  }

  static void unmap(uintptr_t begin, uintptr_t end) {
    if (end > begin) ::munmap(reinterpret_cast<void*>(begin), end - begin);
  }

  std::array<uintptr_t, 2> kept_;
  uintptr_t end_of_file_ = 0;
};

}  // namespace

void give_up_large_memory() {
  if constexpr (raw::watched) return;
  const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  Giver giver({reinterpret_cast<uintptr_t>(__builtin_frame_address(0)),
               reinterpret_cast<uintptr_t>(&errno)});
  std::array<char, 8192> text;  // a line is shorter: a path has at most 4096 bytes
  size_t filled = 0;
  for (ssize_t got = 0; (got = ::read(file, text.data() + filled, text.size() - 1 - filled)) > 0;) {
    filled += static_cast<size_t>(got);
    text[filled] = 0;
    char* line = text.data();
    while (char* end = std::strchr(line, '\n')) {
      *end = 0;
      giver.look_at(mapping_of(line));
      line = end + 1;
    }
    filled -= static_cast<size_t>(line - text.data());
    std::memmove(text.data(), line, filled);
  }
  ::close(file);
}

}  // namespace seclude::kernel
