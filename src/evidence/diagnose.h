// Diagnose: why a call was refused, in the words of the policy's author.
//
// In: a Denial as the supervisor found it, the policy's texts. Out: a Diagnostic: the call with its
// arguments, the line that decided (or that no rule mentions the call), that line's `because`, what
// to write if the call is wanted, and what the program got.
// Everything the confined program chose (paths, names) is escaped and cut here.
// Neighbours: report/denials.h prints it and turns it into JSON.
#pragma once

#include <string>

#include "base/diagnostic.h"
#include "policy/load.h"
#include "sandbox/helper/denial.h"

namespace seclude::evidence {

struct Context {
  const policy::Texts& texts;
  bool audit = false;  // the call was let pass
};

// `openat(dfd: AT_FDCWD, filename: "/etc/shadow", flags: O_RDONLY, mode: 0)`
std::string show_call(const sandbox::Denial& denial);

// "the program got EPERM"; "the thread was killed (SIGSYS)"; of an audit, what would have been.
std::string consequence(const sandbox::Denial& denial, bool audit);

// The statement of the policy that would permit it: "allow socket where family == AF_INET6".
std::string wanted_rule(const sandbox::Denial& denial);

Diagnostic diagnose(const sandbox::Denial& denial, const Context& context);

}  // namespace seclude::evidence
