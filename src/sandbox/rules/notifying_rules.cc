// Notifying rules: see notifying_rules.h.
#include "sandbox/rules/notifying_rules.h"

#include <algorithm>

#include "base/result.h"
#include "calls/calls.h"

namespace seclude::sandbox {
namespace {

using filter::Action;
using filter::ArchRules;
using filter::NumberRules;
using filter::Reason;
using filter::Rule;

void change(Action& action, Reason reason, Supervise how) {
  if (is_notified(action, reason, how)) action = Action::ask();
}

bool permits(Action action) { return !action.refuses(); }

}  // namespace

bool is_notified(Action action, Reason reason, Supervise how) {
  if (reason == Reason::Launch) return false;
  if (reason == Reason::Listening) return true;
  if (how == Supervise::Hold) return false;
  if (how == Supervise::Audit) return action.refuses();
  return action.is_deny() && reason != Reason::OpaqueTwin && reason != Reason::Unknown;
}

filter::Rules notifying(filter::Rules rules, Supervise how) {
  for (ArchRules& arch : rules.archs) {
    for (Rule& rule : arch.rules) change(rule.action, rule.reason, how);
    for (NumberRules& number : arch.numbers) change(number.otherwise, number.otherwise_reason, how);
    change(arch.unknown, arch.unknown_reason, how);
  }
  return rules;
}

bool may_trace(const filter::Rules& rules) {
  const auto call = calls::find_call("ptrace");
  CHECK(call);
  return std::any_of(rules.archs.begin(), rules.archs.end(), [&](const ArchRules& arch) {
    const auto number = calls::number_of(*call, arch.arch);
    const auto* entry = number ? filter::find_number(arch, *number) : nullptr;
    if (entry == nullptr) return permits(arch.unknown);
    const auto said = filter::rules_of(arch, *entry);
    return permits(entry->otherwise) || std::any_of(said.begin(), said.end(), [](const Rule& rule) {
             return permits(rule.action);
           });
  });
}

}  // namespace seclude::sandbox
