// Settings: what is known only when a policy is put to use, not when it is written.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "calls/arch.h"

namespace seclude::filter {

struct Settings {
  calls::Arch native = calls::native();  // where `architectures` is silent
  std::vector<calls::Arch> archs = {};   // --arch: instead of what the policy lists
  std::map<std::string, std::string, std::less<>> parameters = {};  // --set NAME=VALUE
};

}  // namespace seclude::filter
