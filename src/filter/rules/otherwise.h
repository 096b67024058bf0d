// Otherwise: what a call gets when no rule matches, and which of several such lines counts.
//
// In: `otherwise` lines as arch_rules.cc reads them, in any order. Out: the strongest; an error
// where two equally strong ones differ.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "base/diagnostic.h"
#include "base/source.h"
#include "calls/arch.h"
#include "filter/action.h"

namespace seclude::filter {

// An answer for when no rule matches, and how strongly it was said.
struct Otherwise {
  Action action;
  Span origin = {};
  bool named = false;                                 // by the call's own name: beats a set
  bool own = false;                                   // by the root itself: beats a used one
  std::optional<std::pair<Action, Span>> rival = {};  // as strong, and different
};

// A name beats a set, then the root's own beats a used one; two equally strong must agree.
void settle(std::optional<Otherwise>& current, const Otherwise& next);

// The error for two that differ. `name`: the call or @unknown; empty: the general one.
void report_rival(const std::optional<Otherwise>& answer, std::string_view name, calls::Arch arch,
                  Diagnostics& diagnostics);

}  // namespace seclude::filter
