// Outcome, reported: how a run ended, in one line for people and as JSON for tools.
//
// In: an Outcome (sandbox/outcome.h), perhaps the plan it came from. Out: text. The JSON is what
// `run --report FILE` writes; its fields are described in docs/ and only ever added to.
// Neighbours: cli/run.cc prints the one and writes the other.
#pragma once

#include <string>

#include "base/source.h"
#include "evidence/diagnose.h"
#include "sandbox/outcome.h"
#include "sandbox/plan.h"

namespace seclude::report {

// "killed by policy: SIGSYS"; "ended by SIGKILL"; empty when the program ended by itself.
std::string describe(const sandbox::Ending& ending);
// A signal by which users, service managers and closed pipes end programs every day, so that
// nobody needs to be told.
bool was_asked_to_end(const sandbox::Ending& ending);

// The steps of a launch, for `run --plan --json`.
std::string to_json(const sandbox::Plan& plan);

// What the denials of an outcome are explained with.
struct Explanation {
  evidence::Context context;
  const SourceMap& sources;
};

// One object, two spaces of indentation, a newline at the end. `plan` adds what was enforced,
// `explanation` the denials a supervisor saw.
std::string to_json(const sandbox::Outcome& outcome, const sandbox::Plan* plan = nullptr,
                    const Explanation* explanation = nullptr);

}  // namespace seclude::report
