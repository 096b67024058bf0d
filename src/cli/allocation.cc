// Allocation: operator new and delete of the static program.
//
// In: sizes. Out: memory in steps of 16 bytes; what comes back is kept by size and given out again.
// A launch allocates some thousand small values and ends 200 us later: what counts is that each
// costs a few instructions and that memory is touched in few places. Not for several threads: the
// program has one. Tests and users of the library keep libc's.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

constexpr size_t step = 16;
constexpr size_t small = 4096;  // larger ones are libc's
constexpr size_t chunk_size = size_t{1} << 18;

struct Free {
  Free* next;
};

struct alignas(step) Chunk {
  Chunk* older = nullptr;
};

Free* returned[small / step + 1];  // by size in steps
alignas(step) char first_chunk[chunk_size / 2];
Chunk* newest = nullptr;  // after the first
char* next_free = first_chunk;
char* chunk_end = first_chunk + sizeof first_chunk;

void* from_libc(size_t size) {
  void* memory = std::malloc(size);
  // Nothing here is prepared to go on without memory, and nothing of it waits for an exception.
  if (memory == nullptr) std::abort();
  return memory;
}

void* from_chunk(size_t size) {
  if (static_cast<size_t>(chunk_end - next_free) < size) {
    char* chunk = static_cast<char*>(from_libc(chunk_size));
    newest = new (chunk) Chunk{newest};
    next_free = chunk + sizeof(Chunk);
    chunk_end = chunk + chunk_size;
  }
  char* memory = next_free;
  next_free += size;
  return memory;
}

bool is_within(const void* memory, const void* begin, size_t size) {
  const auto at = reinterpret_cast<uintptr_t>(memory);
  const auto first = reinterpret_cast<uintptr_t>(begin);
  return at >= first && at - first < size;
}

bool is_from_chunk(const void* memory) {
  if (is_within(memory, first_chunk, sizeof first_chunk)) return true;
  for (const Chunk* chunk = newest; chunk != nullptr; chunk = chunk->older)
    if (is_within(memory, chunk, chunk_size)) return true;
  return false;
}

}  // namespace

void* operator new(size_t size) {
  if (size > small) return from_libc(size);
  const size_t steps = size == 0 ? 1 : (size + step - 1) / step;
  if (Free* again = returned[steps]) {
    returned[steps] = again->next;
    return again;
  }
  return from_chunk(steps * step);
}

void operator delete(void* memory, size_t size) noexcept {
  if (memory == nullptr) return;
  if (size > small) return std::free(memory);
  const size_t steps = size == 0 ? 1 : (size + step - 1) / step;
  returned[steps] = new (memory) Free{returned[steps]};
}

// Rare: arrays, and some of libstdc++'s own code. A small one cannot be used again, because nobody
// knows its size.
void operator delete(void* memory) noexcept {
  if (memory != nullptr && !is_from_chunk(memory)) std::free(memory);
}
