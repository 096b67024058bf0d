// Large memory: what a copy of a large process does without.
//
// A fork copies what says where memory lies, which takes milliseconds for each GiB, and keeps the
// memory itself, and the files and file systems behind it, for as long as the copy lives.
// In: proc(5)'s maps; where they cannot be read, nothing happens. Out: this process with little.
// Neighbours: namespace_supply.h forks again and again.
#pragma once

#include <span>

namespace seclude::kernel {

// For a copy (fork) that goes on with what lies on its stack and in these shared places, and calls
// the kernel. Stays: programs and libraries with their variables; what is near the stack, errno and
// libc's account of the thread; and private memory of no file in pieces below 256 KiB. The rest is
// given back, the heap and other files with it. Does nothing under AddressSanitizer, whose own
// memory looks alike. Where a static program has large thread_local variables, or some other
// watcher keeps memory, too much may go: then this process ends by SIGSEGV.
void give_up_memory_but(std::span<const void* const> shared);

}  // namespace seclude::kernel
