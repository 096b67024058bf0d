// Proves `expect` lines about paths and network ends; see expect_places.h.
#include "filter/proof/expect_places.h"

#include <string>
#include <variant>
#include <vector>

#include "filter/meaning.h"
#include "filter/proof/expect_scope.h"
#include "filter/rules/names.h"
#include "policy/ends.h"
#include "policy/paths.h"

namespace seclude::filter {

namespace {

class PlaceProver {
 public:
  PlaceProver(const policy::Texts& texts, const Settings& settings, const Resolved& resolved,
              Diagnostics& diagnostics)
      : resolved_(resolved),
        diagnostics_(diagnostics),
        names_(texts, settings, resolved.pin, ignored_) {}

  void one(const Item& item) {
    const auto& expect = std::get<policy::Expect>(item.statement->body);
    if (std::holds_alternative<policy::Rule>(expect.subject)) return;  // expect.h
    if (expect.verdict && *expect.verdict != policy::ActionWord::Allow) {
      diagnostics_.add({.message = "a path or a host is allowed or refused, nothing between",
                        .span = expect.verdict_span,
                        .label = "this word is for calls",
                        .helps = {"write `expect allow ...` or `expect refused ...`"}});
      return;
    }
    uint16_t archs = expected_archs(item, resolved_);
    for (const PhaseRules& phase : resolved_.phases) {
      if (expect.during && expect.during->text != phase.name) continue;
      for (const ArchRules& arch : phase.rules.archs) {
        if (!has_arch(archs, arch.arch) || !counts(item, phase, arch)) continue;
        if (const auto* paths = std::get_if<policy::Paths>(&expect.subject))
          prove_paths(item, *paths, !expect.verdict, phase, arch);
        if (const auto* network = std::get_if<policy::Network>(&expect.subject))
          prove_ends(item, *network, !expect.verdict, phase, arch);
      }
    }
  }

 private:
  bool counts(const Item& item, const PhaseRules& phase, const ArchRules& arch) const {
    return has_arch(item.archs, arch.arch) &&
           (!item.phase || resolved_.flat.phases[*item.phase]->name.text == phase.name);
  }

  // What `$NAME` stands for, in the names of a text: the bound value or the default.
  policy::Bindings bindings(size_t text) {
    return [this, text](std::string_view name) { return names_.place(text, name); };
  }

  // ---- paths ------------------------------------------------------------------------------------

  void prove_paths(const Item& item, const policy::Paths& asked, bool refused,
                   const PhaseRules& phase, const ArchRules& arch) {
    std::vector<policy::PathRule> rules;
    std::vector<Span> spans;
    for (const Item& other : resolved_.flat.items) {
      const auto* paths = std::get_if<policy::Paths>(&other.statement->body);
      if (!paths || !counts(other, phase, arch)) continue;
      for (const policy::PathPattern& pattern : paths->patterns)
        if (auto glob = policy::parse_glob(pattern, bindings(other.text), diagnostics_)) {
          rules.push_back({paths->verb, std::move(*glob)});
          spans.push_back(pattern.span);
        }
    }
    for (const policy::PathPattern& pattern : asked.patterns) {
      auto glob = policy::parse_glob(pattern, bindings(item.text), diagnostics_);
      if (!glob) continue;
      if (rules.empty()) {
        unconfined(pattern.span);
        continue;
      }
      policy::PathAnswer answer = policy::decide_paths(rules, *glob, access_of(asked.verb));
      policy::Coverage wanted = refused ? policy::Coverage::None : policy::Coverage::All;
      if (answer.coverage == policy::Coverage::Undecided) {
        diagnostics_.add({.message = "this expectation is too entangled to decide",
                          .span = pattern.span,
                          .label = "too many patterns meet in it",
                          .helps = {"ask about single paths"}});
      } else if (answer.coverage != wanted) {
        auto decider = refused ? answer.granted_by : answer.refused_by;
        path_fails(item, refused, refused ? answer.granted : answer.refused,
                   decider ? spans[*decider] : Span{});
      } else if (!refused) {
        call_must_pass(item, asked.verb == policy::PathVerb::Run ? "execve" : "openat", phase,
                       arch);
      }
    }
  }

  static policy::Access access_of(policy::PathVerb verb) {
    switch (verb) {
      case policy::PathVerb::Write:
        return policy::Access::Write;
      case policy::PathVerb::Create:
        return policy::Access::Create;
      case policy::PathVerb::Run:
        return policy::Access::Run;
      case policy::PathVerb::Read:
      case policy::PathVerb::Protect:
      case policy::PathVerb::Hide:
        break;
    }
    return policy::Access::Read;
  }

  void unconfined(Span pattern) {
    diagnostics_.add({.message = "expectation failed: paths are not confined",
                      .span = pattern,
                      .label = "no `read`, `write`, `create` or `run` line holds here",
                      .helps = {"list the paths the program needs: then every other is refused"}});
  }

  void path_fails(const Item& item, bool refused, const std::string& path, Span decider) {
    Diagnostic problem{
        .message = "expectation failed: `" + path + "` is " + (refused ? "granted" : "refused"),
        .span = item.statement->keyword,
        .label = decider.known() || refused ? "" : "no line lists it"};
    if (decider.known()) problem.remarks.push_back({"because of this path", decider, ""});
    problem.helps.push_back("change that line, or narrow the expectation");
    diagnostics_.add(std::move(problem));
  }

  // ---- ends -------------------------------------------------------------------------------------

  void prove_ends(const Item& item, const policy::Network& asked, bool refused,
                  const PhaseRules& phase, const ArchRules& arch) {
    std::vector<policy::EndPattern> ends;
    bool confined = false;
    for (const Item& other : resolved_.flat.items) {
      if (!counts(other, phase, arch)) continue;
      const auto* network = std::get_if<policy::Network>(&other.statement->body);
      confined |= network || std::holds_alternative<policy::ResolveHosts>(other.statement->body);
      if (!network || network->verb != asked.verb) continue;
      for (const policy::End& end : network->ends)
        if (auto pattern = policy::parse_end(end, bindings(other.text), diagnostics_))
          ends.push_back(std::move(*pattern));
    }
    for (const policy::End& end : asked.ends) {
      auto pattern = policy::parse_end(end, bindings(item.text), diagnostics_);
      if (!pattern) continue;
      if (!confined) {
        diagnostics_.add({.message = "expectation failed: the network is not confined",
                          .span = end.span,
                          .label = "no `connect` or `listen` line holds here",
                          .helps = {"list the ends the program needs, or expect it of calls: "
                                    "`expect refused connect`"}});
        continue;
      }
      policy::Coverage coverage = policy::covers(ends, *pattern);
      policy::Coverage wanted = refused ? policy::Coverage::None : policy::Coverage::All;
      if (coverage == wanted) {
        if (!refused)
          call_must_pass(item, asked.verb == policy::NetVerb::Listen ? "bind" : "connect", phase,
                         arch);
        continue;
      }
      std::string how = coverage == policy::Coverage::Some ? "some of it is " : "it is ";
      diagnostics_.add({.message = "expectation failed: " + how + (refused ? "granted" : "refused"),
                        .span = end.span,
                        .label = refused ? "a network line covers it" : "no network line covers it",
                        .helps = {"change those lines, or narrow the expectation"}});
    }
  }

  // Layers are conjunctive: a granted path is of no use when the filter refuses the call.
  void call_must_pass(const Item& item, std::string_view name, const PhaseRules& phase,
                      const ArchRules& arch) {
    auto call = calls::find_call(name);
    auto number = call ? calls::number_of(*call, arch.arch) : std::nullopt;
    if (!number) return;
    Verdict verdict =
        meaning(phase.rules, {.number = *number, .arch = calls::info(arch.arch).audit});
    if (!verdict.action.refuses()) return;
    Diagnostic problem{.message = "expectation failed: it is granted, but `" +
                                  std::string(calls::name_of(*call)) + "` is refused",
                       .span = item.statement->keyword};
    if (verdict.origin.known())
      problem.remarks.push_back({"because of this rule", verdict.origin, ""});
    diagnostics_.add(std::move(problem));
  }

  const Resolved& resolved_;
  Diagnostics& diagnostics_;
  Diagnostics ignored_;
  Names names_;
};

}  // namespace

void prove_places(const std::vector<const Item*>& expects, const policy::Texts& texts,
                  const Settings& settings, const Resolved& resolved, Diagnostics& diagnostics) {
  PlaceProver prover(texts, settings, resolved, diagnostics);
  for (const Item* item : expects) prover.one(*item);
}

}  // namespace seclude::filter
