// Prepares every line once, then makes the rules of each architecture and phase; see resolve.h.
#include "filter/resolve.h"

#include <algorithm>
#include <deque>
#include <variant>

#include "base/text.h"
#include "calls/constants.h"
#include "filter/rules/arch_rules.h"
#include "filter/rules/names.h"
#include "policy/brought.h"

namespace seclude::filter {

namespace {

bool permits(policy::ActionWord word) {
  return word == policy::ActionWord::Allow || word == policy::ActionWord::Log ||
         word == policy::ActionWord::Ask || word == policy::ActionWord::Trace;
}

// Looks up the calls of every line once; the rest is done per architecture.
class Preparer {
 public:
  // `brought` keeps the rules that path and network lines bring; lines point into it.
  Preparer(const Flat& flat, Names& names, std::deque<policy::Rule>& brought,
           Diagnostics& diagnostics)
      : flat_(flat), names_(names), brought_(brought), diagnostics_(diagnostics) {
    for (const Without& without : flat.without) {
      std::vector<Taken> refs;
      for (const policy::CallRef& ref : *without.calls) {
        std::vector<calls::CallId> taken;
        for (NamedCall call : names.calls(without.text, {ref}).calls) taken.push_back(call.call);
        refs.push_back({&ref, std::move(taken), false});
      }
      without_.push_back(std::move(refs));
    }
  }

  void run(std::vector<Line>& lines, std::vector<Mediation>& mediations) {
    lines.reserve(flat_.items.size());
    for (const Item& item : flat_.items) {
      const auto& body = item.statement->body;
      if (const auto* rule = std::get_if<policy::Rule>(&body)) {
        add(lines, item, &rule->action, rule->where ? &*rule->where : nullptr,
            names_.calls(item.text, rule->calls));
      } else if (const auto* otherwise = std::get_if<policy::Otherwise>(&body)) {
        Line line{.item = &item,
                  .action = &otherwise->action,
                  .otherwise = true,
                  .general = otherwise->calls.empty(),
                  .calls = {}};
        line.calls = names_.calls(item.text, otherwise->calls);
        if (permits(otherwise->action.word)) take(line.calls, item);
        lines.push_back(std::move(line));
      } else {
        policy::Brought sets = policy::brought(*item.statement);
        for (std::string_view set : sets.allows)
          add(lines, item, nullptr, nullptr, names_.calls(item.text, policy::one_set(set)));
        for (policy::Rule& allowed : sets.rules) {
          const policy::Rule& kept = brought_.emplace_back(std::move(allowed));
          add(lines, item, nullptr, &*kept.where, names_.calls(item.text, kept.calls));
        }
        for (std::string_view set : sets.mediates) mediate(mediations, item, set);
      }
    }
    for (const auto& refs : without_)
      for (const Taken& ref : refs)
        if (!ref.hit) nothing_to_take(*ref.ref);
  }

 private:
  struct Taken {
    const policy::CallRef* ref;
    std::vector<calls::CallId> calls;
    bool hit;
  };

  void add(std::vector<Line>& lines, const Item& item, const policy::Action* action,
           const policy::Pred* where, CallList calls) {
    if (calls.unknown)
      diagnostics_.add({.message = "`@unknown` can only follow `otherwise ... for`",
                        .span = item.statement->keyword,
                        .label = "no rule can test a call that no table knows",
                        .helps = {"write `otherwise ACTION for @unknown`"}});
    if (!action || permits(action->word)) take(calls, item);
    lines.push_back({.item = &item, .action = action, .where = where, .calls = std::move(calls)});
  }

  void mediate(std::vector<Mediation>& mediations, const Item& item, std::string_view set) {
    Mediation mediation{&item, {}};
    for (NamedCall call : names_.calls(item.text, policy::one_set(set)).calls)
      mediation.calls.push_back(call.call);
    mediations.push_back(std::move(mediation));
  }

  // Applies every `without` that stands over this line.
  void take(CallList& list, const Item& item) {
    for (size_t index : item.without)
      for (Taken& ref : without_[index])
        std::erase_if(list.calls, [&](NamedCall call) {
          bool taken = std::binary_search(ref.calls.begin(), ref.calls.end(), call.call);
          ref.hit |= taken;
          return taken;
        });
    for (size_t index : item.without)
      for (Taken& ref : without_[index])
        std::erase_if(list.numbers, [&](const policy::CallRef* number) {
          auto call = call_of(*number, item);
          bool taken = call && std::binary_search(ref.calls.begin(), ref.calls.end(), *call);
          ref.hit |= taken;
          return taken;
        });
  }

  // The call behind a bare number, which stands in `on` of a single architecture.
  static std::optional<calls::CallId> call_of(const policy::CallRef& number, const Item& item) {
    for (calls::Arch arch : calls::all_archs)
      if (item.archs == (1u << static_cast<unsigned>(arch)))
        return calls::call_at(arch, number.number);
    return std::nullopt;
  }

  void nothing_to_take(const policy::CallRef& ref) {
    diagnostics_.add({.message = "`without " + ref.name.text + "` removes nothing",
                      .span = ref.name.span,
                      .label = "nothing used here permits it",
                      .helps = {"leave it out"}});
  }

  const Flat& flat_;
  Names& names_;
  std::deque<policy::Rule>& brought_;
  Diagnostics& diagnostics_;
  std::vector<std::vector<Taken>> without_;
};

std::vector<calls::Arch> architectures(const Flat& flat, const Settings& settings,
                                       Diagnostics& diagnostics) {
  std::vector<calls::Arch> archs = settings.archs;
  if (archs.empty() && flat.architectures)
    for (const policy::Name& name : flat.architectures->names)
      if (auto arch = arch_named(name, diagnostics)) archs.push_back(*arch);
  if (archs.empty()) archs.push_back(settings.native);
  std::vector<calls::Arch> once;
  for (calls::Arch arch : archs)
    if (std::find(once.begin(), once.end(), arch) == once.end()) once.push_back(arch);
  auto foreign = [&](calls::Arch arch) { return !calls::share_a_kernel(arch, settings.native); };
  if (settings.only_native_kernel && !std::all_of(once.begin(), once.end(), foreign))
    std::erase_if(once, foreign);
  std::stable_partition(once.begin(), once.end(),
                        [&](calls::Arch arch) { return arch == settings.native; });
  return once;
}

// A definition that nothing mentions is read like the others: a wrong name in it is an error.
void check_set(size_t text, const policy::SetDefinition& set, Names& names,
               Diagnostics& diagnostics) {
  if (set.name.text == "@unknown")
    diagnostics.add({.message = "`@unknown` cannot be defined",
                     .span = set.name.span,
                     .label = "it is what no table knows",
                     .helps = {"choose another name"}});
  else
    names.calls(text, policy::one_set(set.name.text));
}

// A `let` may not take the name of a constant: one word would mean two things.
void check_let(size_t text, const policy::Let& let, Names& names, Diagnostics& diagnostics) {
  names.spelled(text, let.value.terms);
  if (!calls::find_constant(let.name.text)) return;
  diagnostics.add({.message = "`" + let.name.text + "` is a constant of the kernel",
                   .span = let.name.span,
                   .label = "a `let` cannot give it another value",
                   .helps = {"choose another name"}});
}

void check_definitions(const policy::Texts& texts, Names& names, Diagnostics& diagnostics) {
  std::vector<bool> library(texts.policies.size());  // large, and held by tests
  for (const auto& [set, text] : texts.library_sets) library[text] = true;
  for (size_t text = 0; text < texts.policies.size(); text++) {
    if (library[text]) continue;
    for (const policy::Statement& statement : texts.policies[text].statements) {
      if (const auto* set = std::get_if<policy::SetDefinition>(&statement.body))
        check_set(text, *set, names, diagnostics);
      if (const auto* let = std::get_if<policy::Let>(&statement.body))
        check_let(text, *let, names, diagnostics);
    }
  }
}

void check_bound(const policy::Texts& texts, const Settings& settings, Diagnostics& diagnostics) {
  std::vector<std::string_view> declared;
  for (const policy::Policy& policy : texts.policies)
    for (const policy::Statement& statement : policy.statements)
      if (const auto* parameter = std::get_if<policy::Parameter>(&statement.body))
        declared.push_back(parameter->name.text);
  for (const auto& [name, value] : settings.parameters) {
    if (std::find(declared.begin(), declared.end(), name) != declared.end()) continue;
    Diagnostic problem{.message = "the policy has no parameter `" + escape(name, 60) + "`"};
    if (auto near = nearest(name, declared))
      problem.helps.push_back("did you mean `" + std::string(*near) + "`?");
    diagnostics.add(std::move(problem));
  }
}

}  // namespace

Resolved resolve(const policy::Texts& texts, const Settings& settings, Diagnostics& diagnostics) {
  Resolved resolved;
  resolved.flat = flatten(texts, diagnostics);
  const Flat& flat = resolved.flat;
  resolved.pin = default_kernel;
  if (flat.kernel)
    resolved.pin = {static_cast<uint16_t>(std::min(flat.kernel->major, 0xffffu)),
                    static_cast<uint16_t>(std::min(flat.kernel->minor, 0xffffu))};
  resolved.archs = architectures(flat, settings, diagnostics);
  resolved.fragment = flat.title == nullptr;
  check_bound(texts, settings, diagnostics);

  Names names(texts, settings, resolved.pin, diagnostics);
  check_definitions(texts, names, diagnostics);
  std::vector<Line> lines;
  std::vector<Mediation> mediations;
  std::deque<policy::Rule> brought;
  Preparer(flat, names, brought, diagnostics).run(lines, mediations);

  size_t phases = std::max<size_t>(1, flat.phases.size());
  for (size_t phase = 0; phase < phases; phase++) {
    PhaseRules out;
    ArchInput input;
    input.lines = &lines;
    input.mediations = &mediations;
    input.fragment = resolved.fragment;
    input.enters_next = phase + 1 < phases;
    if (flat.title) input.title = flat.title->name.span;
    if (!flat.phases.empty()) {
      out.name = flat.phases[phase]->name.text;
      input.phase = phase;
    }
    for (calls::Arch arch : resolved.archs) {
      input.arch = arch;
      out.rules.archs.push_back(arch_rules(input, names, diagnostics));
    }
    resolved.phases.push_back(std::move(out));
  }
  return resolved;
}

}  // namespace seclude::filter
