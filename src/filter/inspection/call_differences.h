// Call differences: how two decisions differ, call by call, in every way they do.
//
// In: two canonical decisions of one store. Out: for each call (or stretch of numbers that no table
// knows) and each pair of unequal answers one concrete call that gets them. Exact: an empty list
// means equal on every input.
// Neighbours: compare.h finds the stretches of numbers; the `diff` command prints these, inspect
// proves with them.
#pragma once

#include <optional>
#include <vector>

#include "calls/calls.h"
#include "filter/action.h"
#include "filter/diagram.h"

namespace seclude::filter {

struct CallDifference {
  std::optional<calls::Arch> arch;    // nullopt: no known one
  std::optional<uint32_t> audit;      // nullopt: every architecture that neither decision lists
  std::optional<calls::CallId> call;  // nullopt: numbers that no table knows
  uint32_t first = 0, last = 0;       // the numbers; one when it is a call
  bool everything = false;            // every number of the architecture
  bool some_arguments = false;        // depends on the arguments (or the instruction pointer)
  Action left, right;
  Input example;  // the first decision answers `left` to it, the second `right`
};

// By architecture, number and action. Check store.exhausted() before believing it.
std::vector<CallDifference> call_differences(Store& store, const Decision& left,
                                             const Decision& right);

// Whether the second lets something happen that the first does not let happen unconditionally:
// refused before, now not; decided by a supervisor, a tracer or another layer before, now plain.
bool wider(Action left, Action right);

// The two functions' unequal answers, each with an input; number and architecture are left 0.
struct AnswerPair {
  Action left, right;
  Input example;
};
std::vector<AnswerPair> answer_pairs(Store& store, Id left, Id right);

}  // namespace seclude::filter
