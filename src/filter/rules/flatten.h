// Flatten: a policy and everything it uses, as one list of statements.
//
// In: Texts (policy/load.h). Out: Items: the statements that count, in order of appearance, each
// with the text whose names it speaks, the phase and architectures it is limited to, and what
// `without` takes from it. No name is looked up here. Neighbours: names.h looks names up; resolve.h
// turns items into rules; expand.h prints them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "calls/arch.h"
#include "policy/load.h"

namespace seclude::filter {

// One `without` list: takes permitting rules for `calls`, spoken in the names of `text`.
struct Without {
  const policy::Calls* calls = nullptr;
  size_t text = 0;
};

struct Item {
  const policy::Statement* statement = nullptr;
  size_t text = 0;              // index into Texts::policies: the scope of its names
  bool used = false;            // came by `use`, is not the root's own
  std::optional<size_t> phase;  // index into Flat::phases; nullopt: every phase
  uint16_t archs = 0xffff;      // bit per calls::Arch: limited to these by `on`
  std::vector<size_t> without;  // indices into Flat::without, all apply
};

struct Flat {
  std::vector<Item> items;    // rules, otherwise, paths, network, resolve, limits, ...
  std::vector<Item> expects;  // the root's own
  std::vector<Without> without;
  std::vector<const policy::Phase*> phases;  // of the root, in order; empty: one nameless phase
  const policy::Title* title = nullptr;      // nullptr: a fragment
  const policy::Architectures* architectures = nullptr;
  const policy::Kernel* kernel = nullptr;
};

// `texts` must outlive the result. Unknown architectures in `on` are errors.
Flat flatten(const policy::Texts& texts, Diagnostics& diagnostics);

// The architecture with this name, or nullopt and an error with the nearest name.
std::optional<calls::Arch> arch_named(const policy::Name& name, Diagnostics& diagnostics);

inline bool has_arch(uint16_t archs, calls::Arch arch) {
  return (archs >> static_cast<unsigned>(arch) & 1) != 0;
}

}  // namespace seclude::filter
