// Launch rule: see launch_rule.h. Strictest wins, so an exemption is not added but taken out: every
// existing rule of the number holds "and not exempt", and one more rule allows what is exempt.
#include "sandbox/launch_rule.h"

#include <algorithm>
#include <optional>

#include "calls/calls.h"

namespace seclude::sandbox {
namespace {

using filter::Action;
using filter::ArchRules;
using filter::Condition;
using filter::NumberRules;
using filter::Rule;

constexpr uint64_t listener_flag = 8;  // SECCOMP_FILTER_FLAG_NEW_LISTENER
constexpr uint8_t seccomp_flags_arg = 1;
constexpr uint8_t first_unused_arg = 3;  // execve and sendmsg read 0, 1 and 2
constexpr uint16_t eperm = 1;

Condition test_of(filter::Test test) {
  Condition condition;
  condition.kind = Condition::Kind::Test;
  condition.test = std::move(test);
  return condition;
}

Condition combine(Condition::Kind kind, std::vector<Condition> children) {
  Condition condition;
  condition.kind = kind;
  condition.children = std::move(children);
  return condition;
}

Condition negation(Condition condition) {
  return combine(Condition::Kind::Not, {std::move(condition)});
}

// `where` and `also`, without a needless And around an unconditional `where`.
Condition both(Condition where, Condition also) {
  if (where.kind == Condition::Kind::Always) return also;
  return combine(Condition::Kind::And, {std::move(where), std::move(also)});
}

Condition holds_key(const kernel::raw::LaunchKey& key, calls::Arch arch) {
  const uint8_t bits = calls::info(arch).word_bits;
  const uint64_t mask = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  std::vector<Condition> parts;
  for (size_t i = 0; i < key.size(); ++i) {
    filter::Test test;
    test.field = {.bits = bits, .low = static_cast<uint8_t>(first_unused_arg + i), .high = {}};
    test.mask = mask;
    test.value = key[i] & mask;
    parts.push_back(test_of(std::move(test)));
  }
  return combine(Condition::Kind::And, std::move(parts));
}

Condition asks_for_listener() {
  filter::Test test;
  test.field = {.bits = 32, .low = seccomp_flags_arg, .high = {}};
  test.op = filter::Compare::HasAny;
  test.mask = 0xffffffff;
  test.value = listener_flag;
  return test_of(std::move(test));
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

std::vector<Rule> rules_of(const ArchRules& rules, const NumberRules& entry) {
  return {rules.rules.begin() + entry.first_rule, rules.rules.begin() + entry.end_rule};
}

// The old rules stay where they are, in case another number shares them.
void set_rules(ArchRules& rules, NumberRules& entry, std::vector<Rule> list) {
  entry.first_rule = static_cast<uint32_t>(rules.rules.size());
  rules.rules.insert(rules.rules.end(), list.begin(), list.end());
  entry.end_rule = static_cast<uint32_t>(rules.rules.size());
}

std::optional<uint32_t> number_of(std::string_view call, calls::Arch arch) {
  const auto id = calls::find_call(call);
  return id ? calls::number_of(*id, arch) : std::nullopt;
}

void refuse_listener(ArchRules& rules, uint32_t number) {
  NumberRules& entry = entry_of(rules, number);
  std::vector<Rule> list = rules_of(rules, entry);
  // A rule that denies with another errno keeps its say; two that differ would contradict each
  // other.
  std::vector<Condition> exempt = {asks_for_listener()};
  for (const Rule& rule : list) {
    if (rule.action.is_deny()) exempt.push_back(negation(rule.where));
  }
  const Condition listener = combine(Condition::Kind::And, std::move(exempt));
  std::vector<Rule> added;
  if (!entry.otherwise.refuses()) {
    added.push_back({Action::deny(eperm), listener, Span(), filter::Reason::Launch});
  } else {
    // What no rule mentions is refused already, perhaps by more than a denial.
    for (const Rule& rule : list) {
      if (!rule.action.refuses())
        added.push_back(
            {Action::deny(eperm), both(rule.where, listener), Span(), filter::Reason::Launch});
    }
  }
  list.insert(list.end(), added.begin(), added.end());
  set_rules(rules, entry, std::move(list));
}

void exempt(ArchRules& rules, std::string_view call, const Condition& launching) {
  const auto number = number_of(call, rules.arch);
  CHECK(number);
  NumberRules& entry = entry_of(rules, *number);
  std::vector<Rule> list = rules_of(rules, entry);
  for (Rule& rule : list) rule.where = both(std::move(rule.where), negation(launching));
  list.push_back({Action::allow(), launching, Span(), filter::Reason::Launch});
  set_rules(rules, entry, std::move(list));
}

}  // namespace

Result<filter::Rules> with_launch_rule(filter::Rules rules, const kernel::raw::LaunchKey& key,
                                       calls::Arch arch, HandOver hand_over) {
  for (ArchRules& of_arch : rules.archs) {
    if (of_arch.arch != arch) continue;
    const Condition launching = holds_key(key, arch);
    exempt(of_arch, "execve", launching);
    if (hand_over == HandOver::Listener) exempt(of_arch, "sendmsg", launching);
    return rules;
  }
  return fail("run a program of " + std::string(calls::info(arch).name) +
                  " behind a policy that does not list this architecture",
              0, "add it to the policy's `architectures` line");
}

filter::Rules without_new_listeners(filter::Rules rules) {
  for (ArchRules& of_arch : rules.archs) {
    if (const auto number = number_of("seccomp", of_arch.arch)) refuse_listener(of_arch, *number);
  }
  return rules;
}

}  // namespace seclude::sandbox
