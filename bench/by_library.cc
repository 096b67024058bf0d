// By library: see by_library.h.
#include "by_library.h"

#include <cstdlib>
#include <memory>
#include <optional>

#include "filter/resolve.h"
#include "kernel/landlock.h"
#include "policy/load.h"
#include "sandbox/environment.h"
#include "sandbox/launch.h"
#include "sandbox/namespaces/isolation.h"
#include "sandbox/paths/path_rules.h"
#include "sandbox/paths/places.h"

namespace bench {

using namespace seclude;

sandbox::Request behind_policy(const std::string& text, std::vector<std::string> command) {
  SourceMap sources;
  Diagnostics diagnostics;
  const policy::Texts texts =
      policy::load({.name = "bench", .text = text}, policy::built_in, sources, diagnostics);
  const filter::Settings settings = {.only_native_kernel = true};
  filter::Resolved resolved = filter::resolve(texts, settings, diagnostics);
  sandbox::Request request;
  const sandbox::Places places = sandbox::places_of(texts, settings, resolved, {});
  if (places.confines_paths || places.confines_network)
    request.domain = sandbox::domain_of(places, {.landlock = kernel::landlock_version()},
                                        /*best_effort=*/false, diagnostics);
  request.isolation = sandbox::isolation_of(texts, sources);
  if (diagnostics.has_errors()) std::abort();
  request.command = std::move(command);
  request.environment = sandbox::own_environment();
  request.rules = std::move(resolved.phases.front().rules);
  return request;
}

Launch by_library(sandbox::Request request, bool explain) {
  sandbox::RunOptions options;
  if (explain) options.supervision.emplace();
  // Made at the first launch, for it belongs to the process that launches.
  auto launcher = std::make_shared<std::optional<sandbox::Launcher>>();
  return [request = std::move(request), options, launcher] {
    if (!*launcher) {
      auto plan = sandbox::make_plan(request);
      if (!plan) return false;
      auto made = sandbox::Launcher::make(std::move(*plan), options);
      if (!made) return false;
      launcher->emplace(std::move(*made));
    }
    return sandbox::exit_status((*launcher)->run().ending) == 0;
  };
}

}  // namespace bench
