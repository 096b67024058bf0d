// Bounds: how few tests of the number a filter could do with.
//
// In: the runs of a decision, as call numbers with one answer each. Out: the least number of tests,
// with == and >= alone, and with one test for bits in a window besides.
// Neighbours: measure_filters.cc prints them next to what the compiler makes.
#pragma once

#include <cstddef>

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

}  // namespace seclude::bench
