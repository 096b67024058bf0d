// Rules: what a policy says for each architecture, in numbers only.
//
// In: resolve.h makes it (names, sets, `use`, twins, kernel pins are gone). Out: three readers that
// must agree: meaning.h evaluates it directly (the oracle), decide.h builds its diagram, emit.h
// generates code from it.
// The strictest matching rule of a number decides; when none matches, the number's `otherwise`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/source.h"
#include "calls/arch.h"
#include "filter/action.h"

namespace seclude::filter {

// A value inside struct seccomp_data: `bits` wide (16, 32 or 64). The low 32 bits are the low half
// of args[low]; for 64 bits the high 32 are the high half of args[low], or, where a 64-bit value
// takes two 32-bit registers, the low half of args[high].
struct Field {
  uint8_t bits = 32;
  uint8_t low = 0;
  std::optional<uint8_t> high;  // only for register pairs
  bool is_signed = false;       // order comparisons
  friend bool operator==(const Field&, const Field&) = default;
};

enum class Compare : uint8_t {
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,  // (x & mask) against value
  In,
  NotIn,   // (x & mask) in one of the ranges
  HasAll,  // (x & mask & value) == value
  HasAny,  // (x & mask & value) != 0
  Lacks,   // (x & mask & value) == 0
  Within,  // (x & mask & ~value) == 0
};

// Values and masks are already cut to field.bits; ranges are inclusive and, like the order
// comparisons, signed when the field is.
struct Test {
  Field field;
  Compare op = Compare::Equal;
  uint64_t mask = ~uint64_t{0};  // cut to field.bits
  uint64_t value = 0;
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  friend bool operator==(const Test&, const Test&) = default;
};

// A predicate without names. Always/Never stand for what cannot be tested on this architecture.
struct Condition {
  enum class Kind : uint8_t { Always, Never, Test, And, Or, Not };
  Kind kind = Kind::Always;
  Test test;                        // for Kind::Test
  std::vector<Condition> children;  // And, Or: any number; Not: one
  friend bool operator==(const Condition&, const Condition&) = default;
};

// Why a rule or an answer is there.
enum class Reason : uint8_t {
  Stated,         // a line of the policy says it; origin is that line
  Brought,        // a path or network line brings the calls it takes; origin is that line
  AlwaysAllowed,  // returning from a signal handler, restarting after a stop
  OpaqueTwin,     // its arguments are in memory and a rule tests those of its sibling
  Unknown,        // newer than the pinned kernel, or in no table
  NoOtherwise,    // a fragment, tested alone, has no `otherwise`
  PhaseChange,    // entering the next phase
  Launch,         // the one execve that starts the program
  Listening,      // the helper looks at the socket, and listens (sandbox/helper/listening.h)
};
std::string_view to_string(
    Reason reason);  // "its arguments are in memory, where no filter sees them"

struct Rule {
  Action action;
  Condition where;  // Always: unconditional
  Span origin;      // the statement (its keyword) behind it; nowhere: seclude's own addition
  Reason reason = Reason::Stated;
};

// Everything about one call number.
struct NumberRules {
  uint32_t number = 0;
  uint32_t first_rule = 0, end_rule = 0;  // into ArchRules::rules
  Action otherwise;
  Span otherwise_origin;
  Reason otherwise_reason = Reason::Stated;
  bool mediated = false;  // where the outcome is allow, it is mediated
};

struct ArchRules {
  calls::Arch arch;
  std::vector<NumberRules> numbers;  // sorted by number; unknown numbers are absent
  std::vector<Rule> rules;
  Action unknown;  // of every number not listed above
  Span unknown_origin;
  Reason unknown_reason = Reason::Unknown;
};

// What is said of a number; null: nothing, so that `unknown` holds.
inline const NumberRules* find_number(const ArchRules& rules, uint32_t number) {
  const auto at = std::lower_bound(
      rules.numbers.begin(), rules.numbers.end(), number,
      [](const NumberRules& entry, uint32_t wanted) { return entry.number < wanted; });
  return at != rules.numbers.end() && at->number == number ? &*at : nullptr;
}

inline std::span<const Rule> rules_of(const ArchRules& rules, const NumberRules& entry) {
  return std::span(rules.rules).subspan(entry.first_rule, entry.end_rule - entry.first_rule);
}

// The architectures of the policy, the native one first if present. Any other architecture is
// killed, and so are the x32 numbers of x86_64 (bit 30 set, bit 31 clear) when x32 is not listed.
struct Rules {
  std::vector<ArchRules> archs;
};

}  // namespace seclude::filter
