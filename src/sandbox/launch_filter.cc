// Launch filter: see launch_filter.h.
#include "sandbox/launch_filter.h"

#include <utility>
#include <vector>

#include "calls/arch.h"
#include "filter/compile.h"
#include "filter/stack.h"
#include "sandbox/launch_rule.h"

namespace seclude::sandbox {
namespace {

// What no call here can be of costs time to compile and to load; its calls would be killed.
filter::Rules that_can_run_here(filter::Rules rules) {
  std::erase_if(rules.archs, [&](const filter::ArchRules& of_arch) {
    return !calls::share_a_kernel(of_arch.arch, calls::native());
  });
  return rules;
}

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

// Random halves: hardly ever is another constant the same, and the proof finds it when one is.
std::vector<filter::Program> with_key(const FilterDraft& draft, const kernel::raw::LaunchKey& key) {
  std::vector<filter::Program> programs = draft.programs;
  auto renew = [&](filter::Instruction& instruction) {
    for (size_t half = 0; half < 2 * key.size(); ++half) {
      if (instruction.k != half_of(draft.key, half)) continue;
      instruction.k = half_of(key, half);
      return;
    }
  };
  for (filter::Program& program : programs)
    for (filter::Instruction& instruction : program) renew(instruction);
  return programs;
}

}  // namespace

Result<std::optional<filter::Program>> watched_filter(const filter::Rules& rules,
                                                      const kernel::raw::LaunchKey& key,
                                                      Supervise supervise,
                                                      const std::optional<Guarded>& guarded) {
  // The child sends the listener away while its filter is in force already.
  const filter::Rules added =
      TRY(with_launch_rule(notifying(with_protection(rules, guarded), supervise), key,
                           calls::native(), HandOver::Listener));
  filter::Store store(filter::chain_node_limit);
  auto compiled = filter::compile(store, added);
  if (compiled) return std::move(compiled->program);
  if (compiled.error().too_long > 0) return std::nullopt;
  return cannot_compile(compiled.error());
}

Result<std::vector<filter::Program>> launch_filters(const filter::Rules& rules,
                                                    const kernel::raw::LaunchKey& key,
                                                    const std::optional<Guarded>& guarded,
                                                    const FilterDraft* draft) {
  const filter::Rules own = with_protection(rules, guarded);
  const filter::Rules added = TRY(with_launch_rule(own, key));
  // Behind the first filter of a chain the others have to be loaded.
  const filter::Rules chained = TRY(with_launch_rule(own, key, calls::native(), HandOver::Filters));
  filter::Store store(filter::chain_node_limit);
  if (draft != nullptr) {
    const filter::Rules& meant = draft->programs.size() > 1 ? chained : added;
    if (auto proven = filter::prove_stack(store, meant, with_key(*draft, key)))
      return std::move(proven->programs);
    store.clear();
  }
  auto one = filter::compile(store, added);
  if (one) return std::vector<filter::Program>{std::move(one->program)};
  if (one.error().too_long == 0) return cannot_compile(one.error());
  store.clear();
  auto stack = filter::compile_stack(store, chained);
  if (!stack) return cannot_compile(stack.error());
  return std::move(stack->programs);
}

}  // namespace seclude::sandbox
