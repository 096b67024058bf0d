// Ranks `otherwise` lines; see otherwise.h.
#include "filter/rules/otherwise.h"

#include <string>

namespace seclude::filter {

void settle(std::optional<Otherwise>& current, const Otherwise& next) {
  auto rank = [](const Otherwise& one) { return (one.named ? 2 : 0) + (one.own ? 1 : 0); };
  if (!current || rank(next) > rank(*current)) {
    current = next;
  } else if (rank(next) == rank(*current) && next.action != current->action) {
    current->rival = {next.action, next.origin};
  }
}

void report_rival(const std::optional<Otherwise>& answer, std::string_view name, calls::Arch arch,
                  Diagnostics& diagnostics) {
  if (!answer || !answer->rival) return;
  const auto& [action, origin] = *answer->rival;
  diagnostics.add(
      {.message = name.empty() ? "two general `otherwise` lines differ"
                               : "two `otherwise` lines differ for `" + std::string(name) + "`",
       .span = origin,
       .label = to_string(action, arch) + " here",
       .examples = {},
       .remarks = {{"the other one", answer->origin, to_string(answer->action, arch) + " there"}},
       .helps = {name.empty() ? "say your own `otherwise ACTION`: it beats those of `use`"
                              : "say it for the call's own name: `otherwise ACTION for " +
                                    std::string(name) + "`"}});
}

}  // namespace seclude::filter
