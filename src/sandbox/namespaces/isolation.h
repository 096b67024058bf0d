// Isolation: what a program shall have of its own, and the steps that bring it about.
//
// In: the `isolate` lines of a policy, and the places that `hide` and `protect` lines cover. Out: a
// value for the Request, and its steps for the plan. Whether the kernel lets this user make
// namespaces shows when they are made; namespace_hints.h says how to mend it.
// Neighbours: path_rules.h finds the covered places, plan.h takes the steps.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"
#include "policy/load.h"
#include "sandbox/paths/domain.h"
#include "sandbox/paths/lookup.h"
#include "sandbox/paths/own_root.h"
#include "sandbox/plan.h"

namespace seclude::sandbox {

// `lines` are filled from `sources`; nullopt: there are no `isolate` lines.
std::optional<Isolation> isolation_of(const policy::Texts& texts, const SourceMap& sources);

// What a plan needs to know besides.
struct IsolationQuery {
  const Isolation& isolation;
  const std::vector<PathRight>* granted = nullptr;  // by path lines; nullptr: all paths are open
  std::vector<std::string> needed = {};  // that starting the program takes, not in `granted`
  std::string directory = {};            // where the program starts; absolute, real
  bool signals_by_filter = false;        // Landlock keeps nobody from tracing the launcher
  const RootContents* root = nullptr;    // for a root of its own, in place of the three above
  std::optional<std::string> host_name = {};
  bool joins_group = false;  // a control group of the run, which is then its root
};
struct IsolationSteps {
  std::vector<Step> entering;  // first of all
  std::vector<Step> grouped;   // after the group of the run, if there is one, is joined
  std::vector<Step> inside;    // after those that place descriptors
  bool mounts = false;
};
[[nodiscard]] IsolationSteps isolation_steps(const IsolationQuery& query, Lookup& lookup);

// What a text seems to ask for, before anything is parsed: a guess. None, if that would be made as
// quickly when it is known.
kernel::Namespaces seemingly_isolated(std::string_view text, bool host_name);

// Moves the rights to places that the steps replace to those which are granted inside.
void grant_inside(EnterDomain& domain, const std::vector<Step>& steps, Lookup& lookup);

}  // namespace seclude::sandbox
