// Evaluates rules on one input, as plainly as possible; see meaning.h.
#include "filter/meaning.h"

#include <algorithm>

namespace seclude::filter {

namespace {

uint64_t load(const Field& field, const Input& input) {
  uint64_t value = input.args[field.low];
  if (field.high) value = (value & 0xffffffff) | input.args[*field.high] << 32;
  if (field.bits == 16) value &= 0xffff;
  if (field.bits == 32) value &= 0xffffffff;
  return value;
}

bool less(uint64_t a, uint64_t b, const Field& field) {
  if (!field.is_signed) return a < b;
  unsigned unused = 64u - field.bits;
  return static_cast<int64_t>(a << unused) < static_cast<int64_t>(b << unused);
}

bool holds(const Test& test, const Input& input) {
  uint64_t x = load(test.field, input) & test.mask;
  auto within = [&](const std::pair<uint64_t, uint64_t>& range) {
    return !less(x, range.first, test.field) && !less(range.second, x, test.field);
  };
  switch (test.op) {
    case Compare::Equal:
      return x == test.value;
    case Compare::NotEqual:
      return x != test.value;
    case Compare::Less:
      return less(x, test.value, test.field);
    case Compare::LessEqual:
      return !less(test.value, x, test.field);
    case Compare::Greater:
      return less(test.value, x, test.field);
    case Compare::GreaterEqual:
      return !less(x, test.value, test.field);
    case Compare::In:
      return std::any_of(test.ranges.begin(), test.ranges.end(), within);
    case Compare::NotIn:
      return std::none_of(test.ranges.begin(), test.ranges.end(), within);
    case Compare::HasAll:
      return (x & test.value) == test.value;
    case Compare::HasAny:
      return (x & test.value) != 0;
    case Compare::Lacks:
      return (x & test.value) == 0;
    case Compare::Within:
      return (x & ~test.value) == 0;
  }
  return false;
}

// The rules that decide this architecture and number, or nullptr: it is killed.
const ArchRules* rules_for(const Rules& rules, const Input& input) {
  for (const ArchRules& one : rules.archs) {
    const calls::ArchInfo& arch = calls::info(one.arch);
    bool x32 = arch.audit == calls::info(calls::Arch::x32).audit && input.number >> 30 == 1;
    if (arch.audit == input.arch && x32 == (one.arch == calls::Arch::x32)) return &one;
  }
  return nullptr;
}

}  // namespace

bool holds(const Condition& condition, const Input& input) {
  auto child_holds = [&](const Condition& child) { return holds(child, input); };
  switch (condition.kind) {
    case Condition::Kind::Always:
      return true;
    case Condition::Kind::Never:
      return false;
    case Condition::Kind::Test:
      return holds(condition.test, input);
    case Condition::Kind::Not:
      return !holds(condition.children.at(0), input);
    case Condition::Kind::And:
      return std::all_of(condition.children.begin(), condition.children.end(), child_holds);
    case Condition::Kind::Or:
      return std::any_of(condition.children.begin(), condition.children.end(), child_holds);
  }
  return false;
}

Verdict meaning(const Rules& rules, const Input& input) {
  const ArchRules* arch = rules_for(rules, input);
  if (!arch) return {.action = Action::kill(), .origin = {}, .reason = Reason::Unknown};
  for (const NumberRules& number : arch->numbers) {
    if (number.number != input.number) continue;
    Verdict verdict{number.otherwise, number.otherwise_origin, number.otherwise_reason, true,
                    number.first_rule < number.end_rule};
    for (uint32_t i = number.first_rule; i < number.end_rule; i++) {
      const Rule& rule = arch->rules[i];
      if (!holds(rule.where, input)) continue;
      if (verdict.otherwise || strictness(rule.action) < strictness(verdict.action))
        verdict = {rule.action, rule.origin, rule.reason, false, true};
    }
    if (number.mediated && verdict.action == Action::allow()) verdict.action = Action::mediated();
    return verdict;
  }
  return {arch->unknown, arch->unknown_origin, arch->unknown_reason, true, false};
}

}  // namespace seclude::filter
