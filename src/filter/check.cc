// Proves what can be proven of a policy without running it; see check.h.
#include "filter/check.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <variant>

#include "base/result.h"
#include "filter/decide.h"
#include "filter/proof/contradictions.h"
#include "filter/proof/expect.h"
#include "filter/show.h"
#include "policy/printer.h"

namespace seclude::filter {

namespace {

// Calls with more rules than these are weighed in a store of their own, so that the policy's is not
// used up by it.
constexpr uint32_t many_rules = 200;
constexpr uint32_t nodes_for_many = 1u << 18;

class Checker {
 public:
  Checker(Store& store, const policy::Texts& texts, const Resolved& resolved,
          Diagnostics& diagnostics)
      : store_(store), texts_(texts), resolved_(resolved), diagnostics_(diagnostics) {}

  void run() {
    for (const PhaseRules& phase : resolved_.phases)
      for (const ArchRules& arch : phase.rules.archs)
        for (const NumberRules& number : arch.numbers) effects(arch, number);
    without_effect();
    phases_tighten();
    refused_exit();
    fake_success();
    any_path();
  }

 private:
  Input input_for(const ArchRules& arch, uint32_t number, Id region) const {
    Input input = store_.witness(region).value_or(Input{});
    input.arch = calls::info(arch.arch).audit;
    input.number = number;
    return input;
  }

  // ---- rules without effect ---------------------------------------------------------------------

  // Notes for each of the root's own rules whether any number anywhere would answer differently
  // without it.
  void effects(const ArchRules& arch, const NumberRules& number) {
    // Mostly none is: a policy that uses others has few rules of its own.
    std::span<const Rule> rules = rules_of(arch, number);
    if (std::none_of(rules.begin(), rules.end(), [&](const Rule& rule) { return is_own(rule); }))
      return;
    if (number.end_rule - number.first_rule <= many_rules) return effects_in(store_, arch, number);
    Store large(nodes_for_many);
    effects_in(large, arch, number);
    if (!large.exhausted()) return;
    for (uint32_t i = number.first_rule; i < number.end_rule; i++)
      if (is_own(arch.rules[i])) effects_[arch.rules[i].origin].any = true;
    if (auto call = calls::call_at(arch.arch, number.number))
      too_many_.emplace(*call, number.end_rule - number.first_rule);
  }

  bool is_own(const Rule& rule) const {
    return rule.reason == Reason::Stated && rule.origin.known() &&
           rule.origin.source == texts_.policies.at(0).source;
  }

  // A rule counts where no stricter one matches, and only if the weaker ones give another answer
  // there.
  void effects_in(Store& store, const ArchRules& arch, const NumberRules& number) {
    std::vector<Ranked> ranked = weakest_first(store, arch, number, Mediated::Kept);
    std::vector<Id> where, stricter(ranked.size(), store.no());
    for (const Ranked& one : ranked) where.push_back(condition(store, one.rule->where));
    for (size_t i = ranked.size(); i-- > 1;) stricter[i - 1] = store.either(where[i], stricter[i]);
    Id weaker = answer_without_rules(store, number, Mediated::Kept);
    for (size_t i = 0; i < ranked.size() && !store.exhausted(); ++i) {
      if (is_own(*ranked[i].rule)) {
        Effect& effect = effects_[ranked[i].rule->origin];
        Id visible = store.both(where[i], store.negate(stricter[i]));
        effect.any |= store.ite(visible, weaker, ranked[i].answer) != ranked[i].answer;
        if (!effect.any && !effect.instead.known())
          effect.instead = instead(arch, number, *ranked[i].rule);
      }
      weaker = store.ite(where[i], ranked[i].answer, weaker);
    }
  }

  // A line that already says what the removed one says, to show.
  static Span instead(const ArchRules& arch, const NumberRules& number, const Rule& removed) {
    for (uint32_t i = number.first_rule; i < number.end_rule; i++)
      if (strictness(arch.rules[i].action) <= strictness(removed.action) &&
          arch.rules[i].origin != removed.origin)
        return arch.rules[i].origin;
    return number.end_rule - number.first_rule == 1 ? number.otherwise_origin : Span{};
  }

  void without_effect() {
    for (const auto& [call, rules] : too_many_)
      diagnostics_.add({.severity = Severity::Note,
                        .message = "`" + std::string(calls::name_of(call)) + "` has " +
                                   std::to_string(rules) + " rules",
                        .label = "too intricate to tell which of its lines have no effect"});
    if (store_.exhausted()) return;  // nothing was weighed to the end
    for (const auto& [origin, effect] : effects_) {
      if (effect.any) continue;
      Diagnostic warning{.severity = Severity::Warning,
                         .message = "this line has no effect",
                         .span = origin,
                         .label = "without it every call would get the same answer"};
      if (effect.instead.known())
        warning.remarks.push_back({"this line already decides", effect.instead, ""});
      warning.helps.push_back("leave it out");
      diagnostics_.add(std::move(warning));
    }
  }

  // ---- phases -----------------------------------------------------------------------------------

  void phases_tighten() {
    for (size_t later = 1; later < resolved_.phases.size(); later++)
      for (size_t arch = 0; arch < resolved_.archs.size(); arch++)
        tightens(resolved_.phases[later - 1], resolved_.phases[later], arch);
  }

  void tightens(const PhaseRules& before, const PhaseRules& after, size_t index) {
    const ArchRules &old_rules = before.rules.archs[index], &new_rules = after.rules.archs[index];
    unknown_tightens(before, after, index);
    std::set<Span> said;
    for (const NumberRules& number : new_rules.numbers) {
      auto old =
          std::lower_bound(old_rules.numbers.begin(), old_rules.numbers.end(), number.number,
                           [](const NumberRules& one, uint32_t n) { return one.number < n; });
      Id was = old != old_rules.numbers.end() && old->number == number.number
                   ? number_decision(store_, old_rules, *old, Mediated::Kept)
                   : store_.terminal(old_rules.unknown.ret);
      Id now = number_decision(store_, new_rules, number, Mediated::Kept);
      Id widened = store_.both(permitted(now), store_.negate(permitted(was)));
      if (widened == store_.no()) continue;
      Input input = input_for(new_rules, number.number, widened);
      Span origin = deciding(new_rules, number, input);
      if (!said.insert(origin).second) continue;
      diagnostics_.add(
          {.message = "phase `" + after.name + "` allows what phase `" + before.name + "` refuses",
           .span = origin,
           .label = "phases can only tighten: the kernel keeps earlier filters",
           .examples = {show(input)},
           .helps = {"allow it in `" + before.name + "` as well, or not here"}});
    }
  }

  // Numbers in no list are one answer in each phase.
  void unknown_tightens(const PhaseRules& before, const PhaseRules& after, size_t index) {
    const ArchRules &old_rules = before.rules.archs[index], &new_rules = after.rules.archs[index];
    if (new_rules.unknown.refuses() || !old_rules.unknown.refuses()) return;
    diagnostics_.add({.message = "phase `" + after.name + "` allows unknown calls, phase `" +
                                 before.name + "` refuses them",
                      .span = new_rules.unknown_origin,
                      .label = "phases can only tighten: the kernel keeps earlier filters",
                      .helps = {"allow them in `" + before.name + "` as well, or not here"}});
  }

  Id permitted(Id decision) {
    return store_.map_terminals(decision,
                                [](uint32_t ret) { return Action{ret}.refuses() ? 0u : 1u; });
  }

  Span deciding(const ArchRules& arch, const NumberRules& number, const Input& input) const {
    Span origin = number.otherwise_origin;
    int strictest = 100;
    for (uint32_t i = number.first_rule; i < number.end_rule; i++) {
      const Rule& rule = arch.rules[i];
      Id where = condition(store_, rule.where);
      if (strictness(rule.action) >= strictest || store_.evaluate(where, input) == 0) continue;
      strictest = strictness(rule.action);
      origin = rule.origin;
    }
    return origin;
  }

  // ---- what surprises ---------------------------------------------------------------------------

  void refused_exit() {
    if (resolved_.fragment) return;
    auto exit_group = calls::find_call("exit_group");
    CHECK(exit_group);
    for (const PhaseRules& phase : resolved_.phases)
      for (const ArchRules& arch : phase.rules.archs)
        for (const NumberRules& number : arch.numbers) {
          if (number.number != calls::number_of(*exit_group, arch.arch)) continue;
          Id decision = number_decision(store_, arch, number, Mediated::Kept);
          if (permitted(decision) == store_.yes()) continue;
          diagnostics_.add({.severity = Severity::Warning,
                            .message = "`exit_group` is refused",
                            .span = deciding(arch, number, Input{}),
                            .label = "no program can end in an orderly way",
                            .helps = {"add `allow exit_group`"}});
        }
  }

  // `allow openat` without path lines: its author may have thought of one file. Said once, of a
  // call that the policy itself names.
  void any_path() {
    if (resolved_.fragment) return;
    for (const Item& item : resolved_.flat.items)
      if (std::holds_alternative<policy::Paths>(item.statement->body)) return;
    for (const Item& item : resolved_.flat.items) {
      const auto* rule = std::get_if<policy::Rule>(&item.statement->body);
      if (item.used || !rule || rule->action.word != policy::ActionWord::Allow) continue;
      auto named = std::find_if(rule->calls.begin(), rule->calls.end(), opens);
      if (named == rule->calls.end()) continue;
      diagnostics_.add({.severity = Severity::Note,
                        .message = "`" + named->name.text + "` may name any path",
                        .span = named->name.span,
                        .label = "whatever the kernel lets this user reach: no line lists paths",
                        .helps = {"`read`, `write`, `create` and `run` lines list them"}});
      return;
    }
  }

  static bool opens(const policy::CallRef& ref) {
    const std::string& name = ref.name.text;
    return name == "openat" || name == "open" || name == "openat2" || name == "creat";
  }

  void fake_success() {
    for (const Item& item : resolved_.flat.items) {
      if (item.used) continue;
      const policy::Action* action = nullptr;
      if (const auto* rule = std::get_if<policy::Rule>(&item.statement->body))
        action = &rule->action;
      if (const auto* otherwise = std::get_if<policy::Otherwise>(&item.statement->body))
        action = &otherwise->action;
      if (!action || !action->with || action->with->text != "success") continue;
      diagnostics_.add({.severity = Severity::Warning,
                        .message = "the program will believe that this call was done",
                        .span = action->span,
                        .label = "`with success` answers 0 and does nothing",
                        .helps = {"refuse it with an error number instead, unless the program "
                                  "needs to believe it"}});
    }
  }

  struct Effect {
    bool any = false;
    Span instead;
  };
  Store& store_;
  const policy::Texts& texts_;
  const Resolved& resolved_;
  Diagnostics& diagnostics_;
  std::map<Span, Effect> effects_;
  std::map<calls::CallId, uint32_t> too_many_;  // rules of calls that could not be weighed
};

}  // namespace

void check(Store& store, const policy::Texts& texts, const Settings& settings,
           const Resolved& resolved, Diagnostics& diagnostics) {
  find_contradictions(store, resolved, diagnostics);
  Checker(store, texts, resolved, diagnostics).run();
  prove_expectations(store, texts, settings, resolved, diagnostics);
  if (store.exhausted())
    diagnostics.add(
        {.message = "the policy is too large to prove",
         .label = "more than " + std::to_string(store.node_limit()) + " decision nodes"});
}

}  // namespace seclude::filter
