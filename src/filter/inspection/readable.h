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

// How much may be tried: a search for the shortest text has no other bound. One for many calls
// keeps all of them together within it.
struct Effort {
  size_t left = 4'000'000;  // visits of nodes, a second or so
  bool spend() { return left != 0 && left-- != 0; }
};

// Functions of more nodes have no text that anybody would read.
inline constexpr size_t most_readable_nodes = 4096;

// nullopt when it would take too many tests, or too much effort to find them. `condition` must be
// nameable, and no terminal.
std::optional<std::string> predicate_text(Store& store, Id condition, const CallOn& subject,
                                          Effort& effort);

}  // namespace seclude::filter
