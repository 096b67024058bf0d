// Rules wire: resolved rules as bytes, and back.
//
// In: Rules, or bytes that this program made. Out: the other; equal to the first.
// Neighbours: sandbox/ready_launch.h keeps those of built-in profiles inside the program.
#pragma once

#include "base/wire.h"
#include "filter/rules.h"

namespace seclude::filter {

void write(wire::Writer& to, const Rules& rules);
Rules read_rules(wire::Reader& from);

}  // namespace seclude::filter
