// `seclude fmt`: policies in their canonical layout.
//
// In: policy files. Out: the same files, rewritten where the layout differs; with --check only
// their names. A file with errors is left alone: what was not understood cannot be printed back.
#include "cli/console.h"
#include "cli/files.h"
#include "cli/session.h"
#include "policy/parser.h"
#include "policy/printer.h"

namespace seclude::cli {

namespace {

// The canonical text, or nullopt after printing why there is none.
std::optional<std::string> canonical(Source source, Console& console) {
  SourceMap sources;
  Diagnostics diagnostics;
  uint32_t index = sources.add(std::move(source));
  policy::Policy policy = policy::parse(index, sources, diagnostics);
  console.diagnostics(diagnostics, sources);
  if (diagnostics.has_errors()) return std::nullopt;
  return policy::print(policy);
}

enum class Fate { Same, Changed, Failed };

Fate format_one(const std::string& name, const Arguments& arguments, Console& console) {
  Result<std::string> text = read_text(name);
  if (!text) {
    console.error(text.error());
    return Fate::Failed;
  }
  std::optional<std::string> result =
      canonical({.name = name_of_input(name), .text = *text}, console);
  if (!result) return Fate::Failed;
  bool same = *result == *text;
  if (arguments.has(flag::fmt_check)) {
    if (!same) console.answer(name_of_input(name) + "\n");
  } else if (name == "-") {
    console.answer(*result);
  } else if (!same) {
    Result<void> written = replace_file(name, *result);
    if (!written) {
      console.error(written.error());
      return Fate::Failed;
    }
    console.detail("rewrote " + name_of_input(name));
  }
  return same ? Fate::Same : Fate::Changed;
}

int fmt(const Arguments& arguments, Console& console) {
  bool failed = false, changed = false;
  for (const std::string& name : arguments.rest) {
    Fate fate = format_one(name, arguments, console);
    failed = failed || fate == Fate::Failed;
    changed = changed || fate == Fate::Changed;
  }
  if (failed) return 2;
  return changed && arguments.has(flag::fmt_check) ? 1 : 0;
}

constexpr const Flag* flags[] = {&flag::fmt_check, &flag::quiet, &flag::verbose, &flag::plain,
                                 &flag::help};
constexpr ExitStatus exits[] = {
    {"0", "every file has the canonical layout now"},
    {"1", "with --check: some file has not"},
    {"2", "some file could not be read, understood or written; the others are done"},
};
constexpr std::string_view examples[] = {"seclude fmt site.seclude",
                                         "seclude fmt --check policies/*.seclude"};

}  // namespace

const Command fmt_command{
    .name = "fmt",
    .usage = "FILE...",
    .summary = "bring policy files into the canonical layout",
    .about =
        "Rewrites each file in the one layout every policy shares; what it means, its comments "
        "and its groups of lines stay. `-` reads standard input and writes standard output. A "
        "file with errors is reported and left as it is.",
    .flags = flags,
    .exits = exits,
    .examples = examples,
    .fewest = 1,
    .run = fmt,
};

}  // namespace seclude::cli
