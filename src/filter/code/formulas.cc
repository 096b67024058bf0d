// Formulas: see formulas.h.
//
// A test becomes a list of unsigned ranges of its masked value; 64-bit ranges become conditions on
// the two halves. Everything after that is sets of intervals.
#include "filter/code/formulas.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace seclude::filter {
namespace {

using Range = std::pair<uint64_t, uint64_t>;
using Ranges = std::vector<Range>;

uint64_t all_bits(const Field& field) {
  return field.bits == 64 ? ~uint64_t{0} : (uint64_t{1} << field.bits) - 1;
}

// [low, high] in the order of the field (signed numbers begin at the lowest) as unsigned ranges.
void add_ordered(Ranges& ranges, const Field& field, Range ordered) {
  auto [low, high] = ordered;
  if (!field.is_signed) return void(ranges.push_back(ordered));
  uint64_t sign = uint64_t{1} << (field.bits - 1);
  if (low < sign) ranges.push_back({low ^ sign, std::min(high, sign - 1) ^ sign});
  if (high >= sign) ranges.push_back({std::max(low, sign) ^ sign, high ^ sign});
}

// Position of a value in the order of the field: 0 for the lowest.
uint64_t ordered(const Field& field, uint64_t value) {
  return field.is_signed ? value ^ uint64_t { 1 } << (field.bits - 1) : value;
}

void add_complement(Ranges& result, Ranges ranges, uint64_t last) {
  std::sort(ranges.begin(), ranges.end());
  uint64_t start = 0;
  for (const auto& [low, high] : ranges) {
    if (low > start) result.push_back({start, low - 1});
    if (high >= last) return;
    start = std::max(start, high + 1);
  }
  result.push_back({start, last});
}

// What is compared, and the values for which the test holds.
struct Comparand {
  uint64_t mask;
  Ranges holds;
};

Comparand comparand(const Test& test) {
  const Field& field = test.field;
  uint64_t bits = all_bits(field);
  Comparand result = {test.mask & bits, {}};
  uint64_t value = test.value & bits;
  uint64_t position = ordered(field, value);
  auto ordered_range = [&](uint64_t low, uint64_t high) {
    add_ordered(result.holds, field, {low, high});
  };
  switch (test.op) {
    case Compare::Equal:
      result.holds = {{value, value}};
      break;
    case Compare::NotEqual:
      add_complement(result.holds, {{value, value}}, bits);
      break;
    case Compare::Less:
      if (position > 0) ordered_range(0, position - 1);
      break;
    case Compare::LessEqual:
      ordered_range(0, position);
      break;
    case Compare::Greater:
      if (position < bits) ordered_range(position + 1, bits);
      break;
    case Compare::GreaterEqual:
      ordered_range(position, bits);
      break;
    case Compare::In:
    case Compare::NotIn: {
      Ranges inside;
      for (const auto& [low, high] : test.ranges) {
        uint64_t from = ordered(field, low & bits), to = ordered(field, high & bits);
        if (from <= to) add_ordered(inside, field, {from, to});
      }
      if (test.op == Compare::In)
        result.holds = std::move(inside);
      else
        add_complement(result.holds, std::move(inside), bits);
      break;
    }
    case Compare::HasAll:
      if ((value & ~result.mask) == 0) result = {value, {{value, value}}};
      break;
    case Compare::HasAny:
      result = {value & result.mask, {{1, bits}}};
      break;
    case Compare::Lacks:
      result = {value & result.mask, {{0, 0}}};
      break;
    case Compare::Within:
      result = {result.mask & ~value, {{0, 0}}};
      break;
  }
  return result;
}

uint32_t low_half(uint64_t value) { return static_cast<uint32_t>(value); }
uint32_t high_half(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

// The word's leading bits that a fact fixes, as far as its mask shows them.
KnownBits known_bits(const Fact& fact) {
  uint32_t differing = fact.values.low ^ fact.values.high;
  uint32_t leading = differing == 0 ? whole_word : ~(whole_word >> std::countl_zero(differing));
  uint32_t mask = fact.view.mask & leading;
  return {mask, fact.values.low & mask};
}

uint64_t hash_of(const Formula& formula) {
  uint64_t hash = mix(static_cast<uint64_t>(formula.kind),
                      uint64_t{formula.view.word} << 32 | formula.view.mask);
  for (const Interval& interval : formula.set)
    hash = mix(hash, uint64_t{interval.low} << 32 | interval.high);
  for (FormulaId child : formula.children) hash = mix(hash, child);
  return hash;
}

}  // namespace

Formulas::Formulas() {
  formulas_.reserve(128);
  Formula constant;
  constant.kind = Formula::Kind::Never;
  unique(constant);
  constant.kind = Formula::Kind::Always;
  unique(constant);
}

FormulaId Formulas::unique(Formula formula) {
  auto [index, found] =
      table_.find_or_add(hash_of(formula), static_cast<uint32_t>(formulas_.size()),
                         [&](uint32_t stored) { return formulas_[stored] == formula; });
  if (!found) formulas_.push_back(std::move(formula));
  return index;
}

FormulaId Formulas::atom(View view, Intervals set) {
  set = normal(std::move(set), view.mask);
  if (set.empty()) return never;
  if (is_everything(set, view.mask)) return always;
  // Leading bits only (x & ~0xf): intervals of the word itself say the same without an AND.
  if (view.mask != whole_word && std::countl_one(view.mask) == std::popcount(view.mask)) {
    for (Interval& interval : set) interval.high |= ~view.mask;
    view.mask = whole_word;
  }
  Formula formula;
  formula.kind = Formula::Kind::Atom;
  formula.view = view;
  formula.set = std::move(set);
  return unique(std::move(formula));
}

FormulaId Formulas::all(std::vector<FormulaId> children) {
  return joined(Formula::Kind::All, std::move(children));
}

FormulaId Formulas::any(std::vector<FormulaId> children) {
  return joined(Formula::Kind::Any, std::move(children));
}

FormulaId Formulas::joined(Formula::Kind kind, std::vector<FormulaId> children) {
  FormulaId neutral = kind == Formula::Kind::All ? always : never;
  FormulaId decided = kind == Formula::Kind::All ? never : always;
  if (std::find(children.begin(), children.end(), decided) != children.end()) return decided;
  auto is_nested = [&](FormulaId child) { return formulas_[child].kind == kind; };
  std::vector<FormulaId> flat;
  if (std::any_of(children.begin(), children.end(), is_nested)) {
    flat.reserve(children.size());
    for (FormulaId child : children) {
      const Formula& formula = formulas_[child];
      if (formula.kind == kind)
        flat.insert(flat.end(), formula.children.begin(), formula.children.end());
      else
        flat.push_back(child);
    }
  } else {
    flat = std::move(children);
  }
  std::erase(flat, neutral);
  merge_atoms(kind, flat);
  if (std::find(flat.begin(), flat.end(), decided) != flat.end()) return decided;
  std::erase(flat, neutral);
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  absorb(kind, flat);
  if (flat.empty()) return neutral;
  if (flat.size() == 1) return flat[0];
  Formula formula;
  formula.kind = kind;
  formula.children = std::move(flat);
  return unique(std::move(formula));
}

// Whether some atoms may do so; sure to be right only for the few that conditions usually have.
bool Formulas::share_a_view(std::span<const FormulaId> children) const {
  constexpr size_t few = 8;
  if (children.size() > few) return true;
  for (size_t i = 1; i < children.size(); ++i) {
    const Formula& formula = formulas_[children[i]];
    if (formula.kind != Formula::Kind::Atom) continue;
    for (size_t j = 0; j < i; ++j) {
      const Formula& other = formulas_[children[j]];
      if (other.kind == Formula::Kind::Atom && other.view == formula.view) return true;
    }
  }
  return false;
}

// Atoms on one view become one atom, in the place of the first; the others become neutral.
void Formulas::merge_atoms(Formula::Kind kind, std::vector<FormulaId>& children) {
  if (!share_a_view(children)) return;
  using Key = std::tuple<uint8_t, uint32_t, size_t>;  // of the view, and the child's place
  std::vector<Key> atoms;
  atoms.reserve(children.size());
  for (size_t i = 0; i < children.size(); ++i) {
    const Formula& formula = formulas_[children[i]];
    if (formula.kind == Formula::Kind::Atom)
      atoms.emplace_back(formula.view.word, formula.view.mask, i);
  }
  std::sort(atoms.begin(), atoms.end());
  for (size_t first = 0, end = 0; first < atoms.size(); first = end) {
    auto [word, mask, place] = atoms[first];
    auto same_view = [word = word, mask = mask](const Key& other) {
      return std::get<0>(other) == word && std::get<1>(other) == mask;
    };
    end = first + 1;
    if (end == atoms.size() || !same_view(atoms[end])) continue;
    Intervals set = formulas_[children[place]].set;
    for (; end < atoms.size() && same_view(atoms[end]); ++end) {
      size_t other_place = std::get<2>(atoms[end]);
      const Intervals& other = formulas_[children[other_place]].set;
      if (kind == Formula::Kind::All)
        set = intersected(set, other, mask);
      else
        set.insert(set.end(), other.begin(), other.end());  // atom() brings them into order
      children[other_place] = kind == Formula::Kind::All ? always : never;
    }
    children[place] = atom({word, mask}, std::move(set));
  }
}

// a and (a or b) is a; a or (a and b) is a.
void Formulas::absorb(Formula::Kind kind, std::vector<FormulaId>& children) const {
  auto covered = [&](FormulaId child) {
    const Formula& formula = formulas_[child];
    if (formula.kind != Formula::Kind::All && formula.kind != Formula::Kind::Any) return false;
    if (formula.kind == kind) return false;
    return std::any_of(formula.children.begin(), formula.children.end(), [&](FormulaId part) {
      return std::binary_search(children.begin(), children.end(), part);
    });
  };
  if (std::none_of(children.begin(), children.end(), covered)) return;
  std::vector<FormulaId> kept;
  for (FormulaId child : children)
    if (!covered(child)) kept.push_back(child);
  children = std::move(kept);
}

FormulaId Formulas::from(const Condition& condition, bool negated) {
  using Kind = Condition::Kind;
  switch (condition.kind) {
    case Kind::Always:
      return negated ? never : always;
    case Kind::Never:
      return negated ? always : never;
    case Kind::Test:
      return from_test(condition.test, negated);
    case Kind::Not:
      return from(condition.children.at(0), !negated);
    case Kind::And:
    case Kind::Or:
      break;
  }
  std::vector<FormulaId> children;
  children.reserve(condition.children.size());
  for (const Condition& child : condition.children) children.push_back(from(child, negated));
  bool is_all = (condition.kind == Kind::And) != negated;
  return is_all ? all(std::move(children)) : any(std::move(children));
}

FormulaId Formulas::from_test(const Test& test, bool negated) {
  Comparand compared = comparand(test);
  if (!negated) return in_ranges(test.field, compared.mask, compared.holds);
  Ranges outside;
  add_complement(outside, std::move(compared.holds), all_bits(test.field));
  return in_ranges(test.field, compared.mask, outside);
}

FormulaId Formulas::in_ranges(const Field& field, uint64_t mask,
                              std::span<const std::pair<uint64_t, uint64_t>> ranges) {
  View low = {static_cast<uint8_t>(2 * field.low), low_half(mask)};
  View high = {static_cast<uint8_t>(field.high ? 2 * *field.high : 2 * field.low + 1),
               high_half(mask)};
  std::vector<FormulaId> parts;
  Intervals low_only;
  for (const auto& [from, to] : ranges) {
    uint32_t from_high = high_half(from), to_high = high_half(to);
    if (field.bits != 64) {
      low_only.push_back({low_half(from), low_half(to)});
    } else if (from_high == to_high) {
      parts.push_back(
          all({atom(high, {{from_high, from_high}}), atom(low, {{low_half(from), low_half(to)}})}));
    } else {
      parts.push_back(
          all({atom(high, {{from_high, from_high}}), atom(low, {{low_half(from), whole_word}})}));
      if (from_high + 1 < to_high) parts.push_back(atom(high, {{from_high + 1, to_high - 1}}));
      parts.push_back(all({atom(high, {{to_high, to_high}}), atom(low, {{0, low_half(to)}})}));
    }
  }
  if (field.bits != 64) return atom(low, std::move(low_only));
  return any(std::move(parts));
}

FormulaId Formulas::assume(FormulaId id, const Fact& fact) {
  Formula::Kind kind = formulas_[id].kind;
  if (kind == Formula::Kind::Atom) return assume_atom(id, fact);
  if (kind != Formula::Kind::All && kind != Formula::Kind::Any) return id;
  std::vector<FormulaId> children = formulas_[id].children;
  visits_ += children.size();
  bool changed = false;
  for (FormulaId& child : children) {
    FormulaId assumed = assume(child, fact);
    changed |= assumed != child;
    child = assumed;
  }
  return changed ? joined(kind, std::move(children)) : id;
}

FormulaId Formulas::assume_atom(FormulaId id, const Fact& fact) {
  const Formula& formula = formulas_[id];
  if (formula.view.word != fact.view.word) return id;
  if (formula.view.mask == fact.view.mask)
    return contains(formula.set, fact.values.low) ? always : never;
  KnownBits known = known_bits(fact);
  if ((known.mask & formula.view.mask) == 0) return id;
  Intervals inside = possible(formula.set, formula.view.mask, known);
  if (inside.empty()) return never;
  Intervals outside = complement(formula.set, formula.view.mask);
  if (possible(outside, formula.view.mask, known).empty()) return always;
  return atom(formula.view, std::move(inside));
}

}  // namespace seclude::filter
