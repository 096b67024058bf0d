// Formulas: conditions as and/or trees over single words, the form code is made from.
//
// In: a Condition of rules.h (fields of 16 to 64 bits, pairs of registers, signed order, ranges).
// Out: a formula whose atoms each ask whether one masked 32-bit word of the arguments lies in a set
// of intervals. Negations are pushed into the sets; atoms on the same word and mask are merged;
// equal formulas have equal ids. Neighbours: intervals.h (the sets), choices.h (asks word by word).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "filter/code/intervals.h"
#include "filter/code/unique.h"
#include "filter/rules.h"

namespace seclude::filter {

// What an atom looks at: some bits of one half of an argument.
struct View {
  uint8_t word = 0;  // 2 * argument, + 1 for the high half
  uint32_t mask = whole_word;
  friend bool operator==(const View&, const View&) = default;
};

using FormulaId = uint32_t;

struct Formula {
  enum class Kind : uint8_t { Never, Always, Atom, All, Any };
  Kind kind = Kind::Never;
  View view;                        // Atom
  Intervals set;                    // Atom: neither empty nor everything
  std::vector<FormulaId> children;  // All, Any: at least two, sorted
  friend bool operator==(const Formula&, const Formula&) = default;
};

// The word's bits are known to lie between two of the view's values.
struct Fact {
  View view;
  Interval values;
};

class Formulas {
 public:
  static constexpr FormulaId never = 0, always = 1;

  Formulas();

  FormulaId from(const Condition& condition) { return from(condition, false); }
  FormulaId atom(View view, Intervals set);
  FormulaId all(std::vector<FormulaId> children);
  FormulaId any(std::vector<FormulaId> children);
  // The same condition where the fact holds. `fact.values` must not cross an end of an atom's set
  // on the same view.
  FormulaId assume(FormulaId formula, const Fact& fact);

  const Formula& at(FormulaId id) const { return formulas_[id]; }
  // How much work assume() was so far, in formulas looked at.
  size_t visits() const { return visits_; }

 private:
  FormulaId from(const Condition& condition, bool negated);
  FormulaId from_test(const Test& test, bool negated);
  FormulaId in_ranges(const Field& field, uint64_t mask,
                      std::span<const std::pair<uint64_t, uint64_t>> ranges);
  FormulaId assume_atom(FormulaId id, const Fact& fact);
  FormulaId joined(Formula::Kind kind, std::vector<FormulaId> children);
  bool share_a_view(std::span<const FormulaId> children) const;
  void merge_atoms(Formula::Kind kind, std::vector<FormulaId>& children);
  void absorb(Formula::Kind kind, std::vector<FormulaId>& children) const;
  FormulaId unique(Formula formula);

  std::vector<Formula> formulas_;
  size_t visits_ = 0;
  UniqueTable table_;
};

}  // namespace seclude::filter
