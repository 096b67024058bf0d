// Line differences: the lines of two policies that are no rules about calls.
//
// In: two flattened policies. Out: each path, network end, host, variable, limit, thing and
// parameter that only one of them names. Compared as written, not by what it means: the decisions
// about calls are compared exactly elsewhere (call_differences.h), these are what other layers
// hold.
#pragma once

#include <string>
#include <vector>

#include "base/source.h"
#include "filter/rules/flatten.h"
#include "policy/load.h"

namespace seclude::filter {

struct LineDifference {
  std::string text;  // "read /etc/**", "limit memory 2G"
  Span span;         // in its own policy's sources
  bool in_right = false;
  bool widens = false;  // going from left to right may let more happen
};

struct Lines {
  const policy::Texts& texts;
  const Flat& flat;
};

std::vector<LineDifference> line_differences(const Lines& left, const Lines& right);

}  // namespace seclude::filter
