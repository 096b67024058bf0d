// Proves `expect` lines about calls; see expect.h.
//
// A region is a call number with the inputs that count. For `refused` the regions include every
// other way to do the same: siblings, twins, multiplexed forms.
#include "filter/proof/expect.h"

#include <algorithm>
#include <string>
#include <variant>

#include "base/text.h"
#include "calls/constants.h"
#include "filter/decide.h"
#include "filter/meaning.h"
#include "filter/proof/expect_places.h"
#include "filter/proof/expect_scope.h"
#include "filter/rules/names.h"
#include "filter/rules/predicate.h"
#include "filter/rules/stated_action.h"
#include "filter/show.h"
#include "policy/printer.h"

namespace seclude::filter {

namespace {

// A number to look at, with the inputs that count.
struct Region {
  uint32_t number = 0;
  Id inputs;
};

class Prover {
 public:
  Prover(Store& store, const policy::Texts& texts, const Settings& settings,
         const Resolved& resolved, Diagnostics& diagnostics)
      : store_(store),
        resolved_(resolved),
        diagnostics_(diagnostics),
        names_(texts, settings, resolved.pin, diagnostics) {}

  void one(const Item& item) {
    const auto& expect = std::get<policy::Expect>(item.statement->body);
    const auto* subject = std::get_if<policy::Rule>(&expect.subject);
    if (!subject) return;  // paths and ends: expect_places.cc
    uint16_t archs = expected_archs(item, resolved_);
    if (!phase_known(expect)) return;
    CallList list = names_.calls(item.text, subject->calls);
    size_t errors = diagnostics_.errors();
    looked_at_ = false;
    exists(expect, *subject, list, archs);
    for (const PhaseRules& phase : resolved_.phases) {
      if (expect.during && expect.during->text != phase.name) continue;
      if (item.phase && resolved_.flat.phases[*item.phase]->name.text != phase.name) continue;
      for (const ArchRules& arch : phase.rules.archs)
        if (has_arch(archs, arch.arch))
          for (NamedCall call : list.calls) prove(item, expect, *subject, call, phase, arch);
    }
    if (!looked_at_ && diagnostics_.errors() == errors) nothing_meant(item, *subject);
  }

 private:
  void nothing_meant(const Item& item, const policy::Rule& subject) {
    diagnostics_.add({.message = "this expectation is about no call at all",
                      .span = item.statement->keyword,
                      .label = subject.where ? "no arguments fulfil its condition"
                                             : "no listed architecture has any of these calls"});
  }

  bool phase_known(const policy::Expect& expect) {
    if (!expect.during) return true;
    std::vector<std::string_view> all;
    for (const PhaseRules& phase : resolved_.phases) {
      if (expect.during->text == phase.name) return true;
      if (!phase.name.empty()) all.push_back(phase.name);
    }
    Diagnostic problem{
        .message = "unknown phase `" + escape(expect.during->text, 60) + "`",
        .span = expect.during->span,
        .label = all.empty() ? "the policy has no phases" : "no phase has this name"};
    if (auto near = nearest(expect.during->text, all))
      problem.helps.push_back("did you mean `" + std::string(*near) + "`?");
    diagnostics_.add(std::move(problem));
    return false;
  }

  // An expectation about a call that nothing here has would hold for the wrong reason.
  void exists(const policy::Expect& expect, const policy::Rule& subject, const CallList& list,
              uint16_t archs) {
    for (const policy::CallRef& ref : subject.calls) {
      if (ref.kind != policy::CallRef::Kind::Call) continue;
      auto call = calls::find_call(ref.name.text);
      bool known = !call;  // an unknown name is already an error
      for (calls::Arch arch : resolved_.archs)
        if (call && has_arch(archs, arch))
          known |= calls::number_of(*call, arch) || calls::multiplexed(*call, arch);
      if (known) continue;
      std::string where = expect.on ? expect.on->text : "any listed architecture";
      diagnostics_.add({.message = "`" + ref.name.text + "` does not exist on " + where,
                        .span = ref.name.span,
                        .label = "there is nothing to expect of it"});
    }
    if (list.calls.empty() && !list.numbers.empty())
      diagnostics_.add({.message = "`expect` needs calls by name",
                        .span = subject.calls.front().name.span,
                        .label = "a number is another call on each architecture"});
  }

  void prove(const Item& item, const policy::Expect& expect, const policy::Rule& subject,
             NamedCall call, const PhaseRules& phase, const ArchRules& arch) {
    if (!call.named && !names_.pinned(call.call, arch.arch)) return;
    if (subject.where && !has_arguments(*subject.where, call.call, arch.arch)) {
      const policy::Name* name = missing_argument(*subject.where, call.call, arch.arch);
      diagnostics_.add({.message = "no argument `" + name->text + "` in `" +
                                   std::string(calls::name_of(call.call)) + "`",
                        .span = name->span,
                        .label = "every call of the line must have it"});
      return;
    }
    for (const Region& region : regions(item, expect, subject, call.call, arch)) {
      Id decision = decision_of(arch, region.number);
      Id bad = store_.map_terminals(decision, [&](uint32_t ret) {
        Action action{ret};
        bool good = expect.verdict ? is(*expect.verdict, action) : action.refuses();
        return good ? 0u : 1u;
      });
      bad = store_.both(bad, region.inputs);
      looked_at_ |= region.inputs != store_.no();
      if (bad == store_.no()) continue;
      Input input = *store_.witness(bad);
      input.arch = calls::info(arch.arch).audit;
      input.number = region.number;
      fails(item, call.call, phase, arch, input);
      return;
    }
  }

  Id decision_of(const ArchRules& arch, uint32_t number) {
    for (const NumberRules& one : arch.numbers)
      if (one.number == number) return number_decision(store_, arch, one, Mediated::Kept);
    return store_.terminal(arch.unknown.ret);
  }

  // ---- which inputs count -----------------------------------------------------------------------

  // The call's own number, its multiplexed form, and for `refused` everything that can do the same.
  std::vector<Region> regions(const Item& item, const policy::Expect& expect,
                              const policy::Rule& subject, calls::CallId call,
                              const ArchRules& arch) {
    std::vector<Region> out;
    Condition where;
    PredicateTarget target{.text = item.text, .call = call, .arch = arch.arch, .permitting = false};
    Condition meant;  // for siblings, which may hold in registers what the call has in memory
    if (subject.where) {
      auto lowered = lower(names_, *subject.where, target, diagnostics_);
      target.as_registers = true;
      auto elsewhere = lower(names_, *subject.where, target, diagnostics_);
      if (!lowered || !elsewhere) return out;
      where = std::move(lowered->where);
      meant = std::move(elsewhere->where);
    }
    if (auto number = calls::number_of(call, arch.arch))
      out.push_back({*number, condition(store_, where)});
    bool every_way = !expect.verdict || !out.size();
    if (every_way) add_multiplexed(out, call, arch.arch);
    if (expect.verdict) return out;
    for (calls::CallId twin : calls::opaque_twins(call))
      if (auto number = calls::number_of(twin, arch.arch)) out.push_back({*number, store_.yes()});
    for (const calls::Sibling& sibling : calls::siblings(call, arch.arch))
      add_sibling(out, meant, call, sibling, arch.arch);
    for (const calls::Sibling& sibling : calls::pinned_siblings(call, arch.arch))
      add_sibling(out, meant, call, sibling, arch.arch);
    return out;
  }

  // Inside socketcall or ipc every argument is in memory: any call with its code may be it.
  void add_multiplexed(std::vector<Region>& out, calls::CallId call, calls::Arch arch) {
    auto form = calls::multiplexed(call, arch);
    auto number = form ? calls::number_of(form->carrier, arch) : std::nullopt;
    if (number)
      out.push_back(
          {*number, store_.test(Group::Arg0, form->mask, form->code, store_.yes(), store_.no())});
  }

  void add_sibling(std::vector<Region>& out, const Condition& where, calls::CallId call,
                   const calls::Sibling& sibling, calls::Arch arch) {
    add_multiplexed(out, sibling.call, arch);
    auto number = calls::number_of(sibling.call, arch);
    if (!number) return;
    Id inputs = condition(store_, through(where, call, sibling, arch, true));
    for (const calls::SiblingPin& pin : sibling.pins)
      inputs = store_.both(inputs, pinned(sibling, pin, arch));
    out.push_back({*number, inputs});
  }

  // The sibling's argument has the value with which it does the same.
  Id pinned(const calls::Sibling& sibling, const calls::SiblingPin& pin, calls::Arch arch) {
    auto place = calls::place_of(sibling.call, arch, pin.index);
    auto args = calls::args(sibling.call, arch);
    if (!place || place->high || pin.index >= args.size()) return store_.yes();
    Test test{.field = {.bits = args[pin.index].bits, .low = place->low, .high = std::nullopt},
              .op = Compare::Equal,
              .mask = args[pin.index].bits == 64 ? ~uint64_t{0}
                                                 : (uint64_t{1} << args[pin.index].bits) - 1,
              .value = 0,
              .ranges = {}};
    test.value = pin.constant & test.mask;
    return condition(store_, {.kind = Condition::Kind::Test, .test = test, .children = {}});
  }

  // The condition on a call's arguments as a condition on its sibling's. What the sibling cannot
  // say counts as matching: the expectation then covers more, never less.
  Condition through(const Condition& where, calls::CallId call, const calls::Sibling& sibling,
                    calls::Arch arch, bool positive) {
    Condition out{.kind = where.kind, .test = where.test, .children = {}};
    if (where.kind == Condition::Kind::Not) positive = !positive;
    for (const Condition& child : where.children)
      out.children.push_back(through(child, call, sibling, arch, positive));
    if (where.kind != Condition::Kind::Test) return out;
    auto args = calls::args(call, arch);
    for (size_t i = 0; i < args.size() && i < sibling.from.size(); i++) {
      auto place = calls::place_of(call, arch, i);
      if (!place) place = calls::Place{static_cast<uint8_t>(i), std::nullopt};  // in memory
      if (place->low != where.test.field.low) continue;
      const calls::SiblingArg& from = sibling.from[i];
      if (from.kind == calls::SiblingArg::Kind::Constant) {
        Input input;  // a call that passes this constant
        input.args[place->low] = from.constant;
        if (place->high) input.args[*place->high] = from.constant >> 32;
        bool match = holds(where, input);
        return {.kind = match ? Condition::Kind::Always : Condition::Kind::Never,
                .test = {},
                .children = {}};
      }
      if (from.kind != calls::SiblingArg::Kind::Same) break;
      auto there = calls::place_of(sibling.call, arch, from.index);
      if (!there || there->high.has_value() != place->high.has_value()) break;
      out.test.field.low = there->low;
      out.test.field.high = there->high;
      return out;
    }
    return {.kind = positive ? Condition::Kind::Always : Condition::Kind::Never,
            .test = {},
            .children = {}};
  }

  // ---- when it does not hold --------------------------------------------------------------------

  void fails(const Item& item, calls::CallId call, const PhaseRules& phase, const ArchRules& arch,
             const Input& input) {
    Verdict verdict = meaning(phase.rules, input);
    auto reached = calls::call_at(arch.arch, input.number);
    std::string name(calls::name_of(reached.value_or(call)));
    std::string message = "expectation failed: `" + name + "` " + said(verdict.action, arch.arch) +
                          " on " + std::string(calls::info(arch.arch).name);
    if (!phase.name.empty()) message += " during `" + phase.name + "`";
    Diagnostic problem{.message = std::move(message), .span = item.statement->keyword};
    if (reached && *reached != call)
      problem.label = "`" + name + "` can do what `" + std::string(calls::name_of(call)) + "` does";
    problem.examples.push_back(show(input));
    if (verdict.origin.known())
      problem.remarks.push_back({"because of this rule", verdict.origin, ""});
    else
      problem.remarks.push_back({std::string(to_string(verdict.reason)), {}, ""});
    if (verdict.action == Action::mediated())
      problem.helps.push_back(
          "paths and hosts are decided elsewhere: write `expect read PATH`, or "
          "`expect connect END`");
    else
      problem.helps.push_back("change that line, or narrow the expectation");
    diagnostics_.add(std::move(problem));
  }

  static std::string said(Action action, calls::Arch arch) {
    if (action == Action::mediated()) return "is decided by another layer";
    if (action == Action::allow()) return "is allowed";
    return "gets " + to_string(action, arch);
  }

  Store& store_;
  const Resolved& resolved_;
  Diagnostics& diagnostics_;
  Names names_;
  bool looked_at_ = false;  // the expectation at hand meant at least one call
};

}  // namespace

void prove_expectations(Store& store, const policy::Texts& texts, const Settings& settings,
                        const Resolved& resolved, Diagnostics& diagnostics) {
  Prover prover(store, texts, settings, resolved, diagnostics);
  std::vector<const Item*> items;
  for (const Item& item : resolved.flat.expects)
    if (provable(item, resolved, diagnostics)) items.push_back(&item);
  for (const Item* item : items) prover.one(*item);
  prove_places(items, texts, settings, resolved, diagnostics);
}

}  // namespace seclude::filter
