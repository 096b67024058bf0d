// ELF needs: what the dynamic section of a program or library asks for.
//
// In: a path. Out: machine and class, the loader, names of libraries and where to look for them;
// nullopt for what is no ELF file of this machine's byte order. Only headers and strings are read.
// Neighbours: closure.h follows the names; executable.h reads heads for execve's sake.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace seclude::sandbox {

struct ElfNeeds {
  uint16_t machine = 0;
  uint8_t word_class = 0;  // ELFCLASS32 or ELFCLASS64
  std::vector<std::string> libraries;
  std::optional<std::string> rpath, runpath;
};

std::optional<ElfNeeds> elf_needs(const std::string& path);

}  // namespace seclude::sandbox
