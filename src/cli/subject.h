// Subject: a policy or a filter file, with what it decides: what `diff`, `eval` and `inspect` work
// on.
//
// In: an argument (a built-in profile, `-`, or a file whose format is told from its content), and
// --arch, --set, --phase. Out: Subject, whose decision lives in the given store, and the deciding
// line or instruction for any call. Neighbours: session.h loads policies, formats/ reads filters.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cli/json.h"
#include "cli/session.h"
#include "filter/diagram.h"
#include "filter/input.h"
#include "filter/lift.h"
#include "filter/program.h"
#include "filter/resolve.h"

namespace seclude::cli {

struct Subject {
  std::string name;                   // as messages call it
  std::optional<Loaded> policy = {};  // with `resolved`; otherwise `program`
  filter::Resolved resolved = {};
  filter::Program program = {};
  calls::Arch arch =
      calls::native();  // the first of the policy, or whose byte order the filter has
  bool is_filter() const { return !policy.has_value(); }
};

// Says what is wrong on the console.
std::optional<Subject> read_subject(const std::string& argument, const Arguments& arguments,
                                    Console& console);

// What it decides. Of a policy: these rules, and whether mediated calls are told from allowed ones.
struct View {
  const filter::Rules* rules = nullptr;  // of a policy
  bool mediation = false;
};
std::optional<filter::Decision> decision_of(const Subject& subject, const View& view,
                                            filter::Store& store, Console& console);

// "intricate to be decided exactly, at instruction 3: this product (more than 1048576 nodes)".
std::string in_words(const filter::Undecided& undecided);

// The line of the policy, or the instruction of the filter, that decides this call.
std::string decided_by(const Subject& subject, const View& view, const filter::Input& input);
Json decided_by_json(const Subject& subject, const View& view, const filter::Input& input);

}  // namespace seclude::cli
