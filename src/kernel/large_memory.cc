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

struct File {
  uint64_t device = 0, inode = 0;
  friend bool operator==(const File&, const File&) = default;
};

// A line of proc(5)'s maps: "7f00-7f80 rw-p 00000000 fd:01 42   /usr/lib/libc.so.6".
struct Mapping {
  uintptr_t begin = 0, end = 0;
  bool executes = false, is_private = false;
  bool is_kernels = false;  // the stack, say
  File file = {};           // inode 0: none
};

Mapping mapping_of(const char* line) {
  Mapping mapping;
  char* next = nullptr;
  mapping.begin = std::strtoull(line, &next, 16);
  mapping.end = std::strtoull(next + 1, &next, 16);
  mapping.executes = next[3] == 'x';
  mapping.is_private = next[4] == 'p';
  (void)std::strtoull(next + 6, &next, 16);  // the offset
  const uint64_t major = std::strtoull(next, &next, 16);
  mapping.file.device = major << 32 | std::strtoull(next + 1, &next, 16);
  mapping.file.inode = std::strtoull(next, &next, 10);
  const char* name = next + std::strspn(next, " ");
  mapping.is_kernels =
      *name == '[' && std::strncmp(name, "[heap]", 6) != 0 && std::strncmp(name, "[anon", 5) != 0;
  return mapping;
}

// Programs and libraries, by what of them is executed.
class Programs {
 public:
  void add(const File& file) {
    if (count_ < files_.size() && !has(file)) files_[count_++] = file;
  }
  bool has(const File& file) const {
    return std::find(files_.begin(), files_.begin() + count_, file) != files_.begin() + count_;
  }
  bool is_whole() const { return count_ < files_.size(); }

 private:
  std::array<File, 512> files_;
  size_t count_ = 0;
};

class Giver {
 public:
  Giver(const Programs& programs, std::span<const void* const> shared,
        std::array<uintptr_t, 3> near)
      : programs_(programs), shared_(shared), near_(near) {
    std::sort(near_.begin(), near_.end());
  }

  void look_at(const Mapping& mapping) {
    constexpr size_t large = size_t{256} << 10;
    // Right behind a program or library lie its variables, and libc's where that is a part of it.
    const bool is_variables = mapping.file.inode == 0 && mapping.begin == end_of_program_;
    const bool is_programs = mapping.file.inode != 0 && programs_.has(mapping.file);
    if (is_programs || is_variables) end_of_program_ = mapping.end;
    if (mapping.is_kernels || is_programs || is_variables || is_kept(mapping)) return;
    if (!mapping.is_private || mapping.file.inode != 0)
      unmap(mapping.begin, mapping.end);
    else if (mapping.end - mapping.begin >= large)
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

  const Programs& programs_;
  std::span<const void* const> shared_;
  std::array<uintptr_t, 3> near_;
  uintptr_t end_of_program_ = 0;
};

// Calls `look` with each mapping; false: they cannot be read. A line that is longer than all that
// can be kept of it is left out.
template <typename Look>
bool for_each_mapping(const Look& look) {
  const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<char, 8192> text;
  size_t filled = 0;
  bool skips = false;
  for (ssize_t got = 0; (got = ::read(file, text.data() + filled, text.size() - 1 - filled)) > 0;) {
    filled += static_cast<size_t>(got);
    text[filled] = 0;
    char* line = text.data();
    while (char* end = std::strchr(line, '\n')) {
      *end = 0;
      if (!std::exchange(skips, false)) look(mapping_of(line));
      line = end + 1;
    }
    filled -= static_cast<size_t>(line - text.data());
    if (filled == text.size() - 1) {
      skips = true;
      filled = 0;
    }
    std::memmove(text.data(), line, filled);
  }
  ::close(file);
  return true;
}

}  // namespace

void give_up_memory_but(std::span<const void* const> shared) {
  if constexpr (raw::is_sanitized) return;
  Programs programs;
  const auto note = [&](const Mapping& mapping) {
    if (mapping.executes && mapping.file.inode != 0) programs.add(mapping.file);
  };
  if (!for_each_mapping(note) || !programs.is_whole()) return;
  Giver giver(programs, shared,
              {reinterpret_cast<uintptr_t>(__builtin_frame_address(0)),
               reinterpret_cast<uintptr_t>(&errno), ::pthread_self()});
  (void)for_each_mapping([&](const Mapping& mapping) { giver.look_at(mapping); });
}

}  // namespace seclude::kernel
