// Pattern: see pattern.h.
#include "filter/pattern.h"

#include <algorithm>
#include <map>
#include <set>

namespace seclude::filter {
namespace {

// ---- blanks -------------------------------------------------------------------------------------

// No two are alike, nor is one like its neighbour or what another negates; and each has changed.
bool can_be_told(const Blanks& blanks, const Blanks& others) {
  std::set<uint32_t> values;
  for (size_t i = 0; i < blanks.size(); ++i) {
    if (blanks[i] == others[i]) return false;
    for (const uint32_t value : {blanks[i], blanks[i] + 1, 0 - blanks[i], 1 - blanks[i]})
      if (!values.insert(value).second) return false;
  }
  return true;
}

// What lies behind the last value begins at 0 again; and nothing lies before 0. The order says
// neither.
bool at_the_end(const Constant& constant, std::span<const uint32_t> blanks) {
  return is_blank(constant) && value_of(constant, blanks) == 0;
}

// ---- both together ------------------------------------------------------------------------------

// What Pattern has under the same names.
struct Orders {
  std::set<std::vector<Constant>> orders, different;
};

// False: there is a word for which the proof does not carry over.
bool add_orders(const Tests& tests, const Blanks& blanks, Orders& to) {
  const auto value = [&](const Constant& constant) { return value_of(constant, blanks); };
  for (const auto& [offset, word] : tests) {
    std::vector<Constant> constants(word.points.begin(), word.points.end());
    if (!word.bounds.empty()) {
      std::set<Constant> bounds = word.bounds;
      for (const Constant& point : word.points) {
        bounds.insert(point);
        if (point != Constant{.number = UINT32_MAX}) bounds.insert(behind(point));
      }
      constants.assign(bounds.begin(), bounds.end());
    }
    if (std::none_of(constants.begin(), constants.end(), is_blank)) continue;
    if (!word.only_these) return false;
    std::sort(constants.begin(), constants.end(), [&](const Constant& one, const Constant& other) {
      return value(one) < value(other);
    });
    const auto same = std::adjacent_find(
        constants.begin(), constants.end(),
        [&](const Constant& one, const Constant& other) { return value(one) == value(other); });
    if (same != constants.end()) return false;
    if (!word.bounds.empty() && at_the_end(constants.front(), blanks)) return false;
    (word.bounds.empty() ? to.different : to.orders).insert(std::move(constants));
  }
  return true;
}

bool add_orders_of(const std::map<Interval, Tests>& in_programs,
                   const std::map<uint32_t, Tests>& in_rules, const Blanks& blanks,
                   Orders& orders) {
  for (const auto& [number, tests] : in_rules) {
    Tests all = tests;
    for (const auto& [interval, more] : in_programs)
      if (interval.holds(number)) add(all, more);
    if (!add_orders(all, blanks, orders)) return false;
  }
  // Calls that no rule mentions.
  for (const auto& [interval, tests] : in_programs) {
    if (interval.low == interval.high && in_rules.contains(interval.low)) continue;
    Tests all;
    for (const auto& [other, more] : in_programs)
      if (interval.meets(other)) add(all, more);
    if (!add_orders(all, blanks, orders)) return false;
  }
  return true;
}

std::optional<Orders> orders_of(const Proven& proven) {
  std::set<uint32_t> listed;
  std::map<std::optional<uint32_t>, std::map<uint32_t, Tests>> in_rules;
  for (const ArchRules& arch : proven.rules.archs) {
    const calls::ArchInfo& info = calls::info(arch.arch);
    listed.insert(info.audit);
    for (const NumberRules& entry : arch.numbers) {
      const auto found = tests_in_rules(arch, entry, proven.blanks);
      if (!found) return std::nullopt;
      add(in_rules[info.audit][entry.number], *found);
    }
  }
  in_rules.try_emplace(std::nullopt);
  Orders orders;
  for (const auto& [arch, of_numbers] : in_rules) {
    const auto found = tests_in_programs(proven.programs, {arch, listed}, proven.blanks);
    if (!found) return std::nullopt;
    if (!add_orders_of(*found, of_numbers, proven.blanks, orders)) return std::nullopt;
  }
  return orders;
}

bool compares(const Instruction& instruction) {
  return instruction.code == op::jeq_k || instruction.code == op::jge_k ||
         instruction.code == op::jgt_k;
}

// ---- that rules change in their blanks alone ----------------------------------------------------

class SameButBlanks {
 public:
  SameButBlanks(const Blanks& before, const Blanks& after) : before_(before), after_(after) {}

  bool operator()(const Rules& one, const Rules& other) const {
    return std::equal(one.archs.begin(), one.archs.end(), other.archs.begin(), other.archs.end(),
                      [&](const ArchRules& a, const ArchRules& b) { return same(a, b); });
  }

 private:
  bool same(const ArchRules& one, const ArchRules& other) const {
    const auto same_entry = [](const NumberRules& a, const NumberRules& b) {
      return a.number == b.number && a.first_rule == b.first_rule && a.end_rule == b.end_rule &&
             a.otherwise == b.otherwise && a.mediated == b.mediated;
    };
    return one.arch == other.arch && one.unknown == other.unknown &&
           std::equal(one.numbers.begin(), one.numbers.end(), other.numbers.begin(),
                      other.numbers.end(), same_entry) &&
           std::equal(one.rules.begin(), one.rules.end(), other.rules.begin(), other.rules.end(),
                      [&](const Rule& a, const Rule& b) {
                        return a.action == b.action && same(a.where, b.where);
                      });
  }
  bool same(const Condition& one, const Condition& other) const {
    return one.kind == other.kind && same(one.test, other.test) &&
           std::equal(one.children.begin(), one.children.end(), other.children.begin(),
                      other.children.end(),
                      [&](const Condition& a, const Condition& b) { return same(a, b); });
  }
  bool same(const Test& one, const Test& other) const {
    const auto same_range = [&](const auto& a, const auto& b) {
      return same(a.first, b.first) && same(a.second, b.second);
    };
    return one.field == other.field && one.op == other.op && one.mask == other.mask &&
           same(one.value, other.value) &&
           std::equal(one.ranges.begin(), one.ranges.end(), other.ranges.begin(),
                      other.ranges.end(), same_range);
  }
  bool same(uint64_t one, uint64_t other) const {
    return same_half(static_cast<uint32_t>(one), static_cast<uint32_t>(other)) &&
           same_half(static_cast<uint32_t>(one >> 32), static_cast<uint32_t>(other >> 32));
  }
  bool same_half(uint32_t one, uint32_t other) const {
    return value_of(constant_of(one, before_), after_) == other;
  }

  const Blanks& before_;
  const Blanks& after_;
};

// ---- bytes --------------------------------------------------------------------------------------

template <typename Way, typename Value>
void walk_constant(Way& way, Value& constant) {
  way.number(constant.of);
  way.number(constant.blank);
  way.number(constant.number);
}

template <typename Way, typename Value>
void walk(Way& way, Value& pattern) {
  way.list(pattern.programs, [&](auto& program) { way.numbers(program); });
  way.list(pattern.places, [&](auto& place) {
    way.number(place.program);
    way.number(place.instruction);
    walk_constant(way, place.constant);
  });
  for (auto* lists : {&pattern.orders, &pattern.different}) {
    way.list(*lists, [&](auto& constants) {
      way.list(constants, [&](auto& constant) { walk_constant(way, constant); });
    });
  }
}

}  // namespace

std::optional<Pattern> make_pattern(Proven proven, const Rules& others,
                                    const Blanks& other_blanks) {
  if (!can_be_told(proven.blanks, other_blanks)) return std::nullopt;
  if (!SameButBlanks(proven.blanks, other_blanks)(proven.rules, others)) return std::nullopt;
  auto orders = orders_of(proven);
  if (!orders) return std::nullopt;
  Pattern pattern;
  for (uint16_t i = 0; i < proven.programs.size(); ++i) {
    const Program& program = proven.programs[i];
    for (uint16_t at = 0; at < program.size(); ++at) {
      const Constant constant = constant_of(program[at].k, proven.blanks);
      if (!is_blank(constant)) continue;
      if (!compares(program[at])) return std::nullopt;
      pattern.places.push_back({i, at, constant});
    }
  }
  pattern.programs = std::move(proven.programs);
  pattern.orders.assign(orders->orders.begin(), orders->orders.end());
  pattern.different.assign(orders->different.begin(), orders->different.end());
  return pattern;
}

std::optional<std::vector<Program>> fill(Pattern pattern, std::span<const uint32_t> blanks) {
  for (const auto& order : pattern.orders) {
    const bool kept =
        std::is_sorted(order.begin(), order.end(), [&](const Constant& one, const Constant& other) {
          return value_of(one, blanks) < value_of(other, blanks);
        });
    if (!kept || std::any_of(order.begin(), order.end(), [&](const Constant& constant) {
          return at_the_end(constant, blanks);
        }))
      return std::nullopt;
  }
  for (const auto& constants : pattern.different) {
    for (size_t i = 1; i < constants.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (value_of(constants[i], blanks) == value_of(constants[j], blanks)) return std::nullopt;
  }
  for (const auto& place : pattern.places)
    pattern.programs[place.program][place.instruction].k = value_of(place.constant, blanks);
  return std::move(pattern.programs);
}

void write(wire::Writer& to, const Pattern& pattern) { walk(to, pattern); }

Pattern read_pattern(wire::Reader& from) {
  Pattern pattern;
  walk(from, pattern);
  return pattern;
}

}  // namespace seclude::filter
