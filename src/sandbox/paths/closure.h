// Closure: the files that starting a program takes: itself, its loader, its libraries.
//
// In: the program as execve will be given it, and its environment. Out: paths, those that are
// executed (the program, script interpreters, loaders) apart from libraries and from what loaders
// consult. Libraries are found as loaders find them: DT_RPATH, LD_LIBRARY_PATH,
// DT_RUNPATH, the cache of ldconfig, the usual directories; where more than one would do, all are
// listed. What a program loads by itself later (plugins, name services) is its policy's business.
// Neighbours: executable.h finds the program; plan.cc grants what is listed here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sandbox/paths/lookup.h"

namespace seclude::sandbox {

struct ClosureQuery {
  std::string program;
  std::vector<std::string> environment = {};  // NAME=VALUE
  std::optional<std::string> directory = {};  // where the program starts
};

struct Closure {
  std::vector<std::string> executed;
  std::vector<std::string> libraries;
  std::vector<std::string> named;  // libraries once more, by names that lead to them
  std::vector<std::string> consulted;
  // A library that only the program's own place leads to ($ORIGIN), which its loader asks
  // /proc/self/exe for; empty where there is none.
  std::string beside_program = {};
  friend bool operator==(const Closure&, const Closure&) = default;
};

Closure closure_of(const ClosureQuery& query, Lookup& lookup);

}  // namespace seclude::sandbox
