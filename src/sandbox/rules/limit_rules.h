// Limit rules: what a policy's rules say about processes and files, as far as limits depend on it,
// and the rules that keep a program in its control group.
//
// In: a policy's rules. Out: answers that are certain when they say no; rules, to be compiled and
// proven like any other.
// Neighbours: limits.h asks; guard_rules.h, companion_rules.h add for other reasons.
#pragma once

#include "filter/rules.h"

namespace seclude::sandbox {

// False: no rule lets the program have a second process, at any time.
bool may_start_processes(const filter::Rules& rules);
// False: nor a second thread.
bool may_start_threads(const filter::Rules& rules);
// False: no rule lets it open a file for writing, or make a folder.
bool may_write_files(const filter::Rules& rules);

// Ways out of a control group that need no file to be written: clone3 starts processes in another
// (CLONE_INTO_CGROUP, whatever is mounted how), and is ENOSYS, on which every libc falls back to
// clone. In a cgroup namespace of its own a program could mount the hierarchy again.
filter::Rules keeping_in_group(filter::Rules rules);

}  // namespace seclude::sandbox
