// Printer: the typed model back to text, in the canonical layout of `seclude fmt`.
//
// In: a Policy. Out: its text. Comments, blank lines (at most one in a row) and the author's line
// groups survive; parse(print(p)) means what p means, and print is idempotent.
#pragma once

#include <string>

#include "policy/policy.h"

namespace seclude::policy {

std::string print(const Policy& policy);
std::string print(const Statement& statement);  // one statement, without its comments, no newline
std::string print(const Pred& pred);
std::string print(const Value& value);
std::string print(const Action& action);  // "deny with EPERM"
std::string print(const Calls& calls);

}  // namespace seclude::policy
