// Rules wire: see rules_wire.h. One function lists the fields; writing and reading both walk it.
#include "filter/rules_wire.h"

namespace seclude::filter {
namespace {

// Field by field, because what lies between the fields of a value may be anything.
template <typename Way, typename Value>
void walk_field(Way& way, Value& field) {
  way.number(field.bits);
  way.number(field.low);
  way.optional(field.high);
  way.number(field.is_signed);
}

template <typename Way, typename Value>
void walk_entry(Way& way, Value& entry) {
  way.number(entry.number);
  way.number(entry.first_rule);
  way.number(entry.end_rule);
  way.number(entry.otherwise);
  way.number(entry.otherwise_origin);
  way.number(entry.otherwise_reason);
  way.number(entry.mediated);
}

// What most conditions are, in a byte; only a test has more than its children.
template <typename Way, typename Value>
void walk_condition(Way& way, Value& condition) {
  way.number(condition.kind);
  if (condition.kind == Condition::Kind::Test) {
    walk_field(way, condition.test.field);
    way.number(condition.test.op);
    way.number(condition.test.mask);
    way.number(condition.test.value);
    way.list(condition.test.ranges, [&](auto& range) {
      way.number(range.first);
      way.number(range.second);
    });
  }
  way.list(condition.children, [&](auto& child) { walk_condition(way, child); });
}

template <typename Way, typename Value>
void walk(Way& way, Value& rules) {
  way.list(rules.archs, [&](auto& of_arch) {
    way.number(of_arch.arch);
    way.list(of_arch.numbers, [&](auto& entry) { walk_entry(way, entry); });
    way.list(of_arch.rules, [&](auto& rule) {
      way.number(rule.action);
      walk_condition(way, rule.where);
      way.number(rule.origin);
      way.number(rule.reason);
    });
    way.number(of_arch.unknown);
    way.number(of_arch.unknown_origin);
    way.number(of_arch.unknown_reason);
  });
}

}  // namespace

void write(wire::Writer& to, const Rules& rules) { walk(to, rules); }

Rules read_rules(wire::Reader& from) {
  Rules rules;
  walk(from, rules);
  return rules;
}

}  // namespace seclude::filter
