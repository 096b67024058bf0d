// Ready launch: see ready_launch.h.
#include "sandbox/ready_launch.h"

#include <algorithm>

#include "filter/rules_wire.h"

namespace seclude::sandbox {
namespace {

bool speaks_of_calls_alone(const policy::Statement& statement) {
  const auto& body = statement.body;
  if (const auto* on = std::get_if<policy::OnArchitectures>(&body))
    return std::all_of(on->body.begin(), on->body.end(), speaks_of_calls_alone);
  // What is not among these needs more, as far as is known here.
  const bool rule = std::holds_alternative<policy::Rule>(body) ||
                    std::holds_alternative<policy::Otherwise>(body) ||
                    std::holds_alternative<policy::Expect>(body);
  const bool names = std::holds_alternative<policy::Use>(body) ||
                     std::holds_alternative<policy::SetDefinition>(body) ||
                     std::holds_alternative<policy::Let>(body);
  const bool frame = std::holds_alternative<policy::Version>(body) ||
                     std::holds_alternative<policy::Title>(body) ||
                     std::holds_alternative<policy::Architectures>(body) ||
                     std::holds_alternative<policy::Kernel>(body);
  return rule || names || frame;
}

bool answered_by_nobody(const filter::Rules& rules) {
  const auto waits = [](filter::Action action) {
    return action.kind() == filter::Action::notify_ || action.kind() == filter::Action::trace_;
  };
  return std::any_of(rules.archs.begin(), rules.archs.end(), [&](const filter::ArchRules& arch) {
    return waits(arch.unknown) ||
           std::any_of(arch.rules.begin(), arch.rules.end(),
                       [&](const filter::Rule& rule) { return waits(rule.action); }) ||
           std::any_of(arch.numbers.begin(), arch.numbers.end(),
                       [&](const filter::NumberRules& entry) { return waits(entry.otherwise); });
  });
}

template <typename Way, typename Value>
void walk_facts(Way& way, Value& facts) {
  way.number(facts.capabilities_to_give_up);
  way.number(facts.may_trace);
  way.number(facts.may_hide_processes);
}

void write(wire::Writer& to, const std::vector<LaunchPattern>& patterns) {
  to.list(patterns, [&](const LaunchPattern& one) {
    to.text(one.shape);
    wire::Writer bytes;
    filter::write(bytes, std::get<filter::Pattern>(one.pattern));
    to.text(bytes.bytes);
  });
}

void read(wire::Reader& from, std::vector<LaunchPattern>& patterns) {
  from.list(patterns, [&](LaunchPattern& one) {
    from.text(one.shape);
    from.text(one.pattern.emplace<std::string_view>());
  });
}

}  // namespace

bool needs_only_a_filter(const policy::Texts& texts) {
  return std::all_of(texts.policies.begin(), texts.policies.end(), [](const auto& text) {
    return std::all_of(text.statements.begin(), text.statements.end(), speaks_of_calls_alone);
  });
}

Result<std::string> make_ready(const filter::Rules& rules) {
  const filter::Rules here = that_can_run_here(rules);
  if (answered_by_nobody(here)) return fail("make a launch ready: somebody has to answer");
  std::vector<Guarded> alone, watched;
  for (const GroupIs group : {GroupIs::Below, GroupIs::Same, GroupIs::Above}) {
    for (const SignalGuard signals : {SignalGuard::Landlock, SignalGuard::Filter}) {
      alone.push_back(alone_to_come(group, signals));
      watched.push_back(watched_to_come(group, signals));
    }
  }
  const LaunchPatterns patterns = TRY(make_patterns(here, alone, watched));
  wire::Writer writer;
  const RulesFacts facts = facts_of(here);
  walk_facts(writer, facts);
  writer.number(patterns.filters);
  write(writer, patterns.alone);
  write(writer, patterns.watched);
  wire::Writer kept;
  filter::write(kept, here);
  writer.text(kept.bytes);
  return std::move(writer.bytes);
}

std::optional<ReadyLaunch> ready_from_bytes(std::string_view bytes) {
  wire::Reader reader{bytes};
  RulesFacts facts;
  walk_facts(reader, facts);
  LaunchPatterns patterns;
  reader.number(patterns.filters);
  read(reader, patterns.alone);
  read(reader, patterns.watched);
  std::string_view rules;
  reader.text(rules);
  if (!reader.done()) return std::nullopt;
  return ReadyLaunch{std::make_shared<const KeptRules>(facts, [rules] { return rules; }),
                     std::make_shared<const LaunchPatterns>(std::move(patterns))};
}

}  // namespace seclude::sandbox
