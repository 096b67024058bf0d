#include "filter/contradictions.h"

#include <string>

#include "filter/decide.h"
#include "filter/show.h"

namespace seclude::filter {

namespace {

void contradiction(Store& store, const ArchRules& arch, uint32_t number, const Rule& a,
                   const Rule& b, Id region, Diagnostics& diagnostics) {
  Input input = store.witness(region).value_or(Input{});
  input.arch = calls::info(arch.arch).audit;
  input.number = number;

  auto call = calls::call_at(arch.arch, number);
  std::string name = call ? std::string(calls::name_of(*call)) : std::to_string(number);
  diagnostics.add(
      {.message = "two lines refuse `" + name + "` differently",
       .span = b.origin,
       .label = to_string(b.action, arch.arch) + " here",
       .examples = {show(input)},
       .remarks = {{"the other one", a.origin, to_string(a.action, arch.arch) + " there"}},
       .helps = {"let one of them leave these calls to the other"}});
}

void contradictions(Store& store, const ArchRules& arch, const NumberRules& number,
                    Diagnostics& diagnostics) {
  for (uint32_t i = number.first_rule; i < number.end_rule; i++)
    for (uint32_t j = i + 1; j < number.end_rule; j++) {
      const Rule &a = arch.rules[i], &b = arch.rules[j];
      if (a.action == b.action || a.action.kind() != b.action.kind()) continue;
      Id region = store.both(condition(store, a.where), condition(store, b.where));
      for (uint32_t k = number.first_rule; k < number.end_rule; k++) {
        const Rule& stricter = arch.rules[k];
        if (strictness(stricter.action) < strictness(a.action))
          region = store.both(region, store.negate(condition(store, stricter.where)));
      }
      if (region != store.no())
        contradiction(store, arch, number.number, a, b, region, diagnostics);
    }
}

}  // namespace

void find_contradictions(Store& store, const Resolved& resolved, Diagnostics& diagnostics) {
  for (const PhaseRules& phase : resolved.phases)
    for (const ArchRules& arch : phase.rules.archs)
      for (const NumberRules& number : arch.numbers)
        if (number.end_rule - number.first_rule > 1)
          contradictions(store, arch, number, diagnostics);
}

}  // namespace seclude::filter
