// Launch filter: see launch_filter.h.
#include "sandbox/launch_filter.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "calls/arch.h"
#include "filter/compile.h"
#include "filter/stack.h"
#include "sandbox/launch_rule.h"

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

// Constants that stand for this launch alone, each with what takes its place in another.
using Renewal = std::vector<std::pair<uint32_t, uint32_t>>;

Renewal renewal_of(const FilterDraft& draft, const kernel::raw::LaunchKey& key,
                   const std::optional<Guarded>& guarded) {
  Renewal renewal;
  for (size_t half = 0; half < 2 * key.size(); ++half)
    renewal.emplace_back(half_of(draft.key, half), half_of(key, half));
  if (!guarded) return renewal;
  const auto renew = [&](const std::vector<int>& before, const std::vector<int>& after) {
    for (size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
      const auto old = static_cast<uint32_t>(before[i]), now = static_cast<uint32_t>(after[i]);
      renewal.emplace_back(old, now);
      renewal.emplace_back(old + 1, now + 1);  // where code cuts behind it
      renewal.emplace_back(-old, -now);        // kill(2) names a group so
    }
  };
  renew(draft.processes, guarded->processes);
  renew(draft.groups, guarded->groups);
  return renewal;
}

// Hardly ever is another constant of the program the same as one of these, or are they in another
// order; the proof finds it when that happens.
std::vector<filter::Program> renewed(std::vector<filter::Program> programs,
                                     const Renewal& renewal) {
  for (filter::Program& program : programs)
    for (filter::Instruction& instruction : program) {
      const auto found = std::find_if(renewal.begin(), renewal.end(), [&](const auto& change) {
        return change.first == instruction.k;
      });
      if (found != renewal.end()) instruction.k = found->second;
    }
  return programs;
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

Result<FilterDrafts> make_drafts(const filter::Rules& rules, const DraftFor& alone,
                                 const DraftFor& watched) {
  const auto draft = [](std::vector<filter::Program> programs, const DraftFor& whose) {
    return FilterDraft{.programs = std::move(programs),
                       .key = whose.key,
                       .processes = whose.guarded.processes,
                       .groups = whose.guarded.groups};
  };
  FilterDrafts drafts;
  drafts.alone = draft(TRY(launch_filters(rules, alone.key, alone.guarded)), alone);
  auto program = TRY(watched_filter(rules, watched.key, Supervise::Explain, watched.guarded));
  if (program) drafts.watched = draft({std::move(*program)}, watched);
  return drafts;
}

Result<std::optional<filter::Program>> watched_filter(const filter::Rules& rules,
                                                      const kernel::raw::LaunchKey& key,
                                                      Supervise supervise,
                                                      const std::optional<Guarded>& guarded,
                                                      const FilterDraft* draft) {
  // The child sends the listener away while its filter is in force already.
  const filter::Rules added =
      TRY(with_launch_rule(notifying(with_protection(rules, guarded), supervise), key,
                           calls::native(), HandOver::Listener));
  filter::Store store(filter::chain_node_limit);
  if (draft != nullptr) {
    auto programs = renewed(draft->programs, renewal_of(*draft, key, guarded));
    if (auto proven = filter::prove(store, added, std::move(programs.front())))
      return std::move(proven->program);
    store.clear();
  }
  auto compiled = filter::compile(store, added);
  if (compiled) return std::move(compiled->program);
  if (compiled.error().too_long > 0) return std::nullopt;
  return cannot_compile(compiled.error());
}

Result<std::vector<filter::Program>> launch_filters(const filter::Rules& rules,
                                                    const kernel::raw::LaunchKey& key,
                                                    const std::optional<Guarded>& guarded,
                                                    const FilterDraft* draft) {
  // Behind the first filter of a chain the others have to be loaded.
  auto added = [&](HandOver hand_over) {
    return with_launch_rule(with_protection(rules, guarded), key, calls::native(), hand_over);
  };
  filter::Store store(filter::chain_node_limit);
  if (draft != nullptr) {
    const bool chained = draft->programs.size() > 1;
    const filter::Rules meant = TRY(added(chained ? HandOver::Filters : HandOver::Nothing));
    auto programs = renewed(draft->programs, renewal_of(*draft, key, guarded));
    if (auto proven = filter::prove_stack(store, meant, std::move(programs)))
      return std::move(proven->programs);
    store.clear();
  }
  auto one = filter::compile(store, TRY(added(HandOver::Nothing)));
  if (one) return std::vector<filter::Program>{std::move(one->program)};
  if (one.error().too_long == 0) return cannot_compile(one.error());
  store.clear();
  auto stack = filter::compile_stack(store, TRY(added(HandOver::Filters)));
  if (!stack) return cannot_compile(stack.error());
  return std::move(stack->programs);
}

}  // namespace seclude::sandbox
