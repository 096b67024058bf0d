// Show: the values between the passes of the compiler, as text for `compile --show`.
//
// In: Rules (filter/rules.h), a Decision (filter/diagram.h). Out: text, one thing per line, meant
// for reading and for comparing two of them with diff; it is not a format that is read back.
#pragma once

#include <string>

#include "base/source.h"
#include "filter/diagram.h"
#include "filter/rules.h"

namespace seclude::cli {

std::string show(const filter::Rules& rules, const SourceMap& sources);
std::string show(const filter::Store& store, const filter::Decision& decision);

}  // namespace seclude::cli
