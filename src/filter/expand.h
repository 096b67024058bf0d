// Expand: a policy with no set, no `let` and no `use` left, every line with its origin.
//
// In: a resolved policy. Out: its text. Read again it has the same meaning, on the same
// architectures; what seclude itself adds stands at the end as comments.
// Neighbours: resolve.h reads the same items the same way; policy/printer.h prints.
#pragma once

#include <string>

#include "base/source.h"
#include "filter/resolve.h"
#include "filter/settings.h"
#include "policy/load.h"

namespace seclude::filter {

std::string expand(const policy::Texts& texts, const Settings& settings, const Resolved& resolved,
                   const SourceMap& sources);

}  // namespace seclude::filter
