// Brings the lines of a policy together for one architecture; see arch_rules.h.
//
// The order of steps in Builder::run matters: lines first, then what they leave open (`otherwise`),
// then what seclude adds (multiplexed forms, twins, what is always allowed).
#include "filter/rules/arch_rules.h"

#include <algorithm>
#include <map>
#include <string>
#include <variant>

#include "base/result.h"
#include "calls/constants.h"
#include "filter/rules/line_problems.h"
#include "filter/rules/otherwise.h"
#include "filter/rules/predicate.h"
#include "filter/rules/stated_action.h"

namespace seclude::filter {

namespace {

// What is known of one number while the lines are read.
struct Slot {
  std::vector<Rule> rules;
  std::optional<Otherwise> otherwise;
  bool named = false;    // some line speaks of it by name
  bool tested = false;   // some rule tests an argument, or its path is mediated
  bool present = false;  // the pinned kernel has it
};

Condition always() { return {}; }

Condition all_of(std::vector<Condition> children) {
  return {.kind = Condition::Kind::And, .test = {}, .children = std::move(children)};
}

class Builder {
 public:
  Builder(const ArchInput& input, Names& names, Diagnostics& diagnostics)
      : input_(input),
        arch_(input.arch),
        names_(names),
        diagnostics_(diagnostics),
        numbers_(calls::numbers(input.arch)),
        slots_(numbers_.size()) {
    for (size_t i = 0; i < numbers_.size(); i++)
      slots_[i].present = names_.pinned(numbers_[i].call, arch_);
    no_such_call_ = Action::deny(*calls::find_errno("ENOSYS", arch_));
    multiplexes_ = calls::has_carriers(arch_);
  }

  ArchRules run() {
    for (const Line& line : *input_.lines)
      if (applies(*line.item)) read(line);
    mediate();
    if (input_.enters_next) allow_phase_change();
    settle_general();
    carriers();
    twins();
    always_allowed();
    return assemble();
  }

 private:
  bool applies(const Item& item) const {
    return has_arch(item.archs, arch_) && (!item.phase || item.phase == input_.phase);
  }

  Slot* slot(std::optional<uint32_t> number) {
    if (!number) return nullptr;
    // Tables begin with a long row of numbers without a gap.
    size_t place = *number - numbers_.front().number;
    if (place < numbers_.size() && numbers_[place].number == *number) return &slots_[place];
    auto found = std::lower_bound(
        numbers_.begin(), numbers_.end(), *number,
        [](const calls::Numbered& one, uint32_t value) { return one.number < value; });
    if (found == numbers_.end() || found->number != *number) return nullptr;
    return &slots_[static_cast<size_t>(found - numbers_.begin())];
  }
  Slot* slot_of(calls::CallId call) { return slot(calls::number_of(call, arch_)); }

  // ---- lines ------------------------------------------------------------------------------------

  void read(const Line& line) {
    std::optional<Action> action = Action::allow();
    if (line.action) action = action_of(*line.action, arch_, diagnostics_);
    if (!action) return;
    Span origin = line.item->statement->keyword;
    if (line.otherwise) return otherwise(line, *action, origin);
    if (line.where) arguments_exist(*line.where, reached(line), arch_, diagnostics_);
    std::vector<calls::CallId> in_memory;
    for (NamedCall call : line.calls.calls) {
      if (skipped(call)) continue;
      rule(line, call, *action, origin, in_memory);
    }
    for (const policy::CallRef* number : line.calls.numbers)
      numbered(line, *number, *action, origin);
    if (!in_memory.empty()) in_memory_only(origin, *action, in_memory, arch_, diagnostics_);
  }

  // The calls of a line that exist here, by number or inside a carrier.
  std::vector<calls::CallId> reached(const Line& line) {
    std::vector<calls::CallId> out;
    for (NamedCall call : line.calls.calls)
      if (!skipped(call) &&
          (slot_of(call.call) || (multiplexes_ && calls::multiplexed(call.call, arch_))))
        out.push_back(call.call);
    return out;
  }

  // A set means neither calls newer than the pinned kernel, nor socketcall and ipc themselves: what
  // goes through those comes with the set's other members.
  bool skipped(NamedCall call) const {
    if (call.named) return false;
    return calls::is_carrier(call.call) || (!own_number(call) && !form_of(call));
  }

  // Where the line reaches this call: by its own number, and inside a carrier. The two may be of
  // different age: x86 has socketcall since ever, socket only since 4.3.
  Slot* own_slot(NamedCall call) { return own_number(call) ? slot_of(call.call) : nullptr; }
  bool own_number(NamedCall call) const { return call.named || names_.pinned(call.call, arch_); }
  std::optional<calls::Multiplexed> form_of(NamedCall call) const {
    if (!multiplexes_) return std::nullopt;
    auto form = calls::multiplexed(call.call, arch_);
    if (form && !call.named && !names_.pinned(form->carrier, arch_)) return std::nullopt;
    return form;
  }

  void rule(const Line& line, NamedCall call, Action action, Span origin,
            std::vector<calls::CallId>& in_memory) {
    Rule rule{.action = action,
              .where = always(),
              .origin = origin,
              .reason = line.action ? Reason::Stated : Reason::Brought};
    Slot* own = own_slot(call);
    auto form = form_of(call);
    if (own) own->named |= call.named;
    if (line.where) return tested(line, call, std::move(rule), own, form, in_memory);
    // The rules of most calls: not copied where nobody else needs them.
    if (own && form)
      own->rules.push_back(rule);
    else if (own)
      own->rules.push_back(std::move(rule));
    if (form) coded_[form->carrier][form->code].rules.push_back(std::move(rule));
  }

  void tested(const Line& line, NamedCall call, Rule rule, Slot* own,
              const std::optional<calls::Multiplexed>& form,
              std::vector<calls::CallId>& in_memory) {
    PredicateTarget target{.text = line.item->text,
                           .call = call.call,
                           .arch = arch_,
                           .permitting = !rule.action.refuses()};
    if (own) {
      if (!has_arguments(*line.where, call.call, arch_)) return;
      auto lowered = lower(names_, *line.where, target, diagnostics_);
      own->tested = true;
      if (lowered && lowered->untestable) in_memory.push_back(call.call);
      if (!lowered) return;
      own->rules.push_back(rule);
      own->rules.back().where = std::move(lowered->where);
    }
    if (!form) return;
    if (!own) no_fallback(rule.origin, call.call, form->carrier, arch_, diagnostics_);
    // The other form has every argument in memory.
    coded_[form->carrier][form->code].tested = true;
    target.in_memory = true;
    if (!has_arguments(*line.where, call.call, arch_)) return;
    auto lowered = lower(names_, *line.where, target, diagnostics_);
    if (!lowered || target.permitting) return;  // never allows there
    coded_[form->carrier][form->code].rules.push_back(std::move(rule));
  }

  void numbered(const Line& line, const policy::CallRef& ref, Action action, Span origin) {
    if (line.item->archs != (1u << static_cast<unsigned>(arch_))) {
      diagnostics_.add({.message = "`" + ref.name.text + "` needs one architecture",
                        .span = ref.name.span,
                        .label = "the same number is another call elsewhere",
                        .helps = {"put the line into `on ARCH { ... }`"}});
      return;
    }
    if (line.where) {
      diagnostics_.add({.message = "the arguments of `" + ref.name.text + "` have no names",
                        .span = ref.name.span,
                        .label = "`where` needs a call that the tables know"});
      return;
    }
    // The two share an entry; bit 30 alone says whose number it is.
    constexpr uint32_t x32_bit = 0x40000000;
    bool is_x32 = ref.number >> 30 == 1;
    if ((arch_ == calls::Arch::x86_64 && is_x32) || (arch_ == calls::Arch::x32 && !is_x32)) {
      uint32_t other = ref.number ^ x32_bit;
      diagnostics_.add(
          {.message = "`" + ref.name.text + "` is a number of " + (is_x32 ? "x32" : "x86_64"),
           .span = ref.name.span,
           .label = "bit 30 of a number tells x32 from x86_64",
           .helps = {"write `nr:" + std::to_string(other) + "` here, or the line into `on " +
                     (is_x32 ? "x32" : "x86_64") + " { ... }`"}});
      return;
    }
    Rule rule{.action = action, .where = always(), .origin = origin};
    if (Slot* known = slot(ref.number)) {
      known->named = true;
      known->rules.push_back(std::move(rule));
    } else {
      foreign_[ref.number].push_back(std::move(rule));
    }
  }

  // ---- otherwise --------------------------------------------------------------------------------

  void otherwise(const Line& line, Action action, Span origin) {
    Otherwise answer{.action = action, .origin = origin, .named = true, .own = !line.item->used};
    if (line.general) return settle(general_, answer);
    if (line.calls.unknown) settle(unknown_, answer);
    for (NamedCall call : line.calls.calls) {
      if (skipped(call)) continue;
      answer.named = call.named;
      if (Slot* own = own_slot(call)) {
        own->named |= call.named;
        settle(own->otherwise, answer);
      }
      auto form = form_of(call);
      if (form) settle(coded_[form->carrier][form->code].otherwise, answer);
    }
  }

  void settle_general() {
    report_rival(general_, "", arch_, diagnostics_);
    report_rival(unknown_, "@unknown", arch_, diagnostics_);
    for (size_t i = 0; i < slots_.size(); i++)
      if (slots_[i].otherwise)
        report_rival(slots_[i].otherwise, calls::name_of(numbers_[i].call), arch_, diagnostics_);
    for (const auto& [carrier, codes] : coded_)
      for (const calls::Code& one : calls::codes(carrier))
        if (auto form = codes.find(one.code); form != codes.end())
          report_rival(form->second.otherwise, calls::name_of(one.call), arch_, diagnostics_);
    if (general_ && !general_->own && general_->action == Action::allow()) {
      diagnostics_.add({.message = "`otherwise allow` must be the policy's own",
                        .span = general_->origin,
                        .label = "it came by `use`",
                        .helps = {"write `otherwise allow` in the policy itself if it is meant"}});
    }
    if (general_) return;
    if (!input_.fragment)
      diagnostics_.add({.message = "the policy does not say what happens otherwise",
                        .span = input_.title,
                        .label = "a policy that runs needs one general `otherwise`",
                        .helps = {"write `otherwise kill` or `otherwise deny with EPERM`"}});
    general_ = Otherwise{.action = Action::kill(), .origin = {}};
    general_reason_ = Reason::NoOtherwise;
  }

  // ---- what seclude adds ------------------------------------------------------------------------

  void mediate() {
    for (const Mediation& mediation : *input_.mediations) {
      if (!applies(*mediation.item)) continue;
      for (calls::CallId call : mediation.calls) {
        if (auto number = calls::number_of(call, arch_)) {
          mediated_.push_back(*number);
          if (Slot* own = slot(*number)) own->tested = true;
        }
      }
    }
    std::sort(mediated_.begin(), mediated_.end());
  }

  void allow_phase_change() {
    auto seccomp = calls::find_call("seccomp");
    CHECK(seccomp);
    Slot* own = slot_of(*seccomp);
    CHECK(own);
    auto test = [](uint8_t index, uint64_t value) {
      Test one{.field = {.bits = 32, .low = index, .high = std::nullopt},
               .op = Compare::Equal,
               .mask = 0xffffffff,
               .value = value,
               .ranges = {}};
      return Condition{.kind = Condition::Kind::Test, .test = one, .children = {}};
    };
    own->present = true;
    own->rules.push_back({.action = Action::allow(),
                          .where = all_of({test(0, 1), test(1, 0)}),  // SET_MODE_FILTER, no flags
                          .origin = {},
                          .reason = Reason::PhaseChange});
  }

  // socketcall and ipc: what each code answers is what its call answers, as rules on the carrier.
  void carriers() {
    for (auto& [carrier, codes] : coded_) {
      Slot* own = slot_of(carrier);
      CHECK(own);
      bool whole = std::any_of(own->rules.begin(), own->rules.end(), [](const Rule& rule) {
        return rule.where.kind == Condition::Kind::Always;
      });
      std::vector<Condition> stated;  // conditions of the carrier's own rules
      for (const Rule& rule : own->rules) stated.push_back(rule.where);
      for (auto& [code, form] : codes) {
        Condition is_code = code_test(carrier, code);
        if (form.tested && !own->named) opaque(form);
        bool decided = whole;
        for (Rule& rule : form.rules) {
          decided |= rule.where.kind == Condition::Kind::Always;
          rule.where = all_of({is_code, std::move(rule.where)});
          own->rules.push_back(std::move(rule));
        }
        if (decided || !form.otherwise) continue;
        Condition unless{.kind = Condition::Kind::Not, .test = {}, .children = {}};
        unless.children.push_back({.kind = Condition::Kind::Or, .test = {}, .children = stated});
        own->rules.push_back({.action = form.otherwise->action,
                              .where = all_of({is_code, std::move(unless)}),
                              .origin = form.otherwise->origin});
      }
    }
  }

  Condition code_test(calls::CallId carrier, uint32_t code) const {
    uint32_t mask = 0xffffffff;
    for (const calls::Code& one : calls::codes(carrier))
      if (one.code == code)
        if (auto form = calls::multiplexed(one.call, arch_)) mask = form->mask;
    Test test{.field = {.bits = 32, .low = 0, .high = std::nullopt},
              .op = Compare::Equal,
              .mask = mask,
              .value = code,
              .ranges = {}};
    return {.kind = Condition::Kind::Test, .test = test, .children = {}};
  }

  void twins() {
    std::vector<Slot*> opaque_slots;
    for (size_t i = 0; i < slots_.size(); i++) {
      if (!slots_[i].tested) continue;
      for (calls::CallId twin : calls::opaque_twins(numbers_[i].call)) {
        Slot* other = slot_of(twin);
        if (other && !other->named) opaque_slots.push_back(other);
      }
    }
    for (Slot* other : opaque_slots) opaque(*other);
  }

  // Answers ENOSYS, as a kernel without the call would: libcs fall back. What refuses harder stays.
  void opaque(Slot& slot) {
    slot.present = true;
    slot.otherwise.reset();
    std::erase_if(slot.rules, [&](const Rule& rule) {
      return strictness(rule.action) >= strictness(no_such_call_);
    });
    slot.rules.push_back(
        {.action = no_such_call_, .where = always(), .origin = {}, .reason = Reason::OpaqueTwin});
  }

  // Without these a stopped or signalled program dies.
  void always_allowed() {
    for (std::string_view name : {"restart_syscall", "rt_sigreturn", "sigreturn"}) {
      auto call = calls::find_call(name);
      CHECK(call);
      Slot* own = slot_of(*call);
      if (!own) continue;
      for (const Rule& rule : own->rules)
        if (rule.action.refuses() && own->named)
          diagnostics_.add({.message = "`" + std::string(name) + "` is always allowed",
                            .span = rule.origin,
                            .label = "without it a stopped or signalled program dies",
                            .helps = {"leave it out"}});
      std::erase_if(own->rules, [](const Rule& rule) {
        return strictness(rule.action) < strictness(Action::log());
      });
      own->present = true;
      own->rules.push_back({.action = Action::allow(),
                            .where = always(),
                            .origin = {},
                            .reason = Reason::AlwaysAllowed});
    }
  }

  // ---- the result -------------------------------------------------------------------------------

  ArchRules assemble() {
    ArchRules out{
        .arch = arch_, .numbers = {}, .rules = {}, .unknown = no_such_call_, .unknown_origin = {}};
    if (unknown_) {
      out.unknown = unknown_->action;
      out.unknown_origin = unknown_->origin;
      out.unknown_reason = Reason::Stated;
    }
    size_t count = 0;
    for (const Slot& one : slots_) count += one.rules.size();
    constexpr size_t more_to_come =
        64;  // of a launch, without moving all of them to a larger place
    out.rules.reserve(count + more_to_come);
    out.numbers.reserve(slots_.size() + foreign_.size());
    for (size_t i = 0; i < slots_.size(); i++) {
      Slot& one = slots_[i];
      if (one.present || one.named) append(out, numbers_[i].number, one.rules, one.otherwise);
    }
    for (auto& [number, rules] : foreign_) append(out, number, rules, std::nullopt);
    if (!foreign_.empty())
      std::sort(out.numbers.begin(), out.numbers.end(),
                [](const NumberRules& a, const NumberRules& b) { return a.number < b.number; });
    return out;
  }

  void append(ArchRules& out, uint32_t number, std::vector<Rule>& rules,
              const std::optional<Otherwise>& own) {
    const Otherwise& answer = own ? *own : *general_;
    NumberRules& entry = out.numbers.emplace_back();
    entry.number = number;
    entry.first_rule = static_cast<uint32_t>(out.rules.size());
    for (Rule& rule : rules) out.rules.push_back(std::move(rule));
    entry.end_rule = static_cast<uint32_t>(out.rules.size());
    entry.otherwise = answer.action;
    entry.otherwise_origin = answer.origin;
    entry.otherwise_reason = own ? Reason::Stated : general_reason_;
    entry.mediated = std::binary_search(mediated_.begin(), mediated_.end(), number);
  }

  const ArchInput& input_;
  const calls::Arch arch_;
  Names& names_;
  Diagnostics& diagnostics_;
  std::span<const calls::Numbered> numbers_;
  std::vector<Slot> slots_;                                  // parallel to numbers_
  std::map<calls::CallId, std::map<uint32_t, Slot>> coded_;  // carrier -> code
  std::map<uint32_t, std::vector<Rule>> foreign_;            // nr: of no table
  std::vector<uint32_t> mediated_;
  std::optional<Otherwise> general_, unknown_;
  Reason general_reason_ = Reason::Stated;
  Action no_such_call_;
  bool multiplexes_;  // some carrier exists here
};

}  // namespace

ArchRules arch_rules(const ArchInput& input, Names& names, Diagnostics& diagnostics) {
  return Builder(input, names, diagnostics).run();
}

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::Stated:
      return "the policy says so";
    case Reason::Brought:
      return "this line brings the calls it takes";
    case Reason::AlwaysAllowed:
      return "always allowed: signalled and stopped programs need it";
    case Reason::OpaqueTwin:
      return "its arguments are in memory, where no filter sees them";
    case Reason::Unknown:
      return "a call newer than the policy, or in no table";
    case Reason::NoOtherwise:
      return "a fragment without `otherwise`";
    case Reason::PhaseChange:
      return "entering the next phase needs it";
    case Reason::Launch:
      return "the one call that starts the program";
    case Reason::Listening:
      return "no `listen` line names what the socket is bound to";
  }
  return "";
}

}  // namespace seclude::filter
