// `seclude check`: whether policies hold.
//
// In: policies. Out: everything wrong with them on standard error; on standard output one line
// each: holds (every expectation proven for every listed architecture), falls, or could not be
// checked. The work is done by filter/resolve.h and filter/check.h.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/console.h"
#include "cli/json.h"
#include "cli/layers.h"
#include "cli/session.h"
#include "filter/check.h"
#include "filter/proof/lint.h"

namespace seclude::cli {

namespace {

enum class Fate { Holds, Falls, CouldNot };

const char* word(Fate fate) {
  switch (fate) {
    case Fate::Holds:
      return "holds";
    case Fate::Falls:
      return "falls";
    case Fate::CouldNot:
      return "could not be checked";
  }
  return "";
}

std::vector<std::string> arch_names(const filter::Resolved& resolved) {
  std::vector<std::string> names;
  for (calls::Arch arch : resolved.archs) names.emplace_back(calls::info(arch).name);
  return names;
}

Json report(const Loaded& loaded, const filter::Resolved& resolved, Fate fate) {
  Json document{{"policy", loaded.name}, {"result", fate == Fate::CouldNot ? "error" : word(fate)}};
  document["errors"] = loaded.diagnostics.errors();
  document["warnings"] = loaded.diagnostics.warnings();
  document["diagnostics"] = to_json(loaded.diagnostics, loaded.sources);
  if (fate == Fate::CouldNot) return document;
  document["architectures"] = arch_names(resolved);
  document["kernel"] = fmt::format("{}.{}", resolved.pin.major, resolved.pin.minor);
  document["fragment"] = resolved.fragment;
  Json phases = Json::array();
  for (const filter::PhaseRules& phase : resolved.phases)
    if (!phase.name.empty()) phases.push_back(phase.name);
  document["phases"] = std::move(phases);
  document["expectations"] = resolved.flat.expects.size();
  document["lines"] = lines_of(loaded, resolved);
  return document;
}

std::string sentence(const Loaded& loaded, const filter::Resolved& resolved, Fate fate) {
  std::string text = fmt::format("{}: {}", loaded.name, word(fate));
  if (fate != Fate::Holds) {
    text += ": " + count(loaded.diagnostics.errors(), "error");
    if (loaded.diagnostics.warnings() > 0)
      text += ", " + count(loaded.diagnostics.warnings(), "warning");
    return text;
  }
  text += " on " + join(arch_names(resolved), ", ");
  size_t expectations = resolved.flat.expects.size();
  if (expectations > 0) text += ", " + count(expectations, "expectation") + " proven";
  if (loaded.diagnostics.warnings() > 0)
    text += ", " + count(loaded.diagnostics.warnings(), "warning");
  return text;
}

// What built-in profiles allow, they allow on purpose.
bool is_built_in(const Loaded& loaded) {
  return loaded.sources.at(loaded.texts.policies.front().source).built_in;
}

Fate check_one(const std::string& name, const Arguments& arguments, Console& console,
               Json& reports) {
  bool json = arguments.has(flag::json);
  Result<Loaded> loaded = load_policy(name, arguments);
  if (!loaded) {
    console.error(loaded.error());
    reports.push_back(
        {{"policy", name}, {"result", "error"}, {"message", to_string(loaded.error())}});
    return Fate::CouldNot;
  }
  filter::Store store;
  filter::Resolved resolved = filter::resolve(loaded->texts, loaded->settings, loaded->diagnostics);
  Fate fate = loaded->diagnostics.has_errors() ? Fate::CouldNot : Fate::Holds;
  if (fate == Fate::Holds) {
    filter::check(store, loaded->texts, loaded->settings, resolved, loaded->diagnostics);
    if (!loaded->diagnostics.has_errors() && !is_built_in(*loaded))
      filter::lint(store, loaded->texts, resolved, loaded->diagnostics);
    bool counted = arguments.has(flag::werror) && loaded->diagnostics.warnings() > 0;
    if (loaded->diagnostics.has_errors() || counted) fate = Fate::Falls;
  }
  if (json) {
    reports.push_back(report(*loaded, resolved, fate));
    return fate;
  }
  console.diagnostics(loaded->diagnostics, loaded->sources);
  if (!console.quiet()) console.answer(sentence(*loaded, resolved, fate) + "\n");
  return fate;
}

int check(const Arguments& arguments, Console& console) {
  Fate worst = Fate::Holds;
  Json reports = Json::array();
  for (const std::string& name : arguments.rest)
    worst = std::max(worst, check_one(name, arguments, console, reports));
  if (arguments.has(flag::json)) console.answer(dump({{"schema", 1}, {"policies", reports}}));
  return static_cast<int>(worst);
}

constexpr const Flag* flags[] = {&flag::arch,  &flag::set,   &flag::werror, &flag::json,
                                 &flag::quiet, &flag::plain, &flag::help};
constexpr ExitStatus exits[] = {
    {"0", "every policy holds"},
    {"1",
     "some policy falls: an expectation is wrong, rules contradict each other, or there are "
     "warnings and --werror"},
    {"2", "some policy could not be read or understood"},
};
constexpr std::string_view examples[] = {"seclude check site.seclude",
                                         "seclude check --werror --arch all policies/*.seclude"};

}  // namespace

const Command check_command{
    .name = "check",
    .usage = "POLICY...",
    .summary = "prove that policies hold",
    .about =
        "Reads each policy with everything it uses, resolves every name for every architecture it "
        "lists, and proves each `expect` line for all inputs. What is wrong is shown with the line "
        "and what to write instead; an expectation that falls comes with one concrete call.",
    .flags = flags,
    .exits = exits,
    .examples = examples,
    .fewest = 1,
    .takes_profiles = true,
    .run = check,
};

}  // namespace seclude::cli
