// Added rules: see added_rules.h. Strictest wins, so an exemption is not added but taken out: every
// existing rule of the number holds "and not exempt", and one more rule allows what is exempt.
#include "sandbox/rules/added_rules.h"

#include <algorithm>
#include <iterator>

#include "base/result.h"
#include "calls/calls.h"
#include "calls/constants.h"

namespace seclude::sandbox {
namespace {

using filter::Action;
using filter::ArchRules;
using filter::Condition;
using filter::NumberRules;
using filter::Rule;

Condition combine(Condition::Kind kind, std::vector<Condition> children) {
  Condition condition;
  condition.kind = kind;
  condition.children = std::move(children);
  return condition;
}

// `where` and `also`, without a needless And around an unconditional `where`.
Condition both(Condition where, Condition also) {
  if (where.kind == Condition::Kind::Always) return also;
  return all_of({std::move(where), std::move(also)});
}

// The entry of a number; makes one that says what was said so far if there is none.
NumberRules& entry_of(ArchRules& rules, uint32_t number) {
  const auto at = std::lower_bound(
      rules.numbers.begin(), rules.numbers.end(), number,
      [](const NumberRules& entry, uint32_t wanted) { return entry.number < wanted; });
  if (at != rules.numbers.end() && at->number == number) return *at;
  NumberRules entry;
  entry.number = number;
  entry.otherwise = rules.unknown;
  entry.otherwise_origin = rules.unknown_origin;
  entry.otherwise_reason = rules.unknown_reason;
  return *rules.numbers.insert(at, entry);
}

std::vector<Rule> copied_rules(const ArchRules& rules, const NumberRules& entry) {
  const auto found = filter::rules_of(rules, entry);
  return {found.begin(), found.end()};
}

// The old rules stay where they are, in case another number shares them.
void set_rules(ArchRules& rules, NumberRules& entry, std::vector<Rule> list) {
  entry.first_rule = static_cast<uint32_t>(rules.rules.size());
  std::move(list.begin(), list.end(), std::back_inserter(rules.rules));
  entry.end_rule = static_cast<uint32_t>(rules.rules.size());
}

// Adds the answer where `where` holds and the policy refuses nothing; what it refuses, perhaps by
// more than a denial, stays refused.
void tighten(ArchRules& rules, NumberRules& entry, Rule answer) {
  std::vector<Rule> list = copied_rules(rules, entry);
  std::vector<Rule> added;
  if (!entry.otherwise.refuses()) {
    added.push_back(std::move(answer));
  } else {
    for (const Rule& rule : list) {
      if (rule.action.refuses()) continue;
      added.push_back(answer);
      added.back().where = both(rule.where, answer.where);
    }
  }
  list.insert(list.end(), added.begin(), added.end());
  set_rules(rules, entry, std::move(list));
}

}  // namespace

Condition test_of(filter::Test test) {
  Condition condition;
  condition.kind = Condition::Kind::Test;
  condition.test = std::move(test);
  return condition;
}

Condition negation(Condition condition) {
  return combine(Condition::Kind::Not, {std::move(condition)});
}

Condition all_of(std::vector<Condition> conditions) {
  return combine(Condition::Kind::And, std::move(conditions));
}

Condition any_of(std::vector<Condition> conditions) {
  return combine(Condition::Kind::Or, std::move(conditions));
}

Condition argument_in(uint8_t argument, std::vector<uint32_t> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  filter::Test test;
  test.field = {.bits = 32, .low = argument, .high = {}};
  test.op = filter::Compare::In;
  test.mask = 0xffffffff;
  for (const uint32_t value : values) test.ranges.emplace_back(value, value);
  return test_of(std::move(test));
}

std::vector<uint32_t> values_of(std::initializer_list<std::string_view> names, calls::Arch arch) {
  std::vector<uint32_t> values;
  for (const std::string_view name : names) {
    const auto constant = calls::find_constant(name);
    const auto value = constant ? calls::value_of(*constant, arch) : std::nullopt;
    if (value) values.push_back(static_cast<uint32_t>(*value));
  }
  return values;
}

std::optional<uint32_t> number_of(std::string_view call, calls::Arch arch) {
  const auto id = calls::find_call(call);
  return id ? calls::number_of(*id, arch) : std::nullopt;
}

void refuse(ArchRules& rules, const Refusal& refusal) {
  const auto number = number_of(refusal.call, rules.arch);
  if (!number) return;
  NumberRules& entry = entry_of(rules, *number);
  // A rule that denies with another errno keeps its say; two that differ would contradict each
  // other.
  std::vector<Condition> parts = {refusal.where};
  for (const Rule& rule : rules_of(rules, entry)) {
    if (rule.action.is_deny()) parts.push_back(negation(rule.where));
  }
  tighten(rules, entry,
          {Action::deny(refusal.errno_value), all_of(std::move(parts)), Span(),
           filter::Reason::Launch});
}

void leave_to_helper(ArchRules& rules, std::string_view call, filter::Reason reason) {
  if (const auto number = number_of(call, rules.arch))
    tighten(rules, entry_of(rules, *number), {Action::ask(), {}, Span(), reason});
}

void exempt(ArchRules& rules, std::string_view call, const Condition& where) {
  const auto number = number_of(call, rules.arch);
  CHECK(number);
  NumberRules& entry = entry_of(rules, *number);
  std::vector<Rule> list = copied_rules(rules, entry);
  for (Rule& rule : list) rule.where = both(std::move(rule.where), negation(where));
  list.push_back({Action::allow(), where, Span(), filter::Reason::Launch});
  set_rules(rules, entry, std::move(list));
}

}  // namespace seclude::sandbox
