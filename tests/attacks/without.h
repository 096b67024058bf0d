// Without: a machine that lacks one of the things that lines are held by. without.cc says how.
#pragma once

namespace seclude::attacks {

// Takes `landlock`, `namespaces` or `cgroups` away and becomes the command; returns where it
// cannot.
int run_without(const char* layer, char** command);

}  // namespace seclude::attacks
