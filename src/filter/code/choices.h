// Choices: one call's rules as questions about words of its arguments.
//
// In: a number's rules. Out: a node of a shared graph: either an answer, or a choice among
// neighbouring intervals of one view of the arguments. A node stands for the rules that remain once
// the words asked so far are known, so equal rests are one node, whichever calls they come from.
// Rules that look at many words in many ways can have more rests than a program may have
// instructions; they are asked one condition after the other instead, which takes no more code than
// the rules have tests.
// Neighbours: formulas.h (the conditions), generate.h (makes code of choices).
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "filter/code/formulas.h"
#include "filter/code/unique.h"
#include "filter/rules.h"

namespace seclude::filter {

using ChoiceId = uint32_t;

// The view's values from `first` to `last` lead to `next`.
struct Part {
  uint32_t first = 0, last = 0;
  ChoiceId next = 0;
  friend bool operator==(const Part&, const Part&) = default;
};

struct Choice {
  std::vector<Part> parts;  // empty: an answer
  View view;
  uint32_t ret = 0;   // the answer
  float passing = 0;  // a guess: how likely a call that comes here is one the policy wants
  friend bool operator==(const Choice&, const Choice&) = default;
};

class Choices {
 public:
  // The choice for a number with these rules.
  ChoiceId of(std::span<const Rule> rules, Action otherwise);
  ChoiceId answer(uint32_t ret);

  const Choice& at(ChoiceId id) const { return choices_[id]; }

 private:
  // Rules that are still open, strictest first; each answers where its formula holds.
  struct Rest {
    std::vector<std::pair<uint32_t, FormulaId>> rules;
    uint32_t otherwise = 0;
    ChoiceId choice = 0;
  };

  // How the open conditions look at a view.
  struct ViewCount {
    View view;
    size_t count = 0;  // places that do
    size_t ways = 0;   // atoms
  };

  void simplify(Rest& rest);
  void count_views(FormulaId id);
  ChoiceId decide(Rest rest);
  size_t atoms(FormulaId id) const;
  bool too_much() const;
  ChoiceId in_turn(const Rest& rest);
  ChoiceId branch(FormulaId id, ChoiceId yes, ChoiceId no);
  ChoiceId branch_atom(const Formula& atom, ChoiceId yes, ChoiceId no);
  ChoiceId ask(const Rest& rest, View view);
  View best_view(const Rest& rest);
  std::vector<uint32_t> cuts(const Rest& rest, View view) const;
  ChoiceId unique(Choice choice);

  Formulas formulas_;
  std::vector<Choice> choices_;
  UniqueTable table_;
  std::vector<Rest> rests_;
  UniqueTable rest_table_;
  size_t most_rests_ = 0;  // for the call at hand
  size_t work_ = 0;
  std::vector<ViewCount> counts_;  // of the rest at hand
  std::vector<uint32_t> counted_;  // by formula: in which round last
  uint32_t rounds_ = 0;
};

}  // namespace seclude::filter
