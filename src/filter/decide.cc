// Builds the decision of rules in a store, test by test; see decide.h.
#include "filter/decide.h"

#include <algorithm>
#include <array>

namespace seclude::filter {

namespace {

constexpr uint32_t x32_first = 0x40000000, negative_first = 0x80000000;

Group group_of(uint8_t arg) { return static_cast<Group>(1 + arg); }

// One bit of a field: which group holds it, and where.
struct Bit {
  Group group;
  uint64_t mask;
};
Bit bit_of(const Field& field, unsigned bit) {
  if (field.high && bit >= 32) return {group_of(*field.high), uint64_t{1} << (bit - 32)};
  return {group_of(field.low), uint64_t{1} << bit};
}

// (x & mask) == value, where value is within mask.
Id equal(Store& store, const Field& field, uint64_t mask, uint64_t value) {
  if (!field.high) return store.test(group_of(field.low), mask, value, store.yes(), store.no());
  auto half = [&](uint8_t arg, uint64_t m, uint64_t v) {
    return m == 0 ? store.yes() : store.test(group_of(arg), m, v, store.yes(), store.no());
  };
  return store.both(half(field.low, mask & 0xffffffff, value & 0xffffffff),
                    half(*field.high, mask >> 32, value >> 32));
}

// (x & mask) >= value, unsigned: bit by bit from the least significant one.
Id at_least(Store& store, const Field& field, uint64_t mask, uint64_t value) {
  if (value == 0) return store.yes();
  uint64_t all = field.bits == 64 ? ~uint64_t{0} : (uint64_t{1} << field.bits) - 1;
  if (mask == all && !field.high)
    return store.in_range(group_of(field.low), 0, field.bits, value, all);
  Id result = store.yes();
  for (unsigned bit = 0; bit < field.bits; bit++) {
    bool wanted = (value >> bit & 1) != 0;
    if ((mask >> bit & 1) == 0) {  // always 0 in x: smaller where value has a 1, else undecided
      if (wanted) result = store.no();
      continue;
    }
    Bit at = bit_of(field, bit);
    Id set = store.test(at.group, at.mask, at.mask, store.yes(), store.no());
    result = wanted ? store.ite(set, result, store.no()) : store.ite(set, store.yes(), result);
  }
  return result;
}

// low <= (x & mask) <= high in the field's order. A signed order is the unsigned one with the sign
// turned over, so a range that crosses zero is two unsigned ranges.
Id between(Store& store, const Test& test, uint64_t low, uint64_t high) {
  const Field& field = test.field;
  uint64_t sign = uint64_t{1} << (field.bits - 1);
  uint64_t top = sign | (sign - 1);
  auto plain = [&](uint64_t from, uint64_t to) {
    if (test.mask == top && !field.high)
      return store.in_range(group_of(field.low), 0, field.bits, from, to);
    Id above = to == top ? store.no() : at_least(store, field, test.mask, to + 1);
    return store.ite(above, store.no(), at_least(store, field, test.mask, from));
  };
  bool crosses = field.is_signed && (low & sign) != 0 && (high & sign) == 0;
  if (crosses) return store.either(plain(low, top), plain(0, high));
  return plain(low, high);
}

Id any_range(Store& store, const Test& test) {
  Id result = store.no();
  for (auto [low, high] : test.ranges) {
    Id one =
        low == high ? equal(store, test.field, test.mask, low) : between(store, test, low, high);
    result = store.either(result, one);
  }
  return result;
}

// Some bit of `bits` is set.
Id any_bit(Store& store, const Test& test, uint64_t bits) {
  return bits == 0 ? store.no() : store.negate(equal(store, test.field, bits, 0));
}

Id holds(Store& store, const Test& test) {
  uint64_t sign = uint64_t{1} << (test.field.bits - 1);
  uint64_t lowest = test.field.is_signed ? sign : 0;
  uint64_t highest = test.field.is_signed ? sign - 1 : sign | (sign - 1);
  switch (test.op) {
    case Compare::Equal:
      return equal(store, test.field, test.mask, test.value);
    case Compare::NotEqual:
      return store.negate(equal(store, test.field, test.mask, test.value));
    case Compare::LessEqual:
      return between(store, test, lowest, test.value);
    case Compare::GreaterEqual:
      return between(store, test, test.value, highest);
    case Compare::Less:
      return store.negate(between(store, test, test.value, highest));
    case Compare::Greater:
      return store.negate(between(store, test, lowest, test.value));
    case Compare::In:
      return any_range(store, test);
    case Compare::NotIn:
      return store.negate(any_range(store, test));
    case Compare::HasAll:
      if ((test.value & ~test.mask) != 0) return store.no();
      return equal(store, test.field, test.value, test.value);
    case Compare::HasAny:
      return any_bit(store, test, test.value & test.mask);
    case Compare::Lacks:
      return store.negate(any_bit(store, test, test.value & test.mask));
    case Compare::Within:
      return store.negate(any_bit(store, test, test.mask & ~test.value));
  }
  return store.no();
}

// Numbers of one audit architecture, in order, as runs over all 2^32 numbers.
class Line {
 public:
  explicit Line(Id unknown) : unknown_(unknown) { runs_.push_back({0, unknown}); }

  void set(uint32_t number, Id id) {
    if (number > next_) push(next_, unknown_);
    push(number, id);
    next_ = number + 1;
    full_ = number == UINT32_MAX;
  }
  // From `first` on, unlisted numbers answer this.
  void unknown_from(uint32_t first, Id id) {
    if (first > next_) push(next_, unknown_);
    unknown_ = id;
    next_ = first;
    push(first, id);
  }
  Runs finish() {
    if (!full_) push(next_, unknown_);
    return merged(std::move(runs_));
  }

 private:
  void push(uint32_t first, Id id) {
    if (runs_.back().first == first)
      runs_.back().id = id;
    else if (runs_.back().id != id)
      runs_.push_back({first, id});
  }
  Runs runs_;
  Id unknown_;
  uint32_t next_ = 0;
  bool full_ = false;
};

Id answer(Store& store, const NumberRules& number, Action action, Mediated mediated) {
  bool other_layer = number.mediated && mediated == Mediated::Kept && action == Action::allow();
  return store.terminal(other_layer ? Action::mediated().ret : action.ret);
}

// The number gets one answer, whatever its arguments are.
const Action* only_action(const ArchRules& arch, const NumberRules& number) {
  if (number.first_rule == number.end_rule) return &number.otherwise;
  const Rule& first = arch.rules[number.first_rule];
  bool only = number.first_rule + 1 == number.end_rule;
  return only && first.where.kind == Condition::Kind::Always ? &first.action : nullptr;
}

// condition ? hit : miss. Most conditions compare the bits of one argument: that is a node of its
// own, which need not be made of yes and no first.
Id decided(Store& store, const Condition& condition, Id hit, Id miss) {
  const Test& test = condition.test;
  bool one_argument = condition.kind == Condition::Kind::Test && !test.field.high;
  if (condition.kind == Condition::Kind::Always) return hit;
  if (one_argument && test.op == Compare::Equal)
    return store.test(group_of(test.field.low), test.mask, test.value, hit, miss);
  if (one_argument && test.op == Compare::HasAll && (test.value & ~test.mask) == 0)
    return store.test(group_of(test.field.low), test.value, test.value, hit, miss);
  return store.ite(filter::condition(store, condition), hit, miss);
}

}  // namespace

Id condition(Store& store, const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::Always:
      return store.yes();
    case Condition::Kind::Never:
      return store.no();
    case Condition::Kind::Test:
      return holds(store, condition.test);
    case Condition::Kind::Not:
      return store.negate(filter::condition(store, condition.children.at(0)));
    case Condition::Kind::And: {
      Id result = store.yes();
      for (size_t i = condition.children.size(); i-- > 0;)
        result = decided(store, condition.children[i], result, store.no());
      return result;
    }
    case Condition::Kind::Or: {
      Id result = store.no();
      for (size_t i = condition.children.size(); i-- > 0;)
        result = decided(store, condition.children[i], store.yes(), result);
      return result;
    }
  }
  return store.no();
}

std::vector<Ranked> weakest_first(Store& store, const ArchRules& arch, const NumberRules& number,
                                  Mediated mediated) {
  std::vector<Ranked> ranked;
  ranked.reserve(number.end_rule - number.first_rule);
  for (uint32_t i = number.end_rule; i-- > number.first_rule;)
    ranked.push_back({&arch.rules[i], answer(store, number, arch.rules[i].action, mediated)});
  auto weaker = [](const Ranked& a, const Ranked& b) {
    return strictness(a.rule->action) > strictness(b.rule->action);
  };
  // Mostly they are; and stable_sort asks for memory first.
  if (!std::is_sorted(ranked.begin(), ranked.end(), weaker))
    std::stable_sort(ranked.begin(), ranked.end(), weaker);
  return ranked;
}

Id answer_without_rules(Store& store, const NumberRules& number, Mediated mediated) {
  return answer(store, number, number.otherwise, mediated);
}

Id number_decision(Store& store, const ArchRules& arch, const NumberRules& number,
                   Mediated mediated) {
  if (const Action* only = only_action(arch, number)) return answer(store, number, *only, mediated);
  Id result = answer_without_rules(store, number, mediated);
  for (const Ranked& one : weakest_first(store, arch, number, mediated))
    result = decided(store, one.rule->where, one.answer, result);
  return result;
}

namespace {

void add_numbers(Store& store, Line& line, const ArchRules& arch, uint32_t from, uint32_t to,
                 Mediated mediated) {
  // Most numbers are answered as the one before, and need not ask the store what that is.
  const NumberRules* before = nullptr;
  const Action* action_before = nullptr;
  Id id;
  for (const NumberRules& number : arch.numbers) {
    if (number.number < from || number.number > to) continue;
    const Action* action = only_action(arch, number);
    bool same =
        action && action_before && *action == *action_before && number.mediated == before->mediated;
    if (!same) id = number_decision(store, arch, number, mediated);
    line.set(number.number, id);
    before = &number, action_before = action;
  }
}

}  // namespace

Decision decide(Store& store, const Rules& rules, Mediated mediated) {
  Id kill = store.terminal(Action::kill().ret);
  uint32_t x86_64 = calls::info(calls::Arch::x86_64).audit;
  Decision decision{.archs = {}, .other = {{0, kill}}};
  const ArchRules *native = nullptr, *x32 = nullptr;
  for (const ArchRules& arch : rules.archs) {
    if (arch.arch == calls::Arch::x86_64)
      native = &arch;
    else if (arch.arch == calls::Arch::x32)
      x32 = &arch;
    else {
      Line line(store.terminal(arch.unknown.ret));
      add_numbers(store, line, arch, 0, UINT32_MAX, mediated);
      decision.archs.push_back({calls::info(arch.arch).audit, line.finish()});
    }
  }
  if (native || x32) {  // one audit value: bit 30 of the number tells them apart
    Id unknown = native ? store.terminal(native->unknown.ret) : kill;
    Line line(unknown);
    if (native) add_numbers(store, line, *native, 0, x32_first - 1, mediated);
    line.unknown_from(x32_first, x32 ? store.terminal(x32->unknown.ret) : kill);
    if (x32) add_numbers(store, line, *x32, x32_first, negative_first - 1, mediated);
    line.unknown_from(negative_first, unknown);
    if (native) add_numbers(store, line, *native, negative_first, UINT32_MAX, mediated);
    decision.archs.push_back({x86_64, line.finish()});
  }
  std::erase_if(decision.archs, [&](const ArchRuns& arch) { return arch.runs == decision.other; });
  std::sort(decision.archs.begin(), decision.archs.end(),
            [](const ArchRuns& a, const ArchRuns& b) { return a.audit < b.audit; });
  return decision;
}

}  // namespace seclude::filter
