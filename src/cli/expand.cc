// `seclude expand`: a policy with nothing left to look up.
//
// In: a policy. Out: a policy that means the same, without sets, `let` and `use`, each line with
// the place it came from; what seclude itself adds stands at the end. filter/expand.h writes it.
#include "filter/expand.h"
#include "filter/proof/contradictions.h"

#include "cli/console.h"
#include "cli/json.h"
#include "cli/session.h"

namespace seclude::cli {

namespace {

int expand(const Arguments& arguments, Console& console) {
  Result<Loaded> loaded = load_policy(arguments.rest[0], arguments);
  if (!loaded) {
    console.error(loaded.error());
    return 2;
  }
  filter::Resolved resolved = filter::resolve(loaded->texts, loaded->settings, loaded->diagnostics);
  filter::Store store;
  if (!loaded->diagnostics.has_errors())
    filter::find_contradictions(store, resolved, loaded->diagnostics);
  if (failed(*loaded, arguments, console)) return 2;
  std::string text = filter::expand(loaded->texts, loaded->settings, resolved, loaded->sources);
  if (arguments.has(flag::json))
    text = dump({{"schema", 1}, {"policy", loaded->name}, {"text", text}});
  return console.deliver(arguments, text);
}

constexpr const Flag* flags[] = {&flag::arch,  &flag::set,   &flag::output, &flag::json,
                                 &flag::quiet, &flag::plain, &flag::help};
constexpr ExitStatus exits[] = {{"0", "written"}, {"2", "the policy is wrong"}};
constexpr std::string_view examples[] = {"seclude expand image-converter",
                                         "seclude expand site.seclude -o site.expanded.seclude"};

}  // namespace

const Command expand_command{
    .name = "expand",
    .usage = "POLICY",
    .summary = "write a policy out, with no set and no `use` left",
    .about =
        "Prints a policy that means the same as this one and looks nothing up: sets are lists of "
        "calls, used policies stand in it line by line, and every line says where it came from. "
        "What seclude itself adds (returning from signal handlers, calls whose arguments no filter "
        "sees, calls newer than the policy's kernel) stands at the end.",
    .flags = flags,
    .exits = exits,
    .examples = examples,
    .fewest = 1,
    .most = 1,
    .takes_profiles = true,
    .run = expand,
};

}  // namespace seclude::cli
