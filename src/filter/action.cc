// Action: return values, ranked, normalised to what the kernel does, and in words.
//
// In: SECCOMP_RET_* | data. Out: the kernel's view of it. Neighbours: lift.cc normalises what
// programs return, so that equal behaviour is equal leaves.
#include "filter/action.h"

#include <fmt/format.h>

#include <optional>

#include "calls/constants.h"

namespace seclude::filter {
namespace {

constexpr uint16_t largest_errno = 4095;  // MAX_ERRNO

}  // namespace

bool Action::refuses() const {
  switch (kind()) {
    case notify_:
    case trace_:
    case log_:
    case allow_:
      return false;
    default:  // a number, not an enum: unknown actions kill
      return true;
  }
}

int strictness(Action action) {
  switch (action.kind()) {
    case Action::kill_thread_:
      return 1;
    case Action::trap_:
      return 2;
    case Action::errno_:
      return 3;
    case Action::notify_:
      return 4;
    case Action::trace_:
      return 5;
    case Action::log_:
      return 6;
    case Action::allow_:
      return action == Action::mediated() ? 7 : 8;
    default:  // kill, and what the kernel does not know
      return 0;
  }
}

Action normalised(uint32_t ret) {
  Action action{ret};
  switch (action.kind()) {
    case Action::errno_:
      return Action::deny(action.data() > largest_errno ? largest_errno : action.data());
    case Action::trap_:
    case Action::trace_:
      return action;
    case Action::kill_thread_:
    case Action::notify_:
    case Action::log_:
    case Action::allow_:
      return {action.kind()};
    default:  // since 4.14 an unknown action kills the process
      return Action::kill();
  }
}

std::string to_string(Action action, calls::Arch arch) {
  switch (action.kind()) {
    case Action::allow_:
      return action == Action::mediated() ? "mediated" : "allow";
    case Action::log_:
      return "log";
    case Action::notify_:
      return "ask";
    case Action::trace_:
      return fmt::format("trace:{}", action.data());
    case Action::trap_:
      return fmt::format("trap:{}", action.data());
    case Action::kill_thread_:
      return "kill-thread";
    case Action::errno_: {
      std::optional<std::string_view> name = calls::errno_name(action.data(), arch);
      return name ? fmt::format("errno:{}", *name) : fmt::format("errno:{}", action.data());
    }
    default:
      return "kill";
  }
}

}  // namespace seclude::filter
