// Kept rules: the rules behind a launch, which hardly any launch has to look at.
//
// In: a policy's rules, or their bytes (filter/rules_wire.h) together with what a launch asks of
// them. Out: those answers at once, and the rules themselves when somebody asks for them: to
// compile them, or to say what decided a refused call. Neighbours: ready_launch.h keeps bytes;
// supervisor.h and plan.h ask.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "filter/rules.h"

namespace seclude::sandbox {

struct RulesFacts {
  uint64_t capabilities_to_give_up = 0;  // guard_capabilities.h
  bool may_trace = false;                // notifying_rules.h
  bool may_hide_processes = false;       // guard_rules.h
};
RulesFacts facts_of(const filter::Rules& rules);

// Not safe for two threads that ask for the rules for the first time.
class KeptRules {
 public:
  explicit KeptRules(filter::Rules rules);
  // The bytes are asked for when the rules are. They are whole and outlive this; with others the
  // process ends (base/result.h, CHECK).
  using Bytes = std::function<std::string_view()>;
  KeptRules(const RulesFacts& facts, Bytes bytes) : facts_(facts), bytes_(std::move(bytes)) {}

  const RulesFacts& facts() const { return facts_; }
  const filter::Rules& get() const;

 private:
  RulesFacts facts_;
  Bytes bytes_;
  mutable std::optional<filter::Rules> rules_;
};

}  // namespace seclude::sandbox
