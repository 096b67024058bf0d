// Briefing: what a helper that was begun early is told by its launcher.
//
// A helper begins as a copy of its launcher, and what it copies it pays for: one that begins before
// a policy is parsed is there for a fraction, while the launcher works on. So it knows nothing yet.
// In: terms in shared memory, before the program's child is made, which wakes nobody; on the
// launcher's socket knowledge, the rules and what explaining takes, when nobody waits for the
// launcher any more, but always before it waits for the child, whose calls are answered by it. Out:
// the same in the helper: the first use of the knowledge sleeps until it has come.
// Neighbours: supervisor.h is the launcher's side; answering.h asks.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/fd.h"
#include "kernel/gate.h"
#include "sandbox/kept_rules.h"
#include "sandbox/paths/domain.h"
#include "sandbox/rules/notifying_rules.h"

namespace seclude::sandbox {

// What the helper does before the first refused call.
struct Terms {
  RulesFacts facts;
  Supervise how = Supervise::Explain;
  bool prints = false;
  size_t printed_at_most = 0;
};
// In memory that both share.
struct SharedTerms {
  Terms terms;
  kernel::Gate known = {};
  kernel::Gate longer = {};  // open once the knowledge is longer than what the socket holds
};

// What a refused call is judged by, and what it is explained with.
struct Knowledge {
  std::string rules;  // filter/rules_wire.h
  std::string texts;  // whoever describes denials knows what is in there
  std::vector<ListenEnd> listening;
};
std::string to_wire(const Knowledge& knowledge);  // one message

// In the helper. The socket stays the caller's.
class Briefing {
 public:
  Briefing(const kernel::Fd& launcher, const SharedTerms& shared)
      : launcher_(launcher.number()), shared_(&shared) {}

  // Sleeps until the launcher or the child has said something, which `child` brings. nullopt: the
  // launcher has gone, or does not need a helper.
  std::optional<Terms> hear_terms(const kernel::Fd& child) const;
  bool complete() const { return knowledge_.has_value(); }
  // Whether it is to be heard before it is asked for.
  bool is_urgent() const { return !complete() && shared_->longer.is_open(); }
  // Sleeps until it is complete. Without a launcher this process ends.
  const Knowledge& hear();

 private:
  std::optional<std::string> next_message() const;
  int launcher_;
  const SharedTerms* shared_;
  std::optional<Knowledge> knowledge_;
};

}  // namespace seclude::sandbox
