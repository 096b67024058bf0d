// Large memory: what a copy of a large process does without.
//
// A fork copies what says where memory lies, which takes milliseconds for each GiB, and keeps the
// memory itself for as long as the copy lives. In: proc(5)'s maps; where they cannot be read,
// nothing happens. Out: this process with little. Neighbours: namespace_supply.h forks again and
// again.
#pragma once

namespace seclude::kernel {

// For a copy (fork) that goes on with what lies on its stack, and calls the kernel: gives back all
// private memory that came from no file and lies in pieces of 1 MiB and more, but for what is near
// its stack and what belongs to its thread. Values on the heap are gone. Not under
// AddressSanitizer, whose own memory is of this kind.
void give_up_large_memory();

}  // namespace seclude::kernel
