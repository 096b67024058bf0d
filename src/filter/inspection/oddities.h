// Oddities: what about a filter its author probably did not mean.
//
// In: a program and its decision (lift.h). Out: one Oddity per kind of trouble, each with the calls
// it concerns and, where one shows it, a concrete call. All are facts about the exact decision;
// that they are unwanted is a guess. Neighbours: lint.h says the same kind of thing about policies,
// with their lines.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calls/arch.h"
#include "filter/diagram.h"
#include "filter/program.h"

namespace seclude::filter {

struct Oddity {
  std::string kind;                        // "unreachable", "arch-check", ...: stable, for --json
  std::string message;                     // one sentence
  std::vector<std::string> subjects = {};  // calls or instructions it concerns
  std::optional<Input> example = {};       // a call that shows it
  std::string help = {};
};

struct Suspect {
  std::span<const Instruction> program;
  const Decision& decision;
  std::span<const calls::Arch> archs;  // those it is written for (unlift.h finds them)
};

// What is too intricate to be looked into is an oddity, too ("unexamined").
std::vector<Oddity> oddities(Store& store, const Suspect& suspect);

// Those of the instructions alone, for a program that has no exact decision.
std::vector<Oddity> oddities_of_code(std::span<const Instruction> program);

}  // namespace seclude::filter
