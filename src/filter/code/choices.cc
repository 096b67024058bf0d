// Choices: see choices.h.
#include "filter/code/choices.h"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

namespace seclude::filter {
namespace {

// How likely a call that ends in a refusal is, next to one that ends in a permission: programs
// mostly do what their policies allow.
constexpr float refusal_share = 0.1f;

// How many rests a call may have for each of its tests, and at least: real policies have about one
// for each test.
constexpr size_t rests_per_test = 4, fewest_rests = 64;
// And how much may be looked at for all of them, about a second or two: thousands of tests, which
// do not fit into a filter anyway, would take minutes to be weighed against each other.
constexpr size_t most_work = 200'000'000;

// The kernel's view of an action; a mediated call passes the filter.
uint32_t emitted(Action action) { return normalised(action.ret).ret; }

void collect_cuts(const Formulas& formulas, FormulaId id, View view, std::vector<uint32_t>& cuts) {
  const Formula& formula = formulas.at(id);
  for (FormulaId child : formula.children) collect_cuts(formulas, child, view, cuts);
  if (formula.kind != Formula::Kind::Atom || formula.view != view) return;
  for (const Interval& interval : formula.set) {
    cuts.push_back(interval.low);
    if (interval.high == view.mask) continue;
    if (std::optional<uint32_t> next = value_at_least(interval.high + 1, view.mask))
      cuts.push_back(*next);
  }
}

}  // namespace

ChoiceId Choices::of(std::span<const Rule> rules, Action otherwise) {
  std::vector<const Rule*> sorted;
  sorted.reserve(rules.size());
  for (const Rule& rule : rules) sorted.push_back(&rule);
  auto stricter = [](const Rule* a, const Rule* b) {
    return strictness(a->action) < strictness(b->action);
  };
  // Mostly they are; and stable_sort asks for memory first.
  if (!std::is_sorted(sorted.begin(), sorted.end(), stricter))
    std::stable_sort(sorted.begin(), sorted.end(), stricter);
  Rest rest;
  rest.otherwise = emitted(otherwise);
  for (size_t i = 0; i < sorted.size();) {
    uint32_t ret = emitted(sorted[i]->action);
    std::vector<FormulaId> wheres;
    wheres.reserve(sorted.size() - i);
    for (; i < sorted.size() && emitted(sorted[i]->action) == ret; ++i)
      wheres.push_back(formulas_.from(sorted[i]->where));
    rest.rules.emplace_back(ret, formulas_.any(std::move(wheres)));
  }
  most_rests_ = rests_.size() + fewest_rests;
  for (auto [ret, where] : rest.rules) most_rests_ += rests_per_test * atoms(where);
  ChoiceId choice = decide(rest);
  if (!too_much()) return choice;
  rests_.clear();  // those of the unfinished ones say nothing
  rest_table_ = UniqueTable();
  return in_turn(rest);
}

bool Choices::too_much() const {
  return rests_.size() > most_rests_ || work_ + formulas_.visits() > most_work;
}

ChoiceId Choices::answer(uint32_t ret) {
  Choice choice;
  choice.ret = ret;
  choice.passing = Action{ret}.refuses() ? refusal_share : 1.0f;
  return unique(std::move(choice));
}

void Choices::simplify(Rest& rest) {
  size_t kept = 0;
  for (auto [ret, where] : rest.rules) {
    if (where == Formulas::never) continue;
    if (where == Formulas::always) {
      rest.otherwise = ret;
      break;
    }
    if (kept > 0 && rest.rules[kept - 1].first == ret) {
      FormulaId both = formulas_.any({rest.rules[kept - 1].second, where});
      rest.rules[kept - 1].second = both;
      if (both != Formulas::always) continue;
      --kept;
      rest.otherwise = ret;
      break;
    }
    rest.rules[kept++] = {ret, where};
  }
  rest.rules.resize(kept);
  while (!rest.rules.empty() && rest.rules.back().first == rest.otherwise) rest.rules.pop_back();
}

ChoiceId Choices::decide(Rest rest) {
  simplify(rest);
  if (rest.rules.empty() || too_much()) return answer(rest.otherwise);
  uint64_t hash = mix(1, rest.otherwise);
  for (auto [ret, where] : rest.rules) hash = mix(hash, uint64_t{ret} << 32 | where);
  auto same = [&](uint32_t stored) {
    return rests_[stored].rules == rest.rules && rests_[stored].otherwise == rest.otherwise;
  };
  auto [index, found] = rest_table_.find_or_add(hash, static_cast<uint32_t>(rests_.size()), same);
  if (found) return rests_[index].choice;
  rests_.push_back(rest);
  ChoiceId choice = ask(rest, best_view(rest));
  rests_[index].choice = choice;
  return choice;
}

void Choices::count_views(FormulaId id) {
  const Formula& formula = formulas_.at(id);
  for (FormulaId child : formula.children) count_views(child);
  if (formula.kind != Formula::Kind::Atom) return;
  auto known = std::find_if(counts_.begin(), counts_.end(),
                            [&](const ViewCount& counted) { return counted.view == formula.view; });
  if (known == counts_.end()) known = counts_.insert(counts_.end(), {formula.view, 0, 0});
  ++known->count;
  if (counted_.size() <= id) counted_.resize(id + 1);
  known->ways += std::exchange(counted_[id], rounds_) != rounds_ ? 1 : 0;
}

// The view most of the open conditions look at, and of those the one they look at in the fewest
// ways: what all conditions ask alike (that a high half is 0) must not be asked once per branch.
// High halves come before low ones, whole words before masked ones, which cost an AND.
View Choices::best_view(const Rest& rest) {
  counts_.clear();
  ++rounds_;
  for (auto [ret, where] : rest.rules) count_views(where);
  for (const ViewCount& counted : counts_) work_ += counted.count * (counts_.size() + counted.ways);
  auto rank = [](const ViewCount& counted) {
    return std::tuple(counted.count, -static_cast<int>(counted.ways), 6 - counted.view.word / 2,
                      counted.view.word % 2, counted.view.mask == whole_word, counted.view.mask);
  };
  return std::max_element(counts_.begin(), counts_.end(),
                          [&](const ViewCount& a, const ViewCount& b) { return rank(a) < rank(b); })
      ->view;
}

std::vector<uint32_t> Choices::cuts(const Rest& rest, View view) const {
  std::vector<uint32_t> cuts;
  cuts.reserve(16);
  cuts.push_back(0);
  for (auto [ret, where] : rest.rules) collect_cuts(formulas_, where, view, cuts);
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

ChoiceId Choices::ask(const Rest& rest, View view) {
  Choice choice;
  choice.view = view;
  std::vector<uint32_t> starts = cuts(rest, view);
  choice.parts.reserve(starts.size());
  for (size_t i = 0; i < starts.size() && !too_much(); ++i) {
    uint32_t last = i + 1 < starts.size() ? value_at_most(starts[i + 1] - 1, view.mask) : view.mask;
    Rest narrowed = {{}, rest.otherwise, 0};
    narrowed.rules.reserve(rest.rules.size());
    for (auto [ret, where] : rest.rules)
      narrowed.rules.emplace_back(ret, formulas_.assume(where, {view, {starts[i], last}}));
    ChoiceId next = decide(std::move(narrowed));
    if (!choice.parts.empty() && choice.parts.back().next == next)
      choice.parts.back().last = last;
    else
      choice.parts.push_back({starts[i], last, next});
  }
  if (too_much()) return answer(rest.otherwise);
  if (choice.parts.size() == 1) return choice.parts[0].next;
  for (const Part& part : choice.parts)
    choice.passing = std::max(choice.passing, choices_[part.next].passing);
  return unique(std::move(choice));
}

size_t Choices::atoms(FormulaId id) const {
  const Formula& formula = formulas_.at(id);
  size_t count = formula.kind == Formula::Kind::Atom ? 1 : 0;
  for (FormulaId child : formula.children) count += atoms(child);
  return count;
}

ChoiceId Choices::in_turn(const Rest& rest) {
  ChoiceId next = answer(rest.otherwise);
  for (size_t i = rest.rules.size(); i-- > 0;)
    next = branch(rest.rules[i].second, answer(rest.rules[i].first), next);
  return next;
}

ChoiceId Choices::branch(FormulaId id, ChoiceId yes, ChoiceId no) {
  const Formula formula = formulas_.at(id);
  switch (formula.kind) {
    case Formula::Kind::Never:
      return no;
    case Formula::Kind::Always:
      return yes;
    case Formula::Kind::Atom:
      return branch_atom(formula, yes, no);
    case Formula::Kind::All:
      for (FormulaId child : formula.children) yes = branch(child, yes, no);
      return yes;
    case Formula::Kind::Any:
      for (FormulaId child : formula.children) no = branch(child, yes, no);
      return no;
  }
  return no;
}

ChoiceId Choices::branch_atom(const Formula& atom, ChoiceId yes, ChoiceId no) {
  if (yes == no) return yes;
  Choice choice;
  choice.view = atom.view;
  choice.passing = std::max(choices_[yes].passing, choices_[no].passing);
  std::optional<uint32_t> next = 0;  // the first value of the view not yet in a part
  for (const Interval& interval : atom.set) {
    if (interval.low > *next)
      choice.parts.push_back({*next, value_at_most(interval.low - 1, atom.view.mask), no});
    choice.parts.push_back({interval.low, interval.high, yes});
    next.reset();
    if (interval.high < atom.view.mask) next = value_at_least(interval.high + 1, atom.view.mask);
    if (!next) return unique(std::move(choice));
  }
  choice.parts.push_back({*next, atom.view.mask, no});
  return unique(std::move(choice));
}

ChoiceId Choices::unique(Choice choice) {
  uint64_t hash = mix(choice.ret, uint64_t{choice.view.word} << 32 | choice.view.mask);
  for (const Part& part : choice.parts) {
    hash = mix(hash, uint64_t{part.first} << 32 | part.last);
    hash = mix(hash, part.next);
  }
  auto [index, found] =
      table_.find_or_add(hash, static_cast<uint32_t>(choices_.size()),
                         [&](uint32_t stored) { return choices_[stored] == choice; });
  if (!found) choices_.push_back(std::move(choice));
  return index;
}

}  // namespace seclude::filter
