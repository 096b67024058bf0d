// Blank tests: see blank_tests.h.
#include "filter/proof/blank_tests.h"

#include <algorithm>

namespace seclude::filter {
namespace {

// ---- in rules -----------------------------------------------------------------------------------

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

// ---- in programs --------------------------------------------------------------------------------

// Every path through a program, for calls of one architecture: what is tested, by the numbers of
// the calls that come there.
class ProgramTests {
 public:
  ProgramTests(const Blanks& blanks, const OfArch& calls)
      : blanks_(blanks), arch_(calls.arch), listed_(calls.listed) {}

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

bool is_blank(const Constant& constant) { return constant.of != Constant::Of::Number; }

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

void add(Tests& tests, const Tests& more) {
  for (const auto& [offset, word] : more) tests[offset].add(word);
}

std::optional<Tests> tests_in_rules(const ArchRules& rules, const NumberRules& entry,
                                    const Blanks& blanks) {
  RuleTests found(blanks, calls::info(rules.arch).big_endian);
  for (const Rule& rule : rules_of(rules, entry)) found.add(rule.where);
  if (!found.followed) return std::nullopt;
  return std::move(found.tests);
}

std::optional<std::map<Interval, Tests>> tests_in_programs(const std::vector<Program>& programs,
                                                           const OfArch& calls,
                                                           const Blanks& blanks) {
  ProgramTests found(blanks, calls);
  for (const Program& program : programs)
    if (!found.walk(program)) return std::nullopt;
  return std::move(found.tests);
}

}  // namespace seclude::filter
