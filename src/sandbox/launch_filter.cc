// Launch filter: see launch_filter.h.
#include "sandbox/launch_filter.h"

#include "calls/arch.h"
#include "filter/compile.h"
#include "sandbox/launch_rule.h"

namespace seclude::sandbox {
namespace {

// Architectures of the other byte order cannot run here, and one program cannot serve both orders.
filter::Rules that_can_run_here(filter::Rules rules) {
  const bool big_endian = calls::info(calls::native()).big_endian;
  std::erase_if(rules.archs, [&](const filter::ArchRules& of_arch) {
    return calls::info(of_arch.arch).big_endian != big_endian;
  });
  return rules;
}

}  // namespace

Result<filter::Program> launch_filter(const filter::Rules& rules, const kernel::raw::LaunchKey& key,
                                      std::optional<Supervise> supervise,
                                      const std::optional<Guarded>& guarded) {
  filter::Rules own = without_new_listeners(that_can_run_here(rules));
  if (guarded) own = with_guard(std::move(own), *guarded);
  // The child sends the listener away while its filter is in force already.
  const HandOver hand_over = supervise ? HandOver::Listener : HandOver::Nothing;
  if (supervise) own = notifying(std::move(own), *supervise);
  const filter::Rules added =
      TRY(with_launch_rule(std::move(own), key, calls::native(), hand_over));
  filter::Store store;
  auto compiled = filter::compile(store, added);
  if (!compiled) return fail("compile the filter: " + compiled.error().message);
  return std::move(compiled->program);
}

}  // namespace seclude::sandbox
