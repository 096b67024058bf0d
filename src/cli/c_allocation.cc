// C allocation: malloc and its kin for the static program, from the same memory as operator new.
//
// In: what libc and libstdc++ ask for; the latter has a reserve for exceptions, for which libc
// would set up a second allocator at every start: five calls of the kernel and as many pages. Out:
// memory, see allocation.h. Whoever asked for aligned_alloc would not link.
#include <cstdlib>
#include <cstring>

#include "cli/allocation.h"

extern "C" {

void* malloc(size_t size) { return seclude::cli::allocate(size); }

void free(void* memory) { seclude::cli::give_back(memory); }

void* calloc(size_t count, size_t size) {
  size_t whole = 0;
  if (__builtin_mul_overflow(count, size, &whole)) std::abort();
  return std::memset(seclude::cli::allocate(whole), 0, whole);
}

void* realloc(void* memory, size_t size) {
  if (memory == nullptr) return seclude::cli::allocate(size);
  const size_t room = seclude::cli::room_of(memory);
  if (size <= room) return memory;
  void* larger = seclude::cli::allocate(size);
  std::memcpy(larger, memory, room);
  seclude::cli::give_back(memory);
  return larger;
}

}  // extern "C"
