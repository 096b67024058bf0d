// Readable: a diagram over one call's arguments as a predicate of the language.
//
// In: a condition (a diagram of yes and no) and the call it is about. Out: "prot lacks PROT_EXEC
// and flags has MAP_ANONYMOUS", the shortest of several ways to say each argument's part. Nothing
// here is believed: unlift.h compiles the text and compares. Neighbours: predicate.h goes the other
// way.
#pragma once

#include <optional>
#include <string>

#include "calls/calls.h"
#include "filter/diagram.h"

namespace seclude::filter {

// Whose arguments a condition speaks of.
struct CallOn {
  calls::CallId call = 0;
  calls::Arch arch{};
};

// The function left when every bit that the language cannot name is 0: upper halves of arguments
// of which the kernel reads less, registers beyond the last argument, the instruction pointer.
Id nameable(Store& store, Id function, const CallOn& subject);

// nullopt when it would take too many tests. `condition` must be nameable, and no terminal.
std::optional<std::string> predicate_text(Store& store, Id condition, const CallOn& subject);

}  // namespace seclude::filter
