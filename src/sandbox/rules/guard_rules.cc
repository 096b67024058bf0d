// Guard rules: see guard_rules.h.
#include "sandbox/rules/guard_rules.h"

#include <algorithm>
#include <iterator>

#include "base/result.h"
#include "calls/calls.h"
#include "sandbox/rules/added_rules.h"

namespace seclude::sandbox {
namespace {

using filter::ArchRules;
using filter::Compare;
using filter::Condition;

using Numbers = std::vector<uint32_t>;

constexpr uint16_t enosys = 38;
constexpr uint8_t ioctl_command = 1, fcntl_command = 1;
constexpr uint32_t of_process = 0, of_group = 1, of_user = 2;  // PRIO_*; IOPRIO_WHO_* is one more

Numbers as_numbers(const std::vector<int>& signed_numbers) {
  return {signed_numbers.begin(), signed_numbers.end()};
}

Numbers negative(const std::vector<int>& groups) {
  Numbers numbers;
  for (const int group : groups) numbers.push_back(static_cast<uint32_t>(-group));
  return numbers;
}

Numbers together(Numbers one, const Numbers& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

// ---- 1: limits, priorities, processors ----------------------------------------------------------

// setpriority and ioprio_set: of a process, a group, a user. Group 0 is the asker's own, which may
// be the launcher's as well; a user's processes are certain to include it.
Condition names_guarded(const Guarded& guarded, uint32_t offset) {
  const Numbers groups = together(as_numbers(guarded.groups), {0});
  return any_of({all_of({argument_in(0, {of_process + offset}),
                         argument_in(1, as_numbers(guarded.processes))}),
                 all_of({argument_in(0, {of_group + offset}), argument_in(1, groups)}),
                 argument_in(0, {of_user + offset})});
}

void guard_resources(ArchRules& rules, const Guarded& guarded) {
  const Condition names_process = argument_in(0, as_numbers(guarded.processes));
  for (const char* call :
       {"prlimit64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler"})
    refuse(rules, {.call = call, .where = names_process});
  refuse(rules, {.call = "setpriority", .where = names_guarded(guarded, 0)});
  refuse(rules, {.call = "ioprio_set", .where = names_guarded(guarded, 1)});
}

// ---- 2: the terminal ----------------------------------------------------------------------------

bool tests_for(const filter::Test& test, uint32_t value) {
  if (test.field.low != ioctl_command || (test.mask & 0xffffffff) != 0xffffffff) return false;
  if (test.op == Compare::Equal) return test.value == value;
  return test.op == Compare::In &&
         std::any_of(test.ranges.begin(), test.ranges.end(), [&](const auto& range) {
           return range == std::pair<uint64_t, uint64_t>(value, value);
         });
}

// Somewhere in the condition, and not under a `not`.
bool names(const Condition& condition, uint32_t value) {
  using Kind = Condition::Kind;
  if (condition.kind == Kind::Test) return tests_for(condition.test, value);
  if (condition.kind != Kind::And && condition.kind != Kind::Or) return false;
  return std::any_of(condition.children.begin(), condition.children.end(),
                     [&](const Condition& child) { return names(child, value); });
}

// The rules that permit a call, perhaps under a condition; none where only `otherwise` does.
std::vector<filter::Rule> permitting(const ArchRules& rules, std::optional<uint32_t> number) {
  const auto* entry = number ? filter::find_number(rules, *number) : nullptr;
  if (entry == nullptr) return {};
  const auto all = filter::rules_of(rules, *entry);
  std::vector<filter::Rule> found;
  std::copy_if(all.begin(), all.end(), std::back_inserter(found),
               [](const filter::Rule& rule) { return !rule.action.refuses(); });
  return found;
}

bool permits_by_name(const ArchRules& rules, uint32_t number, uint32_t command) {
  const auto found = permitting(rules, number);
  return std::any_of(found.begin(), found.end(),
                     [&](const filter::Rule& rule) { return names(rule.where, command); });
}

void guard_terminal(ArchRules& rules) {
  const auto number = number_of("ioctl", rules.arch);
  if (!number) return;
  Numbers commands = values_of({"TIOCSTI", "TIOCLINUX"}, rules.arch);
  std::erase_if(commands,
                [&](uint32_t command) { return permits_by_name(rules, *number, command); });
  if (!commands.empty())
    refuse(rules, {.call = "ioctl", .where = argument_in(ioctl_command, std::move(commands))});
}

// ---- 3: signals ---------------------------------------------------------------------------------

void guard_signals(ArchRules& rules, const Guarded& guarded) {
  const Numbers processes = as_numbers(guarded.processes);
  const Numbers groups = negative(guarded.groups);
  // 0 is the asker's own group, which may be the launcher's; -1 is everybody.
  const Numbers everybody = {0, static_cast<uint32_t>(-1)};
  refuse(rules, {.call = "kill",
                 .where = argument_in(0, together(together(processes, groups), everybody))});
  for (const char* call : {"tkill", "rt_sigqueueinfo"})
    refuse(rules, {.call = call, .where = argument_in(0, processes)});
  for (const char* call : {"tgkill", "rt_tgsigqueueinfo"})
    refuse(rules,
           {.call = call, .where = any_of({argument_in(0, processes), argument_in(1, processes)})});
  // Whose the descriptor is cannot be seen. Programs fall back to kill.
  refuse(rules, {.call = "pidfd_send_signal", .where = {}, .errno_value = enosys});
  // Signals that the kernel sends when a descriptor is ready (F_SETSIG: any signal at all).
  const Condition owner = all_of({argument_in(fcntl_command, values_of({"F_SETOWN"}, rules.arch)),
                                  argument_in(2, together(processes, groups))});
  const Condition owner_in_memory =
      argument_in(fcntl_command, values_of({"F_SETOWN_EX"}, rules.arch));
  for (const char* call : {"fcntl", "fcntl64"})
    refuse(rules, {.call = call, .where = any_of({owner, owner_in_memory})});
  refuse(rules,
         {.call = "ioctl",
          .where = argument_in(ioctl_command, values_of({"FIOSETOWN", "SIOCSPGRP"}, rules.arch))});
}

// ---- 4: processes that hide from the helper -----------------------------------------------------

bool states_clone3(const ArchRules& rules) {
  return !permitting(rules, number_of("clone3", rules.arch)).empty();
}

// Of clone3 only its rules count: a policy that names it wants it, `otherwise allow` gets ENOSYS,
// on which every libc falls back to clone.
void guard_following(ArchRules& rules) {
  const auto call = calls::find_call("clone");
  const auto arguments = calls::args(*call, rules.arch);
  const auto flags = std::find_if(arguments.begin(), arguments.end(), [](const calls::Arg& arg) {
    return arg.kernel_name == "clone_flags";
  });
  CHECK(flags != arguments.end());
  const auto index = static_cast<size_t>(flags - arguments.begin());
  filter::Test untraced;
  untraced.field = {.bits = 32, .low = calls::place_of(*call, rules.arch, index)->low, .high = {}};
  untraced.op = Compare::HasAny;
  untraced.value = values_of({"CLONE_UNTRACED"}, rules.arch).at(0);
  refuse(rules, {.call = "clone", .where = test_of(std::move(untraced))});
  if (!states_clone3(rules)) refuse(rules, {.call = "clone3", .where = {}, .errno_value = enosys});
}

}  // namespace

bool may_hide_processes(const filter::Rules& rules) {
  return std::any_of(rules.archs.begin(), rules.archs.end(), states_clone3);
}

filter::Rules with_guard(filter::Rules rules, const Guarded& guarded) {
  for (ArchRules& of_arch : rules.archs) {
    guard_resources(of_arch, guarded);
    guard_terminal(of_arch);
    if (guarded.signals == SignalGuard::Filter) guard_signals(of_arch, guarded);
    if (guarded.followed) guard_following(of_arch);
  }
  return rules;
}

}  // namespace seclude::sandbox
