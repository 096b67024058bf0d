// Run: how programs end and what becomes of it. Real programs behind a filter that allows all or
// all but one call.
#include <csignal>

#include <sys/stat.h>
#include <sys/wait.h>
#include <fstream>

#include "kernel/signals.h"
#include "run_support.h"

namespace seclude::sandbox {
namespace {

using filter::Action;

TEST(RunStatus, EveryExitStatusIsTheProgramsOwn) {
  for (int status = 0; status < 256; ++status) {
    const Outcome outcome = run_target({"exit", std::to_string(status)});
    ASSERT_EQ(outcome.ending, Ending(Exited{status}));
    ASSERT_EQ(status_of(outcome), status);
  }
}

TEST(RunStatus, EverySignalThatEndsAProgramIs128MoreThanItsNumber) {
  for (int number = 1; number < 32; ++number) {
    switch (number) {
      case SIGCHLD:
      case SIGURG:
      case SIGWINCH:
      case SIGCONT:  // ignored by default
      case SIGSTOP:
      case SIGTSTP:
      case SIGTTIN:
      case SIGTTOU:  // stop by default
      case SIGSYS:
        continue;
      default:
        break;
    }
    const Outcome outcome = run_target({"signal", std::to_string(number)});
    const auto* ended = std::get_if<Signalled>(&outcome.ending);
    ASSERT_TRUE(ended) << kernel::signal_name(number);
    ASSERT_EQ(ended->signal, number);
    ASSERT_EQ(status_of(outcome), 128 + number);
  }
  EXPECT_EQ(status_of(run_target({"signal", std::to_string(SIGRTMIN + 2)})), 128 + SIGRTMIN + 2);
}

TEST(RunStatus, AKillByTheFilterIs159) {
  for (const Action action : {Action::kill(), Action::kill_thread(), Action::trap()}) {
    Request request = request_for({"call", std::to_string(native_number("getppid"))});
    EXPECT_EQ(status_of(run_request(request)), 0);
    request.rules = rules_for(Action::allow(), {{"getppid", action}});
    const Outcome outcome = run_request(request);
    EXPECT_TRUE(std::holds_alternative<Denied>(outcome.ending)) << action.ret;
    EXPECT_EQ(status_of(outcome), 159);
  }
}

TEST(RunStatus, ADenialIsAnswered) {
  Request request = request_for({"call", std::to_string(native_number("getppid"))});
  request.rules = rules_for(Action::allow(), {{"getppid", Action::deny(42)}});
  EXPECT_EQ(run_request(request).ending, Ending(Exited{42}));
}

TEST(RunStatus, EverythingMayBeRefusedButTheLaunch) {
  Request request = request_for({"exit", "0"});
  request.rules = rules_for(Action::kill());
  EXPECT_EQ(status_of(run_request(request)), 159);
}

TEST(RunStatus, AnExecThatFailsBehindAFilterThatRefusesEvenExitIsStillExplained) {
  const Folder folder;
  const std::string file = folder.file("garbage");
  ASSERT_TRUE(kernel::write_file(file, "neither program nor script"));
  ASSERT_EQ(::chmod(file.c_str(), 0755), 0);
  for (const Action action : {Action::kill(), Action::deny(1)}) {
    Request request = request_for({});
    request.command = {file};
    request.rules = rules_for(action);
    const Outcome outcome = run_request(request);
    const auto* error = std::get_if<SetupError>(&outcome.ending);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->error.errno_value, ENOEXEC);
    EXPECT_EQ(status_of(outcome), 126);
  }
}

TEST(RunStatus, WhatCannotBeRunIs126AndWhatIsNotThereIs127) {
  const Folder folder;
  const std::string file = folder.file("file");
  ASSERT_TRUE(kernel::write_file(file, "#!/bin/sh\n"));
  const auto status = [&](const std::string& command) {
    Request request = request_for({});
    request.command = {command};
    request.search_path = "/nonexistent:" + folder.path();
    return status_of(run_request(request));
  };
  EXPECT_EQ(status(file), 126);
  EXPECT_EQ(status("file"), 126);
  EXPECT_EQ(status(folder.path()), 126);
  EXPECT_EQ(status(file + "/below"), 127);
  EXPECT_EQ(status(folder.file("missing")), 127);
  EXPECT_EQ(status("missing"), 127);
  ASSERT_EQ(::chmod(file.c_str(), 0755), 0);
  EXPECT_EQ(status("file"), 0);
}

TEST(RunStatus, WhatTheLauncherCannotDoIs125) {
  Request folder = request_for({"exit", "0"});
  folder.directory = "/nonexistent";
  EXPECT_EQ(status_of(run_request(folder)), 125);
  Request input = request_for({"exit", "0"});
  input.stdin_file = "/nonexistent/file";
  EXPECT_EQ(status_of(run_request(input)), 125);
  Request descriptor = request_for({"exit", "0"});
  descriptor.keep_descriptors = {987};
  EXPECT_EQ(status_of(run_request(descriptor)), 125);
  Request foreign = request_for({"exit", "0"});
  foreign.rules->archs[0].arch =
      calls::native() == calls::Arch::riscv64 ? calls::Arch::loongarch64 : calls::Arch::riscv64;
  EXPECT_EQ(status_of(run_request(foreign)), 125);
  Request nothing = request_for({});
  nothing.command.clear();
  EXPECT_EQ(status_of(run_request(nothing)), 125);
}

TEST(RunStatus, TheTimeLimitIs124AndTheProgramIsGone) {
  const Outcome outcome =
      run_request(request_for({"spin"}), {.time_limit = uint64_t{100} * 1000 * 1000});
  EXPECT_EQ(outcome.ending, Ending(TimeLimit{}));
  EXPECT_EQ(status_of(outcome), 124);
  EXPECT_GE(outcome.usage.wall, 100u * 1000 * 1000);
  EXPECT_LT(outcome.usage.wall, 5000u * 1000 * 1000);
  EXPECT_GT(outcome.usage.user, 0u);
  EXPECT_EQ(status_of(run_request(request_for({"exit", "3"}), {.time_limit = 10000000000})), 3);
}

TEST(RunStatus, UsageIsTheProgramsOwn) {
  // More than this process ever had: what it had at the launch counts as the program's (see
  // Usage::peak_memory_exact).
  const uint64_t megabytes = (kernel::own_peak_memory() >> 20) + 64;
  const Outcome outcome = run_target({"memory", std::to_string(megabytes)});
  EXPECT_EQ(status_of(outcome), 0);
  EXPECT_TRUE(outcome.usage.peak_memory_exact);
  EXPECT_GE(outcome.usage.peak_memory, megabytes << 20);
  EXPECT_LT(outcome.usage.peak_memory, (megabytes + 16) << 20);
  EXPECT_FALSE(run_target({"exit", "0"}).usage.peak_memory_exact);
  EXPECT_GT(outcome.usage.wall, 0u);
}

TEST(RunStatus, LimitsHold) {
  Request request = request_for({"spin"});
  request.limits.push_back({LimitedResource::CpuTime, 1});
  EXPECT_EQ(status_of(run_request(request)), 128 + SIGKILL);
}

}  // namespace
}  // namespace seclude::sandbox
