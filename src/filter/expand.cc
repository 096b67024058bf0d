// Writes a policy out with nothing left to look up; see expand.h.
#include "filter/expand.h"

#include <algorithm>
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "filter/rules/names.h"
#include "policy/brought.h"
#include "policy/printer.h"

namespace seclude::filter {

namespace {

using policy::Statement;

policy::CallRef ref_to(calls::CallId call) {
  policy::CallRef ref;
  ref.name.text = calls::name_of(call);
  return ref;
}

class Expander {
 public:
  Expander(const policy::Texts& texts, const Settings& settings, const Resolved& resolved,
           const SourceMap& sources)
      : texts_(texts),
        resolved_(resolved),
        sources_(sources),
        names_(texts, settings, resolved.pin, ignored_) {
    for (const PhaseRules& phase : resolved.phases)
      for (const ArchRules& arch : phase.rules.archs) remember(arch);
  }

  policy::Policy run() {
    policy::Policy out;
    header(out.statements);
    rules(out.statements, std::nullopt);
    for (size_t phase = 0; phase < resolved_.flat.phases.size(); phase++) {
      policy::Phase block{.name = resolved_.flat.phases[phase]->name, .body = {}};
      rules(block.body, phase);
      out.statements.push_back(statement(std::move(block)));
    }
    for (const Item& item : resolved_.flat.expects) expectation(out.statements, item);
    additions(out.tail);
    return out;
  }

 private:
  template <typename Body>
  static Statement statement(Body body) {
    Statement one;
    one.body = std::move(body);
    return one;
  }

  void header(policy::Block& out) {
    out.push_back(statement(policy::Version{}));
    if (resolved_.flat.title) out.push_back(statement(*resolved_.flat.title));
    policy::Architectures archs;
    for (calls::Arch arch : resolved_.archs)
      archs.names.push_back({std::string(calls::info(arch).name), {}});
    out.push_back(statement(std::move(archs)));
    out.push_back(statement(policy::Kernel{resolved_.pin.major, resolved_.pin.minor, {}}));
    std::set<std::string> seen;
    for (const policy::Policy& text : texts_.policies)
      for (const Statement& one : text.statements)
        if (const auto* parameter = std::get_if<policy::Parameter>(&one.body))
          if (seen.insert(parameter->name.text).second) out.push_back(with_origin(one, one.span));
  }

  // What a number already answers, to know which of several lines won.
  void remember(const ArchRules& arch) {
    for (const NumberRules& number : arch.numbers) {
      winners_.insert({arch.arch, number.number, number.otherwise_origin});
      general_.insert(number.otherwise_origin);
      for (uint32_t i = number.first_rule; i < number.end_rule; i++) {
        const Rule& rule = arch.rules[i];
        if (rule.reason == Reason::OpaqueTwin && rule.where.kind == Condition::Kind::Always)
          twins_.insert({arch.arch, number.number});
      }
    }
  }

  // ---- statements -------------------------------------------------------------------------------

  void rules(policy::Block& out, std::optional<size_t> phase) {
    for (const Item& item : resolved_.flat.items)
      if (item.phase == phase) one(out, item);
  }

  void one(policy::Block& out, const Item& item) {
    const auto& body = item.statement->body;
    if (const auto* rule = std::get_if<policy::Rule>(&body)) {
      bool permitting = rule->action.word >= policy::ActionWord::Ask;
      bool mild = rule->action.word >= policy::ActionWord::Deny;
      spread(out, item, rule->calls, permitting, mild, [&](policy::Calls calls) {
        policy::Rule copy = *rule;
        copy.calls = std::move(calls);
        if (copy.where) inline_lets(*copy.where, item.text);
        return policy::Rule(std::move(copy));
      });
    } else if (const auto* otherwise = std::get_if<policy::Otherwise>(&body)) {
      answer(out, item, *otherwise);
    } else {
      place(out, item.archs, with_origin(*item.statement, item.statement->span));
      policy::Brought more = policy::brought(*item.statement);
      for (std::string_view set : more.allows) {
        policy::Rule allow;
        allow.action.word = policy::ActionWord::Allow;
        allow.calls = policy::one_set(set);
        more.rules.push_back(std::move(allow));
      }
      for (const policy::Rule& allow : more.rules)
        spread(out, item, allow.calls, true, true, [&](policy::Calls calls) {
          policy::Rule copy = allow;
          copy.calls = std::move(calls);
          return copy;
        });
    }
  }

  void answer(policy::Block& out, const Item& item, const policy::Otherwise& otherwise) {
    if (otherwise.calls.empty()) {  // general: only the one that won
      if (general_.contains(item.statement->keyword))
        place(out, item.archs, with_origin(*item.statement, item.statement->span));
      return;
    }
    CallList list = names_.calls(item.text, otherwise.calls);
    policy::Calls won;
    if (list.unknown) {
      policy::CallRef ref;
      ref.kind = policy::CallRef::Kind::Set;
      ref.name.text = "@unknown";
      won.push_back(ref);
    }
    for (NamedCall call : list.calls)
      if (wins(call, item)) won.push_back(ref_to(call.call));
    if (won.empty()) return;
    Statement copy = with_origin(*item.statement, item.statement->span);
    std::get<policy::Otherwise>(copy.body).calls = std::move(won);
    place(out, item.archs, std::move(copy));
  }

  bool wins(NamedCall call, const Item& item) const {
    bool anywhere = false;
    for (calls::Arch arch : resolved_.archs) {
      if (!has_arch(item.archs, arch)) continue;
      auto number = calls::number_of(call.call, arch);
      if (!number) continue;
      anywhere = true;
      if (winners_.contains({arch, *number, item.statement->keyword})) return true;
    }
    return !anywhere && (call.named || !calls::is_carrier(call.call));
  }

  // Writes the rule once for the calls that all its architectures agree on, and in `on` blocks for
  // the others: a set may hold a call on one architecture and not on another.
  template <typename Make>
  void spread(policy::Block& out, const Item& item, const policy::Calls& written, bool permitting,
              bool mild, const Make& make) {
    CallList list = names_.calls(item.text, written);
    policy::Calls everywhere;
    std::map<uint16_t, policy::Calls> some;
    for (NamedCall call : list.calls) {
      if (permitting && taken(call.call, item)) continue;
      uint16_t meant = 0, possible = 0;
      for (calls::Arch arch : resolved_.archs) {
        if (!has_arch(item.archs, arch)) continue;
        auto bit = static_cast<uint16_t>(1u << static_cast<unsigned>(arch));
        possible |= bit;
        if (means(call, arch, mild)) meant |= bit;
      }
      if (meant == possible)
        everywhere.push_back(ref_to(call.call));
      else if (meant != 0)
        some[meant].push_back(ref_to(call.call));
    }
    for (const policy::CallRef* number : list.numbers) everywhere.push_back(*number);
    auto write = [&](uint16_t archs, policy::Calls calls) {
      if (calls.empty()) return;
      Statement copy = with_origin(*item.statement, item.statement->span);
      copy.body = make(std::move(calls));
      place(out, archs, std::move(copy));
    };
    write(item.archs, std::move(everywhere));
    for (auto& [archs, calls] : some) write(archs, std::move(calls));
  }

  bool taken(calls::CallId call, const Item& item) {
    for (size_t index : item.without) {
      const Without& without = resolved_.flat.without[index];
      for (NamedCall one : names_.calls(without.text, *without.calls).calls)
        if (one.call == call) return true;
    }
    return false;
  }

  // Whether naming the call here says what the set said. Absent calls may be named without effect.
  bool means(NamedCall call, calls::Arch arch, bool mild) const {
    if (call.named) return true;
    if (calls::is_carrier(call.call)) return false;
    auto number = calls::number_of(call.call, arch);
    if (!number) return names_.pinned(call.call, arch);
    return names_.pinned(call.call, arch) && !(mild && twins_.contains({arch, *number}));
  }

  void place(policy::Block& out, uint16_t archs, Statement one) {
    bool all = true;
    policy::OnArchitectures on;
    for (calls::Arch arch : resolved_.archs) {
      if (has_arch(archs, arch))
        on.names.push_back({std::string(calls::info(arch).name), {}});
      else
        all = false;
    }
    if (on.names.empty()) return;
    if (all) {
      out.push_back(std::move(one));
    } else {
      on.body.push_back(std::move(one));
      out.push_back(statement(std::move(on)));
    }
  }

  void expectation(policy::Block& out, const Item& item) {
    Statement copy = with_origin(*item.statement, item.statement->span);
    auto& expect = std::get<policy::Expect>(copy.body);
    if (auto* subject = std::get_if<policy::Rule>(&expect.subject)) {
      policy::Calls calls;
      for (NamedCall call : names_.calls(item.text, subject->calls).calls) {
        bool here = call.named;
        for (calls::Arch arch : resolved_.archs)
          here |= names_.pinned(call.call, arch) && calls::number_of(call.call, arch);
        if (here) calls.push_back(ref_to(call.call));
      }
      subject->calls = std::move(calls);
      if (subject->where) inline_lets(*subject->where, item.text);
    }
    place(out, item.archs, std::move(copy));
  }

  // ---- values -----------------------------------------------------------------------------------

  void inline_lets(policy::Pred& pred, size_t text) {
    for (policy::Pred& child : pred.children) inline_lets(child, text);
    if (pred.kind != policy::Pred::Kind::Test) return;
    if (pred.test.mask) inline_lets(*pred.test.mask, text);
    inline_lets(pred.test.value, text);
    for (policy::Item& item : pred.test.items) {
      inline_lets(item.low, text);
      if (item.high) inline_lets(*item.high, text);
    }
  }
  void inline_lets(policy::Value& value, size_t text) { inline_lets(value.terms, text, 0); }
  void inline_lets(std::vector<policy::Value::Term>& terms, size_t text, int depth) {
    using Kind = policy::Value::Term::Kind;
    for (policy::Value::Term& term : terms) {
      if (term.kind == Kind::Group) inline_lets(term.group, text, depth + 1);
      if (term.kind != Kind::Name || depth > 64) continue;
      auto definition = names_.let(text, term.text);
      if (!definition) continue;
      term.kind = Kind::Group;
      term.text.clear();
      term.group = definition->first->terms;
      inline_lets(term.group, definition->second, depth + 1);
    }
  }

  // ---- origins ----------------------------------------------------------------------------------

  Statement with_origin(const Statement& original, Span span) const {
    Statement copy = original;
    copy.before.clear();
    copy.inside.clear();
    copy.after = policy::Comment{"# " + sources_.where(span), {}};
    return copy;
  }

  void additions(std::vector<policy::Comment>& out) const {
    auto say = [&](const std::string& text) {
      out.push_back({text.empty() ? "" : "# " + text, {}});
    };
    say("");
    say("Added by seclude:");
    say("allow restart_syscall, rt_sigreturn, sigreturn: " +
        std::string(to_string(Reason::AlwaysAllowed)));
    std::map<std::string, std::string> where;
    for (const auto& [arch, number] : twins_)
      if (auto call = calls::call_at(arch, number)) {
        std::string& list = where[std::string(calls::name_of(*call))];
        list += (list.empty() ? "" : ", ") + std::string(calls::info(arch).name);
      }
    for (const auto& [name, archs] : where)
      say("deny " + name + " with ENOSYS on " + archs + ": " +
          std::string(to_string(Reason::OpaqueTwin)));
    const Rules& rules = resolved_.phases.front().rules;
    for (const ArchRules& arch : rules.archs)
      if (arch.unknown_reason == Reason::Unknown)
        say("deny @unknown with ENOSYS on " + std::string(calls::info(arch.arch).name) +
            ": calls newer than the pinned kernel, and numbers no table knows");
    say("kill every call of another architecture");
  }

  const policy::Texts& texts_;
  const Resolved& resolved_;
  const SourceMap& sources_;
  Diagnostics ignored_;  // resolve() has reported everything
  Names names_;
  std::set<std::tuple<calls::Arch, uint32_t, Span>> winners_;
  std::set<Span> general_;
  std::set<std::pair<calls::Arch, uint32_t>> twins_;
};

}  // namespace

std::string expand(const policy::Texts& texts, const Settings& settings, const Resolved& resolved,
                   const SourceMap& sources) {
  return policy::print(Expander(texts, settings, resolved, sources).run());
}

}  // namespace seclude::filter
