// Unenforced: the lines of a policy that no layer holds yet.
//
// In: a policy with every text it uses. Out: each statement that the launcher cannot enforce, with
// the reason; a run with any of them is refused, because a line that is silently ignored is worse
// than none.
// Path and network lines are judged by places.h.
// Neighbours: environment.h and launch_rule.h are what is enforced beside the filter.
#pragma once

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "policy/load.h"

namespace seclude::sandbox {

struct Unenforced {
  Span span;         // the statement's keyword
  std::string what;  // "`read` lines"
  std::string why;   // one sentence
  friend bool operator==(const Unenforced&, const Unenforced&) = default;
};

// In order of the texts.
std::vector<Unenforced> unenforced(const policy::Texts& texts);

// What holds a line once the program runs, when nothing is lacking; nullptr: it is no line that
// anything has to hold, or nothing holds it yet.
const char* layer_of(const policy::Statement& statement);

// As an error of the policy, with the line shown.
Diagnostic diagnostic_of(const Unenforced& line);

}  // namespace seclude::sandbox
