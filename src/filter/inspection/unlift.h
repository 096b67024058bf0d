// Unlift: a decision as a policy someone can read.
//
// In: the decision of any filter (lift.h). Out: policy text that was read again, decided, and
// compared: either it means the same for every call, architecture and argument, or every
// difference is listed. Some things the language cannot say (language: architectures that are not
// listed are killed, restart_syscall is always allowed, bits the kernel does not read have no
// name). Neighbours: readable.h writes conditions; call_differences.h compares.
#pragma once

#include <string>
#include <vector>

#include "filter/diagram.h"
#include "filter/inspection/call_differences.h"

namespace seclude::filter {

struct UnliftOptions {
  std::string name = "lifted";             // of the policy
  calls::Arch arch = calls::Arch::x86_64;  // where the decision is of no architecture in particular
};

struct Unlifted {
  std::string text;
  std::vector<calls::Arch> archs;
  // Where the text (right) and the decision (left) differ: what the text could not say.
  std::vector<CallDifference> unsaid;
  std::vector<calls::CallId> left_out;  // their conditions would be too long to be read
  std::string problem;                  // not empty: why there is no (proven) text
};

Unlifted unlift(Store& store, const Decision& decision, const UnliftOptions& options);

}  // namespace seclude::filter
