// Programs: running a tiny program of another architecture, to learn whether the kernel can.
//
// In: the bytes of an executable file. Out: whether it ran and said so with its exit status.
// Neighbours: features.cc asks.
#pragma once

#include <string>

namespace seclude::kernel {

// What the program has to exit with.
inline constexpr int program_ran = 42;

// False also when it could not be tried (no memfd_create, executable memory files forbidden).
bool runs(const std::string& program);

// A static program for i386 that exits with `program_ran` through int 0x80.
std::string smallest_i386_program();

}  // namespace seclude::kernel
