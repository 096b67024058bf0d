// Settings: what is known only when a policy is put to use, not when it is written.
//
// In: --arch and --set of a command, or what a library caller fills in. resolve.h takes them
// together with the policy's texts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "calls/arch.h"

namespace seclude::filter {

struct Settings {
  calls::Arch native = calls::native();  // where `architectures` is silent
  std::vector<calls::Arch> archs = {};   // --arch: instead of what the policy lists
  // For a launch: of what the policy lists, only what the native kernel can be called by, if any.
  bool only_native_kernel = false;
  std::map<std::string, std::string, std::less<>> parameters = {};  // --set NAME=VALUE
};

}  // namespace seclude::filter
