// Pattern: see pattern.h.
#include "filter/pattern.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace seclude::filter {
namespace {

// ---- constants ----------------------------------------------------------------------------------

bool is_blank(const Constant& constant) { return constant.of != Constant::Of::Number; }

// Code compares with a constant or cuts right behind it.
Constant constant_of(uint32_t value, const Blanks& blanks) {
  for (size_t i = 0; i < blanks.size(); ++i) {
    for (const uint32_t added : {0U, 1U}) {
      for (const auto of : {Constant::Of::Blank, Constant::Of::NegatedBlank}) {
        const Constant constant{of, static_cast<uint8_t>(i), added};
        if (value_of(constant, blanks) == value) return constant;
      }
    }
  }
  return {.number = value};
}

Constant behind(Constant constant) {
  ++constant.number;
  return constant;
}

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

// The tests of one call on one word.
struct WordTests {
  std::set<Constant> points;  // single values that are told from all others
  std::set<Constant> bounds;  // values from which on a test may answer differently
  bool only_these = true;

  void add(const WordTests& other) {
    points.insert(other.points.begin(), other.points.end());
    bounds.insert(other.bounds.begin(), other.bounds.end());
    only_these &= other.only_these;
  }
};
using Tests = std::map<uint32_t, WordTests>;  // by the word's offset

void add(Tests& tests, const Tests& more) {
  for (const auto& [offset, word] : more) tests[offset].add(word);
}

// ---- tests in rules -----------------------------------------------------------------------------

class RuleTests {
 public:
  RuleTests(const Blanks& blanks, bool big_endian) : blanks_(blanks), big_endian_(big_endian) {}

  void add(const Condition& condition) {
    if (condition.kind == Condition::Kind::Test) add(condition.test);
    for (const Condition& child : condition.children) add(child);
  }
  Tests tests;
  bool followed = true;  // no blank is in a test of another kind

 private:
  WordTests& word(uint8_t argument, bool high) {
    return tests[offset_of_half(argument, high, big_endian_)];
  }
  WordTests& high_word(const Field& field) {
    return field.high ? word(*field.high, false) : word(field.low, true);
  }
  void add(const Test& test) {
    const Field& field = test.field;
    WordTests& low = word(field.low, false);
    const bool whole = field.bits == 32 ? (test.mask & UINT32_MAX) == UINT32_MAX
                                        : field.bits == 64 && test.mask == UINT64_MAX;
    const bool equality = test.op == Compare::Equal || test.op == Compare::NotEqual;
    if (whole && equality) {
      low.points.insert(constant_of(static_cast<uint32_t>(test.value), blanks_));
      if (field.bits == 64)
        high_word(field).points.insert(
            constant_of(static_cast<uint32_t>(test.value >> 32), blanks_));
      return;
    }
    const bool membership = test.op == Compare::In || test.op == Compare::NotIn;
    if (whole && field.bits == 32 && !field.is_signed && membership) {
      for (const auto& [first, last] : test.ranges) {
        const Constant begin = constant_of(static_cast<uint32_t>(first), blanks_);
        const Constant end = constant_of(static_cast<uint32_t>(last), blanks_);
        if (first == last) {
          low.points.insert(begin);
          continue;
        }
        low.bounds.insert(begin);
        if (end != Constant{.number = UINT32_MAX}) low.bounds.insert(behind(end));
      }
      return;
    }
    low.only_these = false;
    if (field.bits == 64) high_word(field).only_these = false;
    followed &= !has_blank(test.value) &&
                std::none_of(test.ranges.begin(), test.ranges.end(), [&](const auto& range) {
                  return has_blank(range.first) || has_blank(range.second);
                });
  }
  bool has_blank(uint64_t value) const {
    return is_blank(constant_of(static_cast<uint32_t>(value), blanks_)) ||
           is_blank(constant_of(static_cast<uint32_t>(value >> 32), blanks_));
  }

  const Blanks& blanks_;
  bool big_endian_;
};

// ---- tests in programs --------------------------------------------------------------------------

struct Interval {
  uint32_t low = 0, high = UINT32_MAX;
  bool holds(uint32_t number) const { return low <= number && number <= high; }
  bool meets(const Interval& other) const { return low <= other.high && other.low <= high; }
  friend auto operator<=>(const Interval&, const Interval&) = default;
};

// Every path through a program, for calls of one architecture: what is tested, by the numbers of
// the calls that come there.
class ProgramTests {
 public:
  // `arch` nullopt: none of `listed`.
  ProgramTests(const Blanks& blanks, std::optional<uint32_t> arch, const std::set<uint32_t>& listed)
      : blanks_(blanks), arch_(arch), listed_(listed) {}

  // False: there is something that this does not follow.
  bool walk(const Program& program) {
    go_on({});
    while (!todo_.empty()) {
      const State state = todo_.back();
      todo_.pop_back();
      if (seen_.size() > most_states || !step(program, state)) return false;
    }
    seen_.clear();
    return true;
  }

  std::map<Interval, Tests> tests;

 private:
  // The accumulator, as far as it matters: a word, a word after some arithmetic, or no word.
  enum class Holds : uint8_t { Nothing, Word, Changed };
  struct State {
    size_t at = 0;
    Holds holds = Holds::Nothing;
    uint32_t offset = 0;
    Interval numbers = {};
    friend auto operator<=>(const State&, const State&) = default;
  };
  static constexpr size_t most_states = 200'000;

  void go_on(const State& state) {
    if (seen_.insert(state).second) todo_.push_back(state);
  }
  void jump(State state, size_t distance) {
    state.at += 1 + distance;
    go_on(state);
  }
  void both(const State& state, const Instruction& instruction) {
    jump(state, instruction.jt);
    jump(state, instruction.jf);
  }

  bool step(const Program& program, State state) {
    const Instruction& instruction = program[state.at];
    switch (instruction.code) {
      case op::ret_k:
        return true;
      case op::ja:
        jump(state, instruction.k);
        return true;
      case op::ld_abs:
        state.holds = Holds::Word;
        state.offset = instruction.k;
        jump(state, 0);
        return true;
      case op::and_k:
        if (state.holds == Holds::Nothing) return false;
        state.holds = Holds::Changed;
        jump(state, 0);
        return true;
      case op::jeq_k:
      case op::jge_k:
      case op::jgt_k:
      case op::jset_k:
        return branch(state, instruction);
      default:
        return false;
    }
  }

  bool branch(const State& state, const Instruction& instruction) {
    if (state.holds == Holds::Nothing) return false;
    const Constant constant = constant_of(instruction.k, blanks_);
    const bool masked = state.holds == Holds::Changed || instruction.code == op::jset_k;
    const bool of_call = state.offset == offset_arch || state.offset == offset_number;
    if (is_blank(constant) && (masked || of_call)) return false;
    if (of_call && !masked) {
      state.offset == offset_arch ? branch_on_arch(state, instruction)
                                  : branch_on_number(state, instruction);
      return true;
    }
    WordTests& word = tests[state.numbers][state.offset];
    if (masked) {
      word.only_these = false;
    } else if (instruction.code == op::jeq_k) {
      word.points.insert(constant);
    } else if (instruction.code == op::jge_k) {
      word.bounds.insert(constant);
    } else if (constant != Constant{.number = UINT32_MAX}) {
      word.bounds.insert(behind(constant));
    }
    both(state, instruction);
    return true;
  }

  void branch_on_arch(const State& state, const Instruction& instruction) {
    const bool known = arch_ && instruction.code == op::jeq_k;
    if (known) return jump(state, *arch_ == instruction.k ? instruction.jt : instruction.jf);
    const bool other = !arch_ && instruction.code == op::jeq_k && listed_.contains(instruction.k);
    if (other) return jump(state, instruction.jf);
    both(state, instruction);
  }

  void branch_on_number(const State& state, const Instruction& instruction) {
    const uint32_t k = instruction.k;
    if (instruction.code == op::jeq_k) {
      if (state.numbers.holds(k)) narrowed(state, {k, k}, instruction.jt);
      // Leaving one value out of the middle is more than an interval can say.
      Interval others = state.numbers;
      if (others.low == k && k != UINT32_MAX) ++others.low;
      if (others.high == k && k != 0) --others.high;
      if (others.low <= others.high && !(others == Interval{k, k}))
        narrowed(state, others, instruction.jf);
      return;
    }
    // From `first` on the jump is taken.
    const uint64_t first = uint64_t{k} + (instruction.code == op::jgt_k ? 1 : 0);
    if (first <= state.numbers.high)
      narrowed(state,
               {std::max(state.numbers.low, static_cast<uint32_t>(first)), state.numbers.high},
               instruction.jt);
    if (state.numbers.low < first)
      narrowed(state,
               {state.numbers.low, std::min(state.numbers.high, static_cast<uint32_t>(first - 1))},
               instruction.jf);
  }

  void narrowed(State state, const Interval& numbers, size_t distance) {
    state.numbers = numbers;
    jump(state, distance);
  }

  const Blanks& blanks_;
  std::optional<uint32_t> arch_;
  const std::set<uint32_t>& listed_;
  std::set<State> seen_;
  std::vector<State> todo_;
};

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
      RuleTests found(proven.blanks, info.big_endian);
      for (const Rule& rule : rules_of(arch, entry)) found.add(rule.where);
      if (!found.followed) return std::nullopt;
      add(in_rules[info.audit][entry.number], found.tests);
    }
  }
  in_rules.try_emplace(std::nullopt);
  Orders orders;
  for (const auto& [arch, of_numbers] : in_rules) {
    ProgramTests found(proven.blanks, arch, listed);
    for (const Program& program : proven.programs)
      if (!found.walk(program)) return std::nullopt;
    if (!add_orders_of(found.tests, of_numbers, proven.blanks, orders)) return std::nullopt;
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

uint32_t value_of(const Constant& constant, std::span<const uint32_t> blanks) {
  switch (constant.of) {
    case Constant::Of::Number:
      return constant.number;
    case Constant::Of::Blank:
      return blanks[constant.blank] + constant.number;
    case Constant::Of::NegatedBlank:
      return constant.number - blanks[constant.blank];
  }
  return constant.number;
}

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
