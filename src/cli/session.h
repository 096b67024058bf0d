// Session: the policy a command was given, loaded with everything it uses.
//
// In: a policy argument (a file if it contains `/` or `.`, `-` for standard input, else a built-in
// profile), or for `run` several -p and the flags that stand for statements; --set and --arch.
// Out: Loaded, which the filter/ passes take, and the one place that decides how a failed load
// ends. Neighbours: statements.h turns flags into policy text; files.h reads.
#pragma once

#include <string>

#include "base/diagnostic.h"
#include "base/result.h"
#include "base/source.h"
#include "cli/command.h"
#include "cli/console.h"
#include "filter/diagram.h"
#include "filter/resolve.h"
#include "filter/settings.h"
#include "policy/load.h"

namespace seclude::cli {

struct Loaded {
  std::string name;  // as the user gave it
  SourceMap sources;
  Diagnostics diagnostics;  // of reading; the passes add theirs
  policy::Texts texts;
  filter::Settings settings;
  bool shipped = false;  // a built-in profile as it is, with no parameter set
};

// Whether a policy argument names a file (else: a built-in profile).
bool names_file(std::string_view argument);

// The text behind a policy argument.
Result<Source> read_policy(const std::string& argument);

// --set and --arch.
Result<filter::Settings> settings_of(const Arguments& arguments);

// Errors are about the world (no such file, no such profile, --set without `=`); what is wrong in
// the text is in Loaded::diagnostics.
Result<Loaded> load_policy(const std::string& argument, const Arguments& arguments);
// The same once its text was read.
Result<Loaded> load_policy(const std::string& argument, Source root, const Arguments& arguments);

// The same for a text that is at hand already (what `statements.h` made).
Result<Loaded> load_text(Source root, const Arguments& arguments);

// The texts as bytes; and loaded from them once more, in a process that shall read no file.
std::string texts_of(const Loaded& loaded);
Loaded load_from(std::string_view texts);

// Resolves and, when that found no errors, proves everything that can be proven. What is wrong is
// in loaded.diagnostics; the result must not be enforced then.
filter::Resolved prove(Loaded& loaded, filter::Store& store);

// For a launch: the same, but what was proven before it was shipped is not proven again. The
// expectations of built-in profiles hold for the text in this program, and its tests prove them on
// every architecture; the filter itself is proven where it is compiled (filter/compile.h).
filter::Resolved prove_for_launch(Loaded& loaded);

// The rules of `--phase`, or of the first phase.
Result<filter::Rules> phase_rules(const filter::Resolved& resolved, const Arguments& arguments);

// Prints the diagnostics. True when there are errors, or warnings and `--werror`.
bool failed(const Loaded& loaded, const Arguments& arguments, Console& console);

}  // namespace seclude::cli
