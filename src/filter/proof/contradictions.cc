// Finds lines that refuse one call in two ways; see contradictions.h.
#include "filter/proof/contradictions.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

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

// The inputs that a rule stricter than this kind of action decides.
Id decided_stricter(Store& store, const ArchRules& arch, const NumberRules& number, Action action) {
  Id region = store.no();
  for (uint32_t i = number.first_rule; i < number.end_rule; i++)
    if (strictness(arch.rules[i].action) < strictness(action))
      region = store.either(region, condition(store, arch.rules[i].where));
  return region;
}

// Among the rules of one kind. `seen` holds the inputs of all rules so far: only a rule that meets
// them is held against each, so that many rules that do not meet cost little.
void contradictions_of_kind(Store& store, const ArchRules& arch, const NumberRules& number,
                            const std::vector<const Rule*>& rules, Diagnostics& diagnostics) {
  Id left = store.negate(decided_stricter(store, arch, number, rules.front()->action));
  Id seen = store.no();
  for (size_t j = 0; j < rules.size(); j++) {
    Id where = store.both(condition(store, rules[j]->where), left);
    bool meets = store.both(where, seen) != store.no();
    for (size_t i = 0; meets && i < j; i++) {
      if (rules[i]->action == rules[j]->action) continue;
      Id region = store.both(where, condition(store, rules[i]->where));
      if (region == store.no()) continue;
      contradiction(store, arch, number.number, *rules[i], *rules[j], region, diagnostics);
      break;  // one for each line is enough
    }
    seen = store.either(seen, where);
  }
}

void contradictions(Store& store, const ArchRules& arch, const NumberRules& number,
                    Diagnostics& diagnostics) {
  std::map<uint32_t, std::vector<const Rule*>> kinds;
  for (uint32_t i = number.first_rule; i < number.end_rule; i++)
    kinds[arch.rules[i].action.kind()].push_back(&arch.rules[i]);
  for (const auto& [kind, rules] : kinds) {
    Action first = rules.front()->action;
    bool differ = std::any_of(rules.begin(), rules.end(),
                              [&](const Rule* rule) { return rule->action != first; });
    if (differ) contradictions_of_kind(store, arch, number, rules, diagnostics);
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
