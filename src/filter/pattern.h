// Pattern: programs that are proven once, for constants that are others each time.
//
// The filters of two launches of one policy differ in nothing but constants: a key, the numbers of
// some processes. In: programs that were proven for some values of these constants, the blanks.
// Out: the same programs for other values, or nullopt, where the proof does not carry over to them.
//
// Why it carries over: let every input be changed, word by word, into one that the old constants
// treat as the new ones treat the original: a value that lies between the same neighbours. Then the
// new program answers an input as the old one answers the changed input, and the new rules do as
// the old ones; and those two are equal, for all inputs. For this it takes that, among the tests
// that a call can meet in the rules or in the programs, every one of a word with a blank is a
// comparison with constants (no mask), and that these constants are in the same order as before,
// none of them beyond the last value of a word. The first is seen once, in make_pattern(); the
// second each time, in fill(). Neighbours: compile.h proves; sandbox/launch_filter.h knows what is
// blank.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/wire.h"
#include "filter/program.h"
#include "filter/proof/blank_tests.h"
#include "filter/rules.h"

namespace seclude::filter {

struct Pattern {
  struct Place {
    uint16_t program = 0, instruction = 0;
    Constant constant;
  };
  std::vector<Program> programs;
  std::vector<Place> places;  // of the blanks in the programs
  // What the tests of a call compare one word with, ascending, where a blank is among it.
  std::vector<std::vector<Constant>> orders;
  // The same, of a word that is only tested for equality.
  std::vector<std::vector<Constant>> different;
};

// What was proven: these programs, together, mean these rules.
struct Proven {
  std::vector<Program> programs;
  const Rules& rules;
  const Blanks& blanks;
};

// `others`: the rules for other blanks, to see that nothing else changes in them. nullopt: a word
// with a blank is tested with a mask as well, say, or a blank cannot be told from another constant;
// so each has to change, and all have to be far from each other. Rules for whatever other blanks
// differ from these in the same places alone: that is the caller's to say.
std::optional<Pattern> make_pattern(Proven proven, const Rules& others, const Blanks& other_blanks);

// nullopt: the order is another, two are the same, or one is where words end and begin.
std::optional<std::vector<Program>> fill(Pattern pattern, std::span<const uint32_t> blanks);

void write(wire::Writer& to, const Pattern& pattern);
Pattern read_pattern(wire::Reader& from);

}  // namespace seclude::filter
