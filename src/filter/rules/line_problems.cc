// Words what cannot be tested on an architecture; see line_problems.h.
#include "filter/rules/line_problems.h"

#include <string>
#include <string_view>

#include "base/text.h"
#include "filter/rules/predicate.h"

namespace seclude::filter {

void arguments_exist(const policy::Pred& where, const std::vector<calls::CallId>& list,
                     calls::Arch arch, Diagnostics& diagnostics) {
  std::string lacking;
  size_t count = 0;
  const policy::Name* name = nullptr;
  calls::CallId first = 0;
  for (calls::CallId call : list) {
    const policy::Name* missing = missing_argument(where, call, arch);
    if (!missing) continue;
    if (count == 0) first = call;
    name = name ? name : missing;
    if (++count <= 4)
      lacking += (lacking.empty() ? "`" : ", `") + std::string(calls::name_of(call)) + "`";
  }
  if (count == 0) return;
  if (count > 4) lacking += " and " + std::to_string(count - 4) + " more";
  Diagnostic problem{.message = "no argument `" + escape(name->text, 60) + "` in " + lacking,
                     .span = name->span,
                     .label = "every call of the line must have it"};
  std::vector<std::string_view> candidates;
  std::string known;
  for (const calls::Arg& arg : calls::args(first, arch)) {
    candidates.push_back(arg.kernel_name);
    if (!arg.man_name.empty()) candidates.push_back(arg.man_name);
    known += (known.empty() ? "`" : ", `") + std::string(arg.kernel_name) + "`";
  }
  if (auto near = nearest(name->text, candidates))
    problem.helps.push_back("did you mean `" + std::string(*near) + "`?");
  else if (!known.empty())
    problem.helps.push_back("`" + std::string(calls::name_of(first)) + "` has " + known);
  else
    problem.helps.push_back("`" + std::string(calls::name_of(first)) + "` has no arguments");
  diagnostics.add(std::move(problem));
}

void no_fallback(Span line, calls::CallId call, calls::CallId carrier, calls::Arch arch,
                 Diagnostics& diagnostics) {
  std::string name(calls::name_of(call)), where(calls::info(arch).name);
  diagnostics.add({.message = "the arguments of `" + name + "` cannot be tested on " + where,
                   .span = line,
                   .label = "there it exists only inside `" + std::string(calls::name_of(carrier)) +
                            "`, with arguments in memory",
                   .helps = {"put the line into `on ARCH { ... }` for the others, and say what `" +
                             name + "` gets on " + where}});
}

void in_memory_only(Span line, Action action, const std::vector<calls::CallId>& list,
                    calls::Arch arch, Diagnostics& diagnostics) {
  std::string names;
  for (calls::CallId call : list)
    names += (names.empty() ? "`" : ", `") + std::string(calls::name_of(call)) + "`";
  std::string where(calls::info(arch).name);
  if (action.kind() == Action::notify_ || action.kind() == Action::trace_) {
    diagnostics.add({.message = names + " cannot be tested on " + where,
                     .span = line,
                     .label = "its arguments are in memory there",
                     .helps = {"put the line into `on ARCH { ... }` for the others"}});
    return;
  }
  diagnostics.add({.severity = Severity::Note,
                   .message = "on " + where + ", " + names + " has its arguments in memory",
                   .span = line,
                   .label = action.refuses() ? "this line refuses it there whatever they are"
                                             : "this line never allows it there"});
}

}  // namespace seclude::filter
