// Generate: choices as shared code.
//
// In: a choice and what the accumulator holds on arrival. Out: the code node to go to. Picks for
// every choice the cheapest form: JSET for "any of these bits", AND only where a mask is compared,
// and a search tree for intervals; reloads a word only where the accumulator holds another.
// Neighbours: choices.h (input), search.h (the trees), code.h (output); emit.cc drives it.
#pragma once

#include <functional>
#include <span>

#include "filter/code/choices.h"
#include "filter/code/code.h"
#include "filter/code/search.h"
#include "filter/code/weights.h"

namespace seclude::filter {

// The tree as jumps on what the accumulator holds; `outcome_code` gives the code of an outcome.
CodeId jumps_of(Code& code, const SearchTree& tree, Holds holds,
                const std::function<CodeId(uint32_t)>& outcome_code);

class Generator {
 public:
  struct Settings {
    bool big_endian = false;  // byte order of the arguments
    float price = 0;          // of an instruction, next to the weight of a choice (1)
  };
  Generator(Code& code, const Choices& choices, Settings settings)
      : code_(code), choices_(choices), settings_(settings) {}

  // The share of a call's uses that end in a permission, as far as `known` tells.
  float chance_of_passing(ChoiceId id, std::span<const ArgumentWeight> known);

  // `holds` must be what the accumulator holds on every way to the returned node. `known` says what
  // values the call passes mostly; a choice shared by several calls follows the first one's.
  CodeId enter(ChoiceId id, Holds holds, std::span<const ArgumentWeight> known) {
    known_ = known;
    return enter(id, holds);
  }

 private:
  CodeId enter(ChoiceId id, Holds holds);
  CodeId decide(ChoiceId id, Holds holds);
  CodeId test_bits(const Choice& choice, Holds holds);
  CodeId compare(const Choice& choice, Holds holds);
  std::vector<Piece> pieces_of(const Choice& choice) const;
  std::vector<float> shares_of(const Choice& choice) const;
  float chance(ChoiceId id);

  struct Done {
    ChoiceId choice;
    Holds holds;
    CodeId code;
  };

  Code& code_;
  const Choices& choices_;
  Settings settings_;
  std::span<const ArgumentWeight> known_;
  size_t depth_ = 0;            // choices that are under way
  std::vector<float> chances_;  // by choice, for one `known_`; negative: not computed yet
  std::vector<Done> done_;
  UniqueTable done_table_;
};

}  // namespace seclude::filter
