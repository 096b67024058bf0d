// Memory: see memory.h.
#include "kernel/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace seclude::kernel {

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
