// Decide: rules as one canonical decision over every architecture, number and argument.
//
// In: rules. Out: a Decision in the given store; two sets of rules mean the same exactly when their
// decisions are equal. Check store.exhausted() before believing it.
// Neighbours: meaning.h says the same for one input; emit.h makes code from rules and decision.
#pragma once

#include <vector>

#include "filter/diagram.h"
#include "filter/rules.h"

namespace seclude::filter {

enum class Mediated { Kept, AsAllow };  // a filter lets mediated calls pass

Decision decide(Store& store, const Rules& rules, Mediated mediated);

// The condition as a function to store.yes() and store.no().
Id condition(Store& store, const Condition& condition);

// A number's rules, weakest first: each overrides what stands before it. Of two equally strict ones
// the one that is listed first counts, as in meaning.cc (check.h reports them as a contradiction).
struct Ranked {
  const Rule* rule;
  Id answer;
};
std::vector<Ranked> weakest_first(Store& store, const ArchRules& arch, const NumberRules& number,
                                  Mediated mediated);
// Where none of them matches.
Id answer_without_rules(Store& store, const NumberRules& number, Mediated mediated);

// One number's decision: the strictest matching rule, else its `otherwise`.
Id number_decision(Store& store, const ArchRules& arch, const NumberRules& number,
                   Mediated mediated);

}  // namespace seclude::filter
