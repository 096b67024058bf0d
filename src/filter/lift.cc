// Lift: a program's exact decision, by the fast half if it can, else by the general one.
//
// In: a valid program. Out: its canonical decision, or where it became too much. Neighbours:
// lift_runs.cc for programs as compilers write them, lift_words.cc for everything else.
#include "filter/lift.h"

#include <fmt/format.h>

#include "filter/lifting/lift_runs.h"
#include "filter/lifting/lift_words.h"

namespace seclude::filter {

std::variant<Decision, Undecided> lift(Store& store, std::span<const Instruction> program,
                                       bool big_endian) {
  auto too_large = [&] {
    return Undecided{0, fmt::format("the whole decision (more than {} nodes)", store.node_limit())};
  };
  size_t exhausted_at = 0;
  std::optional<Decision> decision_by_runs = lift_runs(store, program, big_endian, &exhausted_at);
  if (store.exhausted()) {
    return Undecided{exhausted_at,
                     fmt::format("what it and all that follows decide (more than {} nodes)",
                                 store.node_limit())};
  }
  if (decision_by_runs) return *std::move(decision_by_runs);
  std::variant<Id, Undecided> function = lift_words(store, program, big_endian);
  if (Undecided* undecided = std::get_if<Undecided>(&function)) return std::move(*undecided);
  Decision decision = split(store, std::get<Id>(function));
  if (store.exhausted()) return too_large();
  return decision;
}

}  // namespace seclude::filter
