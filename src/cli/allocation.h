// Allocation: the memory of the static program.
//
// In: sizes. Out: memory, aligned to 16 bytes; the program ends where there is none. See
// allocation.cc, whose neighbours say it to C++ and to C.
#pragma once

#include <cstddef>

namespace seclude::cli {

void* allocate(size_t size);
void give_back(void* memory);  // or null
// What is given out lies in here until it is full.
struct Arena {
  void* begin;
  size_t size;
};
Arena arena();
// How much there is where `memory` was given.
size_t room_of(void* memory);

}  // namespace seclude::cli
