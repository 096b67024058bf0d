// Meaning: what rules say about one concrete call. The oracle.
//
// In: rules and an input. Out: the action, and the line that decides it. Written to be obviously
// right, not fast: it shares no code with decide.h, emit.h or evaluate.h, which are held against
// it.
#pragma once

#include "base/source.h"
#include "filter/action.h"
#include "filter/input.h"
#include "filter/rules.h"

namespace seclude::filter {

struct Verdict {
  Action action;
  Span origin;  // the deciding line; nowhere: seclude's own, see reason
  Reason reason = Reason::Stated;
  bool otherwise = false;  // no rule matched
  bool mentioned = false;  // but there are rules for other arguments
};

// A foreign architecture, and an x32 number where x32 is not listed, is killed with
// Reason::Unknown.
Verdict meaning(const Rules& rules, const Input& input);

bool holds(const Condition& condition, const Input& input);

}  // namespace seclude::filter
