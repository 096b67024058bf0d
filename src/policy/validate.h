// Validate: mistakes that can be seen without knowing any call.
//
// In: a parsed text, or all texts of a policy. Out: errors for misplaced and repeated statements,
// values of the wrong type, and paths, ends and quantities that mean nothing. Calls, arguments,
// constants, errno names and architectures are the filter's to look up (filter/resolve.h).
// Neighbours: load.h calls both functions; paths.h, ends.h and quantity.h judge the small texts.
#pragma once

#include "base/diagnostic.h"
#include "policy/load.h"
#include "policy/policy.h"

namespace seclude::policy {

// What one text shows by itself.
void validate(const Policy& policy, Diagnostics& diagnostics);

// What needs the texts it uses: parameters of paths, hosts and ports that nobody declares.
void validate_names(const Texts& texts, Diagnostics& diagnostics);

}  // namespace seclude::policy
