// Limit rules: see limit_rules.h.
#include "sandbox/rules/limit_rules.h"

#include <algorithm>

#include "calls/arch.h"
#include "calls/calls.h"
#include "sandbox/rules/added_rules.h"

namespace seclude::sandbox {
namespace {

using filter::ArchRules;
using filter::Compare;
using filter::Condition;

constexpr uint16_t enosys = 38;

// Bits of the low half of an argument, and what they are.
struct Bits {
  uint8_t argument = 0;
  uint64_t mask = 0;
  uint64_t value = 0;
};

// All that fulfils the test has these bits.
bool implies(const filter::Test& test, const Bits& bits) {
  if (test.field.low != bits.argument) return false;
  const bool looks = (test.mask & bits.mask) == bits.mask;
  if (!looks) return false;
  const bool all_named = (test.value & bits.mask) == bits.mask;
  const bool none_named = (test.value & bits.mask) == 0;
  switch (test.op) {
    case Compare::Equal:
      return (test.value & bits.mask) == bits.value;
    case Compare::HasAll:
      return all_named && bits.value == bits.mask;
    case Compare::Lacks:
      return all_named && bits.value == 0;
    case Compare::Within:
      return none_named && bits.value == 0;
    case Compare::In:
      return !test.ranges.empty() &&
             std::all_of(test.ranges.begin(), test.ranges.end(), [&](const auto& range) {
               return range.first == range.second && (range.first & bits.mask) == bits.value;
             });
    case Compare::NotEqual:
    case Compare::Less:
    case Compare::LessEqual:
    case Compare::Greater:
    case Compare::GreaterEqual:
    case Compare::NotIn:
    case Compare::HasAny:
      return false;
  }
  return false;
}

bool implies(const Condition& condition, const Bits& bits) {
  using Kind = Condition::Kind;
  const auto child = [&](const Condition& one) { return implies(one, bits); };
  const auto& children = condition.children;
  switch (condition.kind) {
    case Kind::Never:
      return true;
    case Kind::Test:
      return implies(condition.test, bits);
    case Kind::And:
      return std::any_of(children.begin(), children.end(), child);
    case Kind::Or:
      return !children.empty() && std::all_of(children.begin(), children.end(), child);
    case Kind::Always:
    case Kind::Not:
      return false;
  }
  return false;
}

bool refuses_all(const filter::Rule& rule) {
  return rule.action.refuses() && rule.where.kind == Condition::Kind::Always;
}

// Whether the call may happen without these bits (with none given: at all).
bool may_happen(const ArchRules& rules, std::string_view call, const Bits* harmless = nullptr) {
  const auto number = number_of(call, rules.arch);
  if (!number) return false;
  const auto entry =
      std::lower_bound(rules.numbers.begin(), rules.numbers.end(), *number,
                       [](const auto& one, uint32_t wanted) { return one.number < wanted; });
  if (entry == rules.numbers.end() || entry->number != *number) return !rules.unknown.refuses();
  const auto first = rules.rules.begin() + entry->first_rule;
  const auto end = rules.rules.begin() + entry->end_rule;
  // The strictest answer wins.
  if (std::any_of(first, end, refuses_all)) return false;
  if (!entry->otherwise.refuses()) return true;
  return std::any_of(first, end, [&](const filter::Rule& rule) {
    if (rule.action.refuses()) return false;
    return harmless == nullptr || !implies(rule.where, *harmless);
  });
}

// Of an argument that is in one register there.
std::optional<Bits> bits_of(const ArchRules& rules, std::string_view call,
                            std::string_view argument, uint64_t mask, uint64_t value) {
  const auto id = calls::find_call(call);
  if (!id) return std::nullopt;
  const auto arguments = calls::args(*id, rules.arch);
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto place = calls::place_of(*id, rules.arch, i);
    if (arguments[i].kernel_name == argument && place) return Bits{place->low, mask, value};
  }
  return std::nullopt;
}

uint64_t value_of(std::string_view name, calls::Arch arch) {
  const auto values = values_of({name}, arch);
  return values.empty() ? 0 : values.front();
}

bool may_clone(const ArchRules& rules, bool thread_is_harmless) {
  const uint64_t thread = value_of("CLONE_THREAD", rules.arch);
  const auto bits = bits_of(rules, "clone", "clone_flags", thread, thread);
  const Bits* harmless = thread_is_harmless && thread != 0 && bits ? &*bits : nullptr;
  return may_happen(rules, "clone", harmless) || may_happen(rules, "clone3");
}

bool may_open_for_writing(const ArchRules& rules, std::string_view call) {
  const uint64_t mode = value_of("O_ACCMODE", rules.arch);
  const auto bits = bits_of(rules, call, "flags", mode, 0);
  return may_happen(rules, call, mode != 0 && bits ? &*bits : nullptr);
}

template <typename Question>
bool anywhere(const filter::Rules& rules, const Question& question) {
  return std::any_of(rules.archs.begin(), rules.archs.end(), [&](const ArchRules& one) {
    return calls::share_a_kernel(one.arch, calls::native()) && question(one);
  });
}

}  // namespace

bool may_start_processes(const filter::Rules& rules) {
  return anywhere(rules, [](const ArchRules& one) {
    return may_happen(one, "fork") || may_happen(one, "vfork") || may_clone(one, true);
  });
}

bool may_start_threads(const filter::Rules& rules) {
  return anywhere(rules, [](const ArchRules& one) { return may_clone(one, false); });
}

bool may_write_files(const filter::Rules& rules) {
  return anywhere(rules, [](const ArchRules& one) {
    for (const char* call :
         {"creat", "openat2", "open_by_handle_at", "io_uring_setup", "mkdir", "mkdirat"})
      if (may_happen(one, call)) return true;
    return may_open_for_writing(one, "open") || may_open_for_writing(one, "openat");
  });
}

filter::Rules keeping_in_group(filter::Rules rules) {
  for (ArchRules& one : rules.archs) {
    refuse(one, {.call = "clone3", .where = {}, .errno_value = enosys});
    for (const auto& [call, argument] :
         {std::pair{"unshare", "unshare_flags"}, std::pair{"clone", "clone_flags"}}) {
      const uint64_t namespaces = value_of("CLONE_NEWCGROUP", one.arch);
      const auto bits = bits_of(one, call, argument, namespaces, 0);
      if (!bits || namespaces == 0) continue;
      filter::Test test;
      test.field = {.bits = 32, .low = bits->argument, .high = {}};
      test.op = Compare::HasAny;
      test.mask = 0xffffffff;
      test.value = namespaces;
      refuse(one, {.call = call, .where = test_of(std::move(test))});
    }
  }
  return rules;
}

}  // namespace seclude::sandbox
