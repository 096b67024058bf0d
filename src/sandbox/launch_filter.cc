// Launch filter: see launch_filter.h.
#include "sandbox/launch_filter.h"

#include <utility>

#include "calls/arch.h"
#include "filter/compile.h"
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

// Random halves: hardly ever is another constant the same, and the proof finds it when one is.
filter::Program with_key(const FilterDraft& draft, const kernel::raw::LaunchKey& key) {
  filter::Program program = draft.program;
  for (filter::Instruction& instruction : program) {
    for (size_t half = 0; half < 2 * key.size(); ++half) {
      if (instruction.k != half_of(draft.key, half)) continue;
      instruction.k = half_of(key, half);
      break;
    }
  }
  return program;
}

}  // namespace

Result<filter::Program> launch_filter(const filter::Rules& rules, const kernel::raw::LaunchKey& key,
                                      std::optional<Supervise> supervise,
                                      const std::optional<Guarded>& guarded,
                                      const FilterDraft* draft) {
  filter::Rules own = without_new_listeners(that_can_run_here(rules));
  if (guarded) own = with_guard(std::move(own), *guarded);
  // The child sends the listener away while its filter is in force already.
  const HandOver hand_over = supervise ? HandOver::Listener : HandOver::Nothing;
  if (supervise) own = notifying(std::move(own), *supervise);
  const filter::Rules added =
      TRY(with_launch_rule(std::move(own), key, calls::native(), hand_over));
  filter::Store store;
  if (draft != nullptr) {
    if (auto proven = filter::prove(store, added, with_key(*draft, key)))
      return std::move(proven->program);
  }
  auto compiled = filter::compile(store, added);
  if (!compiled) return fail("compile the filter: " + compiled.error().message);
  return std::move(compiled->program);
}

}  // namespace seclude::sandbox
