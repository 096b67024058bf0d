// Statements: the flags of `run` that spare a policy file, as the policy they stand for.
//
// In: Arguments with -p, --allow, --deny, --read ... Out: one policy text; nothing else is done
// with these flags, so `--show policy` shows all there is. A value can fill its statement, but
// never start another one: line breaks, comments and braces are refused, paths and values are
// quoted.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/command.h"

namespace seclude::cli {

struct Composed {
  std::string text;         // the policy; empty when one -p says it all
  std::string only_policy;  // then: that policy argument
  bool by_default = false;  // nobody named a policy: it is the profile `default`
};

Result<Composed> compose(const Arguments& arguments);

}  // namespace seclude::cli
