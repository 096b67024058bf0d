// Outcome: see outcome.h.
#include "sandbox/outcome.h"

#include <csignal>

namespace seclude::sandbox {
namespace {

constexpr int time_limit_status = 124, setup_status = 125, not_executable_status = 126,
              not_found_status = 127, signal_base = 128;

struct StatusOf {
  int operator()(const Exited& ending) const { return ending.status; }
  int operator()(const Signalled& ending) const { return signal_base + ending.signal; }
  int operator()(const Denied&) const { return signal_base + SIGSYS; }
  int operator()(const TimeLimit&) const { return time_limit_status; }
  int operator()(const OverLimit& ending) const {
    switch (ending.resource) {
      case policy::Resource::Time:
      case policy::Resource::CpuTime:
        return time_limit_status;
      case policy::Resource::FileSize:
        return signal_base + SIGXFSZ;
      case policy::Resource::Memory:
      case policy::Resource::Processes:
      case policy::Resource::Threads:
      case policy::Resource::OpenFiles:
      case policy::Resource::Output:
        return signal_base + SIGKILL;
    }
    return signal_base + SIGKILL;
  }
  int operator()(const SetupError& ending) const {
    switch (ending.kind) {
      case SetupError::Kind::NotFound:
        return not_found_status;
      case SetupError::Kind::NotExecutable:
        return not_executable_status;
      case SetupError::Kind::NotWatchable:
      case SetupError::Kind::Setup:
        return setup_status;
    }
    return setup_status;
  }
};

}  // namespace

int exit_status(const Ending& ending) { return std::visit(StatusOf{}, ending); }

}  // namespace seclude::sandbox
