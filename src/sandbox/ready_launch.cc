// Ready launch: see ready_launch.h.
#include "sandbox/ready_launch.h"

#include <algorithm>

#include "filter/rules_wire.h"

namespace seclude::sandbox {
namespace {

// Processes are numbered below 2^22 (proc(5), pid_max), so no other number is taken for these.
// Their order is the usual one, and no two are close: code that tests them as a range fits no
// others.
constexpr int group_to_come = 0x4c1a551c, launcher_to_come = 0x5ca1ab1e,
              helper_to_come = 0x7e57ab1e;
constexpr kernel::raw::LaunchKey key_to_come = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9,
                                                0x94d049bb133111eb};

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
void walk_draft(Way& way, Value& draft) {
  way.number(draft.key);
  way.list(draft.processes, [&](auto& process) { way.number(process); });
  way.list(draft.groups, [&](auto& group) { way.number(group); });
  way.list(draft.programs, [&](auto& program) {
    way.list(program, [&](auto& instruction) { way.number(instruction); });
  });
}

}  // namespace

bool needs_only_a_filter(const policy::Texts& texts) {
  return std::all_of(texts.policies.begin(), texts.policies.end(), [](const auto& text) {
    return std::all_of(text.statements.begin(), text.statements.end(), speaks_of_calls_alone);
  });
}

Result<ReadyLaunch> make_ready(const filter::Rules& rules) {
  ReadyLaunch ready{.rules = that_can_run_here(rules), .drafts = {}};
  if (answered_by_nobody(ready.rules)) return fail("make a launch ready: somebody has to answer");
  const Guarded alone = {.processes = {launcher_to_come}, .groups = {group_to_come}};
  const Guarded watched = {.processes = {launcher_to_come, helper_to_come},
                           .groups = {group_to_come, helper_to_come},
                           .followed = true};
  ready.drafts = std::make_shared<const FilterDrafts>(
      TRY(make_drafts(ready.rules, {.key = key_to_come, .guarded = alone},
                      {.key = key_to_come, .guarded = watched})));
  return ready;
}

std::string to_bytes(const ReadyLaunch& ready) {
  wire::Writer writer;
  filter::write(writer, ready.rules);
  walk_draft(writer, ready.drafts->alone);
  writer.number(ready.drafts->watched.has_value());
  if (ready.drafts->watched) walk_draft(writer, *ready.drafts->watched);
  return std::move(writer.bytes);
}

std::optional<ReadyLaunch> ready_from_bytes(std::string_view bytes) {
  wire::Reader reader{bytes};
  ReadyLaunch ready{.rules = filter::read_rules(reader), .drafts = {}};
  FilterDrafts drafts;
  walk_draft(reader, drafts.alone);
  bool watched = false;
  reader.number(watched);
  if (watched) walk_draft(reader, drafts.watched.emplace());
  if (!reader.done()) return std::nullopt;
  ready.drafts = std::make_shared<const FilterDrafts>(std::move(drafts));
  return ready;
}

}  // namespace seclude::sandbox
