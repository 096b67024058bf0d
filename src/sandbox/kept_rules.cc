// Kept rules: see kept_rules.h.
#include "sandbox/kept_rules.h"

#include "base/result.h"
#include "filter/rules_wire.h"
#include "sandbox/rules/guard_capabilities.h"
#include "sandbox/rules/guard_rules.h"
#include "sandbox/rules/notifying_rules.h"

namespace seclude::sandbox {

RulesFacts facts_of(const filter::Rules& rules) {
  return {.capabilities_to_give_up = capabilities_to_give_up(rules),
          .may_trace = may_trace(rules),
          .may_hide_processes = may_hide_processes(rules)};
}

KeptRules::KeptRules(filter::Rules rules) : facts_(facts_of(rules)), rules_(std::move(rules)) {}

const filter::Rules& KeptRules::get() const {
  if (!rules_) {
    wire::Reader reader{bytes_()};
    rules_ = filter::read_rules(reader);
    CHECK(reader.done());
  }
  return *rules_;
}

}  // namespace seclude::sandbox
