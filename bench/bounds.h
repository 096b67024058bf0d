// Bounds: how few tests of the number a filter could do with, and how few instructions per call.
//
// In: the runs of a decision, as call numbers with one answer each; recorded calls. Out: the least
// number of tests, with == and >= alone, and with one test for bits in a window besides; what no
// tree of == and >= can fall below on the recorded calls, however long it is.
// Neighbours: measure_filters.cc prints them next to what the compiler makes.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "filter/cost.h"
#include "filter/diagram.h"

namespace seclude::bench {

// No program of == and >= has fewer, however it shares its parts: a test tells a number from the
// one before it only at its own key, so every end of a run needs one; == serves both ends of a run
// of one number.
size_t fewest_comparisons(const filter::Runs& runs);

// Of trees that cut the numbers into windows and test each for bits at most once, before what ==
// and
// >= can do with the two halves. No bound: a test for bits can serve many ends.
size_t fewest_with_bits(const filter::Runs& runs);

// Numbers that are never called and have one answer, or one number that is.
struct Stretch {
  double weight = 0;  // above 0: a single number
  uint32_t answer = 0;
  double numbers = 1;  // how many
};

// No tree of == and >= that gives every number its answer has a smaller sum of weight x tests on
// the way. Found as the cost of such trees, but for one freedom: a tree that has told `gone` called
// numbers apart by == is taken to have told the heaviest of its interval apart, where weight is
// counted, and those it likes where answers are. That only lowers the cost.
double fewest_tests_per_call(const std::vector<Stretch>& stretches);

// The runs as stretches; `weights` by number.
std::vector<Stretch> stretches_of(const filter::Runs& runs,
                                  const std::map<uint32_t, double>& weights);

// The least number of instructions for what a call's arguments decide, once its number is known:
// a load and a test for every word that an answer for this call must look at.
size_t fewest_for_arguments(filter::Store& store, const filter::Runs& runs,
                            const filter::Input& call);

}  // namespace seclude::bench
