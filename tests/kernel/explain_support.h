// Support for the tests of explaining: requests whose one refused call is getpriority, launchers in
// processes of their own, and who is alive.
//
// In: words for explain_target.cc. Out: outcomes, process ids. Neighbours: run_support.h.
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>

#include "run_support.h"

namespace seclude::sandbox {

inline constexpr uint16_t eperm = 1, enosys = 38;

// Nobody may trace but the supervisor.
inline Request refusing(filter::Action action, std::vector<std::string> words,
                        std::vector<Exception> also = {}) {
  Request request = request_for(std::move(words));
  request.command.front() = EXPLAIN_TARGET;
  also.push_back({"getpriority", action});
  also.push_back({"ptrace", filter::Action::deny(eperm)});
  request.rules = rules_for(filter::Action::allow(), also);
  return request;
}

inline Outcome explained(const Request& request, Supervise how = Supervise::Explain) {
  // The run before made this process untraceable (RunOptions::supervision).
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  const Outcome outcome = run_request(request, {.supervision = Supervision{.how = how}});
  EXPECT_EQ(outcome.observed.how, Observed::How::Explained);
  return outcome;
}

// By a helper that began before anything was known of the run.
inline Outcome explained_early(const Request& request, Supervision supervision,
                               const Supervisor::DescribeFrom& describe = {}) {
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  auto helper = Supervisor::begin(describe);
  EXPECT_TRUE(helper);
  return run_request(request, {.supervision = std::move(supervision), .helper = &*helper});
}

struct Process {
  int id = 0, parent = 0, group = 0;
};

// Those that have not ended.
inline std::vector<Process> processes_named(const std::string& name) {
  std::vector<Process> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string number = entry.path().filename();
    if (number.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto stat = kernel::read_file("/proc/" + number + "/stat", 400);
    if (!stat || stat->find("(" + name + ")") == std::string::npos) continue;
    std::istringstream rest(stat->substr(stat->rfind(')') + 1));
    char state = 0;
    Process process{std::stoi(number)};
    rest >> state >> process.parent >> process.group;
    if (state != 'Z') found.push_back(process);
  }
  return found;
}

// Of this test: others may run beside it.
inline size_t targets() {
  const auto found = processes_named("explain_target");
  return static_cast<size_t>(std::count_if(found.begin(), found.end(), [](const Process& process) {
    return process.group == ::getpgrp();
  }));
}

template <typename Condition>
bool soon(Condition condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// A launcher in a process of its own, with its helper.
struct LauncherProcess {
  pid_t process;
  explicit LauncherProcess(const Request& request, Observed::How expected = Observed::How::Lost)
      : process(::fork()) {
    if (process != 0) return;
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    const Outcome outcome = run_request(request, {.supervision = Supervision()});
    ::_exit(outcome.observed.how == expected ? status_of(outcome) : 99);
  }
  int helper() const {
    for (const Process& one : processes_named("seclude-explain"))
      if (one.parent == process) return one.id;
    return 0;
  }
  int wait() const {
    int status = 0;
    ::waitpid(process, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
};

}  // namespace seclude::sandbox
