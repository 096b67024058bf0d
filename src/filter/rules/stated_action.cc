// Turns action words and their `with` into return values; see stated_action.h.
#include "filter/rules/stated_action.h"

#include <string>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "calls/constants.h"

namespace seclude::filter {

namespace {

constexpr uint64_t largest_errno = 4095;  // MAX_ERRNO: the kernel clamps what is above

using policy::ActionWord;

std::nullopt_t wrong(Diagnostics& diagnostics, const policy::Name& with, std::string message,
                     std::string label, std::string help) {
  Diagnostic problem{.message = std::move(message), .span = with.span, .label = std::move(label)};
  if (!help.empty()) problem.helps.push_back(std::move(help));
  diagnostics.add(std::move(problem));
  return std::nullopt;
}

std::nullopt_t unknown_errno(Diagnostics& diagnostics, const policy::Name& with) {
  std::vector<std::string_view> names;
  for (const calls::Constant& constant : calls::all_constants())
    if (constant.set == "errno") names.push_back(constant.name);
  auto near = nearest(with.text, names);
  return wrong(diagnostics, with, "unknown error number `" + escape(with.text, 60) + "`",
               "no errno has this name", near ? "did you mean `" + std::string(*near) + "`?" : "");
}

std::optional<Action> deny(const std::optional<policy::Name>& with, calls::Arch arch,
                           Diagnostics& diagnostics) {
  if (!with) {
    auto eperm = calls::find_errno("EPERM", arch);
    CHECK(eperm);
    return Action::deny(*eperm);
  }
  if (with->text == "success") return Action::deny(0);
  if (auto number = parse_integer(with->text)) {
    if (*number == 0)
      return wrong(diagnostics, *with, "`deny with 0` pretends success",
                   "the program would believe that the call was done",
                   "write `deny ... with success` if that is wanted");
    if (*number > largest_errno)
      return wrong(diagnostics, *with, "an error number above 4095",
                   "the kernel would turn it into 4095", "");
    return Action::deny(static_cast<uint16_t>(*number));
  }
  if (auto number = calls::find_errno(with->text, arch)) return Action::deny(*number);
  return unknown_errno(diagnostics, *with);
}

// The 16 bits that `trap` hands to the signal handler and `trace` to the tracer.
std::optional<uint16_t> data(const std::optional<policy::Name>& with, Diagnostics& diagnostics) {
  if (!with) return uint16_t{0};
  auto number = parse_integer(with->text);
  if (number && *number <= 0xffff) return static_cast<uint16_t>(*number);
  return wrong(diagnostics, *with, "`" + escape(with->text, 60) + "` is no number from 0 to 65535",
               "16 bits are handed over", "");
}

std::optional<Action> plain(Action action, const policy::Action& stated, Diagnostics& diagnostics) {
  if (!stated.with) return action;
  return wrong(diagnostics, *stated.with, "this action takes no `with`",
               "only `deny`, `trap` and `trace` carry a number", "leave it out");
}

}  // namespace

std::optional<Action> action_of(const policy::Action& action, calls::Arch arch,
                                Diagnostics& diagnostics) {
  switch (action.word) {
    case ActionWord::Kill:
      return plain(Action::kill(), action, diagnostics);
    case ActionWord::KillThread:
      return plain(Action::kill_thread(), action, diagnostics);
    case ActionWord::Ask:
      return plain(Action::ask(), action, diagnostics);
    case ActionWord::Log:
      return plain(Action::log(), action, diagnostics);
    case ActionWord::Allow:
      return plain(Action::allow(), action, diagnostics);
    case ActionWord::Deny:
      return deny(action.with, arch, diagnostics);
    case ActionWord::Trap:
      if (auto number = data(action.with, diagnostics)) return Action::trap(*number);
      return std::nullopt;
    case ActionWord::Trace:
      if (auto number = data(action.with, diagnostics)) return Action::trace(*number);
      return std::nullopt;
  }
  return std::nullopt;
}

bool is(ActionWord word, Action action) {
  switch (word) {
    case ActionWord::Kill:
      return action.kind() == Action::kill_process;
    case ActionWord::KillThread:
      return action.kind() == Action::kill_thread_;
    case ActionWord::Trap:
      return action.kind() == Action::trap_;
    case ActionWord::Deny:
      return action.kind() == Action::errno_;
    case ActionWord::Ask:
      return action.kind() == Action::notify_;
    case ActionWord::Trace:
      return action.kind() == Action::trace_;
    case ActionWord::Log:
      return action.kind() == Action::log_;
    case ActionWord::Allow:
      return action == Action::allow();
  }
  return false;
}

}  // namespace seclude::filter
