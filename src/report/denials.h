// Denials, reported: what was refused in a run, as a last word for people and as JSON.
//
// In: the denials of an Outcome, the policy's texts. Out: one paragraph about what was not printed
// while it happened (repetitions, and more different denials than are printed); JSON rows for
// `run --report`. Each denial by itself is printed from evidence/diagnose.h at once.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/source.h"
#include "evidence/diagnose.h"
#include "sandbox/helper/denial.h"

namespace seclude::report {

// "1000002 calls denied: getppid 1000000, openat 2"; nullopt when all has been said: `printed`
// different ones were, and none was repeated.
std::optional<std::string> summary(const sandbox::Denials& denials, size_t printed);

nlohmann::ordered_json to_json(const sandbox::Denials& denials, const evidence::Context& context,
                               const SourceMap& sources);

}  // namespace seclude::report
