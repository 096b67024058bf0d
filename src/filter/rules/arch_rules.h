// Arch rules: the prepared lines of a policy, brought together for one architecture.
//
// In: lines whose calls are already looked up (resolve.cc prepares them once for all
// architectures). Out: ArchRules: every number with its rules and its `otherwise`.
// Here live twins, multiplexed calls, kernel pins, and the precedence of `otherwise`.
#pragma once

#include <optional>
#include <vector>

#include "filter/rules.h"
#include "filter/rules/flatten.h"
#include "filter/rules/names.h"

namespace seclude::filter {

// A statement with its calls looked up and `without` applied.
struct Line {
  const Item* item = nullptr;
  const policy::Action* action = nullptr;  // nullptr: brought by a path or network line: allow
  const policy::Pred* where = nullptr;
  bool otherwise = false;  // an `otherwise` line; general when `calls` is empty
  bool general = false;
  CallList calls;
};

// What path and network lines mediate, and where such lines are.
struct Mediation {
  const Item* item;  // the first path (or network) line of its phase and architectures
  std::vector<calls::CallId> calls;
};

struct ArchInput {
  calls::Arch arch{};
  std::optional<size_t> phase;  // index into Flat::phases
  const std::vector<Line>* lines = nullptr;
  const std::vector<Mediation>* mediations = nullptr;
  bool fragment = false;
  bool enters_next = false;  // a later phase follows: entering it must be possible
  Span title;                // where to say that `otherwise` is missing
};

ArchRules arch_rules(const ArchInput& input, Names& names, Diagnostics& diagnostics);

}  // namespace seclude::filter
