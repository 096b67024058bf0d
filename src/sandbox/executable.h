// Executable: which file a command names, and whether the kernel could run it.
//
// In: the first word of a command, PATH, the directory the program will start in. Out: the path to
// execute and sentences about what will not work as expected, or why it cannot be run: not found
// (127) or not executable (126), and then which loader or script interpreter is missing.
// Neighbours: plan.cc asks; kernel/files.h looks.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "sandbox/outcome.h"

namespace seclude::sandbox {

struct ExecutableQuery {
  std::string command = {};
  std::optional<std::string> search_path = {};  // nullopt: "/bin:/usr/bin", as execvp
  std::optional<std::string> directory = {};    // relative names are looked up from there
};

struct Executable {
  std::string path;                   // as given to execve
  std::vector<std::string> warnings;  // whole sentences
  friend bool operator==(const Executable&, const Executable&) = default;
};

[[nodiscard]] tl::expected<Executable, SetupError> find_executable(const ExecutableQuery& query);

// Why execve answered ENOEXEC to this file, in one sentence.
std::string why_no_program(const std::string& path, const std::optional<std::string>& directory);

// What the head of a program says about who else is needed to run it.
struct Head {
  enum class Kind : unsigned char { Elf, Script, Unknown };
  Kind kind = Kind::Unknown;
  std::optional<std::string> interpreter;  // ELF: PT_INTERP; script: the word after #!
  friend bool operator==(const Head&, const Head&) = default;
};
Head read_head(std::string_view bytes);

}  // namespace seclude::sandbox
