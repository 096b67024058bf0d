// Launch filter: see launch_filter.h.
#include "sandbox/launch_filter.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "calls/arch.h"
#include "filter/compile.h"
#include "filter/stack.h"
#include "sandbox/rules/launch_rule.h"

namespace seclude::sandbox {
namespace {

uint32_t half_of(const kernel::raw::LaunchKey& key, size_t half) {
  return static_cast<uint32_t>(key[half / 2] >> (half % 2 == 0 ? 0 : 32));
}

// What holds at every launch, whoever watches.
filter::Rules with_protection(const filter::Rules& rules, const std::optional<Guarded>& guarded) {
  filter::Rules own = without_new_listeners(that_can_run_here(rules));
  return guarded ? with_guard(std::move(own), *guarded) : own;
}

tl::unexpected<Error> cannot_compile(const filter::CompileProblem& problem) {
  return fail("compile the filter: " + problem.message);
}

// ---- blanks -------------------------------------------------------------------------------------

struct Numbers {
  std::vector<int> different;
  std::string shape;
};

Numbers numbers_of(const Guarded& guarded) {
  Numbers numbers;
  const auto add = [&](int number) {
    const auto found = std::find(numbers.different.begin(), numbers.different.end(), number);
    numbers.shape += static_cast<char>('a' + (found - numbers.different.begin()));
    if (found == numbers.different.end()) numbers.different.push_back(number);
  };
  std::for_each(guarded.processes.begin(), guarded.processes.end(), add);
  numbers.shape += '/';
  std::for_each(guarded.groups.begin(), guarded.groups.end(), add);
  if (guarded.signals == SignalGuard::Filter) numbers.shape += " signals";
  if (guarded.followed) numbers.shape += " followed";
  return numbers;
}

filter::Blanks blanks_of(const kernel::raw::LaunchKey& key, const std::vector<int>& numbers) {
  filter::Blanks blanks;
  blanks.reserve(2 * key.size() + numbers.size());
  for (size_t half = 0; half < 2 * key.size(); ++half) blanks.push_back(half_of(key, half));
  for (const int number : numbers) blanks.push_back(static_cast<uint32_t>(number));
  return blanks;
}

// What no launch has, the same at every build.
constexpr kernel::raw::LaunchKey key_to_come = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9,
                                                0x94d049bb133111eb};
constexpr kernel::raw::LaunchKey other_key = {0x2545f4914f6cdd1d, 0x6a09e667f3bcc909,
                                              0xd1310ba698dfb5ac};

Guarded moved(Guarded guarded, int by) {
  for (auto* numbers : {&guarded.processes, &guarded.groups})
    for (int& number : *numbers) number += by;
  return guarded;
}

// `rules_for`: with the key and the processes in them, as they are compiled.
template <typename RulesFor>
Result<void> add_pattern(std::vector<LaunchPattern>& patterns, const Guarded& guarded,
                         std::vector<filter::Program> programs, const RulesFor& rules_for) {
  const Guarded others = moved(guarded, 1000);
  const Numbers numbers = numbers_of(guarded);
  const filter::Rules rules = TRY(rules_for(key_to_come, guarded));
  const filter::Blanks blanks = blanks_of(key_to_come, numbers.different);
  auto pattern =
      filter::make_pattern({std::move(programs), rules, blanks}, TRY(rules_for(other_key, others)),
                           blanks_of(other_key, numbers_of(others).different));
  if (pattern) patterns.push_back({numbers.shape, std::move(*pattern)});
  return {};
}

filter::Pattern pattern_of(const LaunchPattern& one) {
  if (const auto* pattern = std::get_if<filter::Pattern>(&one.pattern)) return *pattern;
  wire::Reader reader{std::get<std::string_view>(one.pattern)};
  filter::Pattern pattern = filter::read_pattern(reader);
  CHECK(reader.done());
  return pattern;
}

// ---- rules as they are compiled -----------------------------------------------------------------

Result<filter::Rules> rules_alone(const filter::Rules& rules, const kernel::raw::LaunchKey& key,
                                  const std::optional<Guarded>& guarded, HandOver hand_over) {
  return with_launch_rule(with_protection(rules, guarded), key, calls::native(), hand_over);
}

// The child sends the listener away while its filter is in force already.
Result<filter::Rules> rules_watched(const filter::Rules& rules, const kernel::raw::LaunchKey& key,
                                    const std::optional<Guarded>& guarded, Supervise supervise) {
  return with_launch_rule(notifying(with_protection(rules, guarded), supervise), key,
                          calls::native(), HandOver::Listener);
}

}  // namespace

filter::Rules that_can_run_here(const filter::Rules& rules) {
  constexpr size_t more_to_come = 64;  // without moving all of them to a larger place
  filter::Rules here;
  for (const filter::ArchRules& of_arch : rules.archs) {
    if (!calls::share_a_kernel(of_arch.arch, calls::native())) continue;
    filter::ArchRules& copy = here.archs.emplace_back();
    copy.numbers.reserve(of_arch.numbers.size() + more_to_come);
    copy.rules.reserve(of_arch.rules.size() + more_to_come);
    copy = of_arch;
  }
  return here;
}

GroupIs compared(int group, int launcher) {
  if (group == launcher) return GroupIs::Same;
  return group < launcher ? GroupIs::Below : GroupIs::Above;
}

// Processes are numbered below 2^22, so no other number is taken for these; a helper comes after
// its launcher, and no two are close.
Guarded alone_to_come(GroupIs group, SignalGuard signals) {
  constexpr int below = 0x4c1a551c, launcher = 0x5ca1ab1e, above = 0x7f5ea1ed;
  const int number = group == GroupIs::Same ? launcher : group == GroupIs::Below ? below : above;
  return {.processes = {launcher}, .groups = {number}, .signals = signals};
}

Guarded watched_to_come(GroupIs group, SignalGuard signals) {
  constexpr int helper = 0x6e57ab1e;
  Guarded guarded = alone_to_come(group, signals);
  guarded.processes.push_back(helper);
  guarded.groups.push_back(helper);
  guarded.followed = true;
  return guarded;
}

Result<LaunchPatterns> make_patterns(const filter::Rules& rules, std::span<const Guarded> alone,
                                     std::span<const Guarded> watched) {
  LaunchPatterns patterns;
  for (const Guarded& guarded : alone) {
    auto programs = TRY(launch_filters(rules, key_to_come, guarded));
    patterns.filters = programs.size();
    const HandOver hand_over = programs.size() > 1 ? HandOver::Filters : HandOver::Nothing;
    TRY_VOID(add_pattern(patterns.alone, guarded, std::move(programs),
                         [&](const kernel::raw::LaunchKey& key, const Guarded& whom) {
                           return rules_alone(rules, key, whom, hand_over);
                         }));
  }
  for (const Guarded& guarded : watched) {
    auto program = TRY(watched_filter(rules, key_to_come, Supervise::Explain, guarded));
    if (!program) continue;
    TRY_VOID(add_pattern(patterns.watched, guarded, {std::move(*program)},
                         [&](const kernel::raw::LaunchKey& key, const Guarded& whom) {
                           return rules_watched(rules, key, whom, Supervise::Explain);
                         }));
  }
  return patterns;
}

std::optional<std::vector<filter::Program>> filled(const std::vector<LaunchPattern>& patterns,
                                                   const kernel::raw::LaunchKey& key,
                                                   const Guarded& guarded) {
  const Numbers numbers = numbers_of(guarded);
  const filter::Blanks blanks = blanks_of(key, numbers.different);
  for (const LaunchPattern& one : patterns) {
    if (one.shape != numbers.shape) continue;
    if (auto programs = filter::fill(pattern_of(one), blanks)) return programs;
  }
  return std::nullopt;
}

Result<std::optional<filter::Program>> watched_filter(const filter::Rules& rules,
                                                      const kernel::raw::LaunchKey& key,
                                                      Supervise supervise,
                                                      const std::optional<Guarded>& guarded) {
  filter::Store store(filter::chain_node_limit);
  auto compiled = filter::compile(store, TRY(rules_watched(rules, key, guarded, supervise)));
  if (compiled) return std::move(compiled->program);
  if (compiled.error().too_long > 0) return std::nullopt;
  return cannot_compile(compiled.error());
}

Result<std::vector<filter::Program>> launch_filters(const filter::Rules& rules,
                                                    const kernel::raw::LaunchKey& key,
                                                    const std::optional<Guarded>& guarded) {
  filter::Store store(filter::chain_node_limit);
  auto one = filter::compile(store, TRY(rules_alone(rules, key, guarded, HandOver::Nothing)));
  if (one) return std::vector<filter::Program>{std::move(one->program)};
  if (one.error().too_long == 0) return cannot_compile(one.error());
  store.clear();
  // Behind the first filter of a chain the others have to be loaded.
  auto stack =
      filter::compile_stack(store, TRY(rules_alone(rules, key, guarded, HandOver::Filters)));
  if (!stack) return cannot_compile(stack.error());
  return std::move(stack->programs);
}

}  // namespace seclude::sandbox
