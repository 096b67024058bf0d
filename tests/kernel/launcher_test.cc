// Launcher: one plan run many times, with one helper that explains all runs.
#include "explain_support.h"

namespace seclude::sandbox {
namespace {

using filter::Action;

Result<Launcher> explaining_launcher(const Request& request) {
  auto plan = make_plan(request);
  EXPECT_TRUE(plan);
  // The run before made this process untraceable (RunOptions::supervision).
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  return Launcher::make(std::move(*plan), {.supervision = Supervision()});
}

Outcome run_again(Launcher& launcher) {
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  return launcher.run();
}

int helper_of_this_process() {
  for (const Process& one : processes_named("seclude-explain"))
    if (one.parent == ::getpid()) return one.id;
  return 0;
}

// Zombies are among them (proc(5), /proc/PID/task/TID/children).
std::string children() {
  const std::string self = std::to_string(::getpid());
  return kernel::read_file("/proc/self/task/" + self + "/children").value_or("?");
}

TEST(Launcher, EveryRunHasItsOwnDenialsAndAllHaveOneHelper) {
  auto launcher = explaining_launcher(refusing(Action::deny(77), {"repeat", "3"}));
  ASSERT_TRUE(launcher);
  int helper = 0;
  for (int run = 0; run < 300; ++run) {  // more than the runs' numbers on the wire
    const Outcome outcome = run_again(*launcher);
    ASSERT_EQ(outcome.ending, Ending(Exited{77})) << run;
    ASSERT_EQ(outcome.observed.how, Observed::How::Explained) << run;
    ASSERT_EQ(outcome.observed.denials.seen.size(), 1u) << run;
    EXPECT_EQ(outcome.observed.denials.seen.front().times, 3u) << run;
    EXPECT_TRUE(outcome.observed.denials.saw_every_end) << run;
    if (run == 0) helper = helper_of_this_process();
    ASSERT_EQ(helper_of_this_process(), helper) << run;
  }
  EXPECT_NE(helper, 0);
}

TEST(Launcher, LeavesNoProcessBehind) {
  const std::string before = children();
  {
    auto launcher = explaining_launcher(refusing(Action::deny(77), {"once"}));
    ASSERT_TRUE(launcher);
    EXPECT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
    EXPECT_NE(children(), before);  // the helper, waiting for the next run
  }
  EXPECT_EQ(children(), before);
}

// A single run: the helper has been collected, or it would stay a zombie of a process that lives
// on.
TEST(Launcher, ARunLeavesNoZombie) {
  const std::string before = children();
  EXPECT_EQ(explained(refusing(Action::deny(77), {"once"})).ending, Ending(Exited{77}));
  EXPECT_EQ(children(), before);
}

TEST(Launcher, AfterARunThatLeftProcessesBehindAnotherHelperServes) {
  const Folder folder;
  Request request = refusing(Action::deny(77), {"leave-behind"});
  request.stdout_file = folder.file("answer");
  auto launcher = explaining_launcher(request);
  ASSERT_TRUE(launcher);
  EXPECT_EQ(run_again(*launcher).ending, Ending(Exited{0}));
  const Outcome second = run_again(*launcher);
  EXPECT_EQ(second.ending, Ending(Exited{0}));
  EXPECT_EQ(second.observed.how, Observed::How::Explained);
  EXPECT_TRUE(soon([] { return targets() == 0; }));
  // Helpers that stayed are collected when the next one starts.
  EXPECT_TRUE(soon([] { return helper_of_this_process() == 0; }));
  const auto once = explained(refusing(Action::deny(77), {"once"}));
  EXPECT_EQ(once.ending, Ending(Exited{77}));
  EXPECT_EQ(children(), "");
}

TEST(Launcher, AKilledHelperIsReplacedAfterTheRunThatMissedIt) {
  auto launcher = explaining_launcher(refusing(Action::deny(77), {"once"}));
  ASSERT_TRUE(launcher);
  EXPECT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
  ::kill(helper_of_this_process(), SIGKILL);
  EXPECT_TRUE(soon([] { return helper_of_this_process() == 0; }));
  const Outcome missed = run_again(*launcher);
  EXPECT_TRUE(std::holds_alternative<SetupError>(missed.ending));
  const Outcome next = run_again(*launcher);
  EXPECT_EQ(next.ending, Ending(Exited{77}));
  EXPECT_EQ(next.observed.denials.seen.size(), 1u);
}

TEST(Launcher, AProgramThatCannotStartDoesNotSpoilTheNextRun) {
  const Folder folder;
  Request request = refusing(Action::deny(77), {"once"});
  const std::string copy = folder.file("program");
  std::filesystem::copy_file(EXPLAIN_TARGET, copy);
  request.command.front() = copy;
  auto launcher = explaining_launcher(request);
  ASSERT_TRUE(launcher);
  std::filesystem::rename(copy, copy + ".away");
  EXPECT_TRUE(std::holds_alternative<SetupError>(run_again(*launcher).ending));
  std::filesystem::rename(copy + ".away", copy);
  EXPECT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
}

TEST(Launcher, WithoutSupervisionRunsTheProgramBehindItsFilter) {
  auto plan = make_plan(refusing(Action::deny(77), {"once"}));
  ASSERT_TRUE(plan);
  auto launcher = Launcher::make(std::move(*plan), {.as_stand_in = false});
  ASSERT_TRUE(launcher);
  const std::string before = children();
  for (int run = 0; run < 3; ++run) EXPECT_EQ(launcher->run().ending, Ending(Exited{77}));
  EXPECT_EQ(children(), before);
}

}  // namespace
}  // namespace seclude::sandbox
