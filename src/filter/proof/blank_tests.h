// Blank tests: what rules and programs test of a call, some constants being blank.
//
// In: the rules of one call; programs. Out: for each word of a call, the constants that it is
// compared with, those that are blanks told from the others; nullopt for what is beyond that, such
// as a blank in a mask. Of programs, by the numbers of the calls that come to a test: more numbers
// than really do, perhaps, but none is missing.
// Neighbours: filter/pattern.h, which is about what follows.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "filter/program.h"
#include "filter/rules.h"

namespace seclude::filter {

// A value for each blank.
using Blanks = std::vector<uint32_t>;

// A constant of a test: a number, or a blank (perhaps negated) plus a number; modulo 2^32.
struct Constant {
  enum class Of : uint8_t { Number, Blank, NegatedBlank };
  Of of = Of::Number;
  uint8_t blank = 0;
  uint32_t number = 0;
  friend auto operator<=>(const Constant&, const Constant&) = default;
};
uint32_t value_of(const Constant& constant, std::span<const uint32_t> blanks);
// Code compares with a constant or cuts right behind it: a blank, or one more.
Constant constant_of(uint32_t value, const Blanks& blanks);
Constant behind(Constant constant);  // the next
bool is_blank(const Constant& constant);

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
void add(Tests& tests, const Tests& more);

std::optional<Tests> tests_in_rules(const ArchRules& rules, const NumberRules& entry,
                                    const Blanks& blanks);

struct Interval {
  uint32_t low = 0, high = UINT32_MAX;
  bool holds(uint32_t number) const { return low <= number && number <= high; }
  bool meets(const Interval& other) const { return low <= other.high && other.low <= high; }
  friend auto operator<=>(const Interval&, const Interval&) = default;
};

// Calls of one architecture, or (nullopt) of none of those that are listed, by AUDIT_ARCH_*.
struct OfArch {
  std::optional<uint32_t> arch;
  const std::set<uint32_t>& listed;
};
std::optional<std::map<Interval, Tests>> tests_in_programs(const std::vector<Program>& programs,
                                                           const OfArch& calls,
                                                           const Blanks& blanks);

}  // namespace seclude::filter
