// Layout: code as a program: every node gets a place, every jump a distance.
//
// In: the shared graph and its root. Out: the program. Jumps only go forward and a conditional one
// reaches 255 instructions; where that is not enough, the graph is cut into blocks that fit, and a
// directory of the comparisons above them stands in front: a path then takes at most one extra
// jump, and the heaviest block, which follows the directory, usually none.
// (Programs that this would make longer than the kernel takes are laid out without blocks.)
// Neighbours: code.h (input), program.h (output), emit.cc.
#pragma once

#include "filter/code/code.h"
#include "filter/program.h"

namespace seclude::filter {

Program layout(const Code& code, CodeId root);

}  // namespace seclude::filter
