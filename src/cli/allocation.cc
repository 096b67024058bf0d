// Allocation: operator new and delete of the static program.
//
// In: sizes. Out: memory, one block after the other; what comes back is kept by size and given out
// again. A launch allocates some thousand small values and is over in a fraction of a millisecond:
// what counts is that each costs a few instructions, and above all that few pages are touched, for
// the first touch of a page costs as much as a thousand instructions (docs/benchmarks.md).
// Not for several threads: the program has one. Tests and users of the library keep libc's.
// Neighbours: c_allocation.cc, the same for C.
#include "cli/allocation.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

constexpr size_t step = 16;
constexpr size_t small = 1024;             // up to here a class every 16 bytes
constexpr size_t large = size_t{1} << 18;  // from here on blocks have mappings of their own
constexpr size_t chunk_size = size_t{1} << 20;
constexpr size_t page = 4096;
constexpr size_t ahead = 16 * page;  // what the kernel is asked for at once
constexpr int populate = 23;         // MADV_POPULATE_WRITE, which musl's headers do not have
constexpr size_t parts = 4;          // classes between two powers of two
constexpr size_t classes = small / step + parts * (std::bit_width(large / small) - 1);

// In front of each block, which is aligned to `step`; of a free one also the next free one.
struct Header {
  size_t size;  // of the whole block, this included
};
static_assert(sizeof(Header) <= step);

struct Free {
  Free* next;
};

Free* returned[classes + 1];
alignas(page) char first_chunk[chunk_size];
char* next_free = first_chunk;
char* chunk_end = first_chunk + sizeof first_chunk;
char* untouched = first_chunk;  // from here on no page has been asked for

size_t round_up(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

// With its header. Powers of two alone would not do: what grows by doubling asks for just those,
// and a header more.
size_t block_size(size_t size) {
  const size_t whole = round_up(size + sizeof(Header), step);
  if (whole <= small) return whole;
  return round_up(whole, whole <= large ? std::bit_ceil(whole) / (2 * parts) : page);
}

size_t class_of(size_t block) {
  if (block <= small) return block / step;
  const size_t power = std::bit_ceil(block) / 2;  // below it
  const auto doubled = static_cast<size_t>(std::countr_zero(power / small));
  return small / step + parts * doubled + (block - power) / (power / parts);
}

// Nothing here is prepared to go on without memory, and nothing of it waits for an exception.
char* map(size_t size) {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return static_cast<char*>(memory);
}

// Several pages in one call take half of what as many first touches do. Of a block that is larger
// nobody knows how much will be used. Before Linux 5.14 there is no such call, and nothing is lost.
void ask_for_pages(size_t block) {
  char* const end = next_free + step + block;
  if (end <= untouched) return;
  const auto used = static_cast<size_t>(end - untouched);
  const bool unsure = block >= ahead / 2;
  const size_t more = unsure ? round_up(used, page) : std::max(round_up(used, page), ahead);
  const size_t size = std::min(more, static_cast<size_t>(chunk_end - untouched));
  if (!unsure) ::madvise(untouched, size, populate);
  untouched += size;
}

char* from_chunk(size_t block) {
  if (static_cast<size_t>(chunk_end - next_free) < block + step) {
    next_free = untouched = map(chunk_size);
    chunk_end = next_free + chunk_size;
  }
  ask_for_pages(block);
  // The header lies right before what the caller gets, which is what has to be aligned.
  char* memory = next_free + step;
  next_free += block;
  return memory;
}

Header& header_of(void* memory) {
  return *reinterpret_cast<Header*>(static_cast<char*>(memory) - sizeof(Header));
}

}  // namespace

namespace seclude::cli {

void* allocate(size_t size) {
  if (size > SIZE_MAX / 2) std::abort();
  const size_t block = block_size(size);
  if (block > large) {
    char* memory = map(block + 4096) + step;
    header_of(memory).size = block;
    return memory;
  }
  Free*& first = returned[class_of(block)];
  if (first != nullptr) {
    Free* again = first;
    first = again->next;
    return again;
  }
  char* memory = from_chunk(block);
  header_of(memory).size = block;
  return memory;
}

void give_back(void* memory) {
  if (memory == nullptr) return;
  const size_t block = header_of(memory).size;
  if (block > large) {
    ::munmap(static_cast<char*>(memory) - step, block + 4096);
    return;
  }
  Free*& first = returned[class_of(block)];
  first = new (memory) Free{first};
}

Arena arena() { return {first_chunk, sizeof first_chunk}; }

size_t room_of(void* memory) { return header_of(memory).size - sizeof(Header); }

}  // namespace seclude::cli

void* operator new(size_t size) { return seclude::cli::allocate(size); }
void operator delete(void* memory) noexcept { seclude::cli::give_back(memory); }
void operator delete(void* memory, size_t /*size*/) noexcept { seclude::cli::give_back(memory); }
