// Launcher: one plan run many times, with one helper that explains all runs, and makes the
// namespaces of the next one where it may.
#include <sched.h>
#include <sys/mount.h>

#include <set>

#include "explain_support.h"
#include "kernel/capabilities.h"
#include "kernel/raw.h"
#include "kernel/raw_call.h"

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

// ---- namespaces ---------------------------------------------------------------------------------

Request isolated(Request request) {
  request.isolation =
      Isolation{.network = true, .processes = true, .ipc = true, .lines = {"isolate all"}};
  return request;
}

// What a shell prints.
Request asking(const std::string& script, const std::string& answer) {
  Request request = isolated(refusing(Action::deny(eperm), {}));
  request.command = {"/bin/sh", "-c", script};
  request.stdout_file = answer;
  return request;
}

// First processes that wait for a program, or have one.
std::vector<int> inits_of(int launcher) {
  std::vector<int> found;
  for (const Process& one : processes_named("seclude-init"))
    if (one.parent == launcher) found.push_back(one.id);
  return found;
}

bool may_make_ahead() { return ::geteuid() == 0; }

TEST(Launcher, EveryRunHasNamespacesOfItsOwn) {
  const Folder folder;
  const std::string answer = folder.file("answer");
  auto launcher = explaining_launcher(asking(
      "readlink /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/pid; echo $$; ls /proc | grep -c "
      "'^[0-9]'; grep -c : /proc/net/dev",
      answer));
  ASSERT_TRUE(launcher);
  std::set<std::string> seen;
  constexpr size_t runs = 50;
  for (size_t run = 0; run < runs; ++run) {
    ASSERT_EQ(run_again(*launcher).ending, Ending(Exited{0})) << run;
    std::istringstream lines(kernel::read_file(answer).value_or(""));
    std::string network, ipc, processes, number, count, devices;
    lines >> network >> ipc >> processes >> number >> count >> devices;
    EXPECT_EQ(number, "2");
    EXPECT_LE(std::stoi(count), 4);  // the shell, ls, grep; the first process hides
    EXPECT_EQ(devices, "1");         // loopback
    seen.insert({network, ipc, processes});
  }
  // The kernel gives the number of one that has gone to another at some time, but not at once.
  EXPECT_GT(seen.size(), runs);
}

TEST(Launcher, NamespacesOfTheNextRunWaitAndEndWithTheLauncher) {
  const std::string before = children();
  {
    auto launcher = explaining_launcher(isolated(refusing(Action::deny(77), {"once"})));
    ASSERT_TRUE(launcher);
    for (int run = 0; run < 5; ++run) {
      const Outcome outcome = run_again(*launcher);
      ASSERT_EQ(outcome.ending, Ending(Exited{77}));
      ASSERT_EQ(outcome.observed.denials.seen.size(), 1u);
    }
    const size_t waiting = may_make_ahead() ? 1 : 0;
    EXPECT_TRUE(soon([&] { return inits_of(::getpid()).size() == waiting; }));
  }
  EXPECT_EQ(children(), before);
  EXPECT_TRUE(inits_of(::getpid()).empty());
}

TEST(Launcher, ARunWhoseNamespacesWereEndedMakesItsOwn) {
  auto launcher = explaining_launcher(isolated(refusing(Action::deny(77), {"once"})));
  ASSERT_TRUE(launcher);
  for (int run = 0; run < 5; ++run) {
    ASSERT_EQ(run_again(*launcher).ending, Ending(Exited{77})) << run;
    if (may_make_ahead()) {
      ASSERT_TRUE(soon([] { return inits_of(::getpid()).size() == 1; }));
    }
    for (const int init : inits_of(::getpid())) ::kill(init, SIGKILL);
    ASSERT_TRUE(soon([] { return inits_of(::getpid()).empty(); }));
  }
  launcher = tl::unexpected<Error>(Error{});
  EXPECT_TRUE(inits_of(::getpid()).empty());
}

// Who begins what waits for the next run; 0: nobody does.
int spare_of(int launcher) {
  for (const Process& one : processes_named("seclude-spare"))
    if (one.parent == launcher) return one.id;
  return 0;
}

TEST(Launcher, WhoeverMakesNamespacesIsReplacedWhenItIsKilledOrStopped) {
  if (!may_make_ahead()) GTEST_SKIP() << "none are made ahead without privileges";
  auto launcher = explaining_launcher(isolated(refusing(Action::deny(77), {"once"})));
  ASSERT_TRUE(launcher);
  ASSERT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
  for (const int signal : {SIGKILL, SIGSTOP, SIGKILL, SIGSTOP}) {
    const int before = spare_of(::getpid());
    ASSERT_NE(before, 0);
    ::kill(before, signal);
    // One run has what was begun before, the next finds that nobody begins anything, and another
    // takes its place.
    for (int run = 0; run < 3; ++run) ASSERT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
    EXPECT_TRUE(soon([&] { return spare_of(::getpid()) != before; })) << signal;
    EXPECT_TRUE(soon([] { return inits_of(::getpid()).size() == 1; })) << signal;
  }
}

TEST(Launcher, OfALargeProcessLittleIsCopied) {
  if (kernel::raw::is_sanitized) GTEST_SKIP() << "AddressSanitizer's memory is copied";
  if (!may_make_ahead()) GTEST_SKIP() << "none are made ahead without privileges";
  // As mappings, and on the heap.
  std::vector<char> large(size_t{64} << 20, 'x');
  std::vector<std::string> many(200'000, std::string(100, 'y'));
  auto launcher = explaining_launcher(isolated(refusing(Action::deny(77), {"once"})));
  ASSERT_TRUE(launcher);
  for (int run = 0; run < 3; ++run) ASSERT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
  const auto memory_of = [](int process) {
    std::istringstream status(
        kernel::read_file("/proc/" + std::to_string(process) + "/status").value_or(""));
    long kilobytes = -1;
    for (std::string word; status >> word;)
      if (word == "RssAnon:") status >> kilobytes;
    return kilobytes;
  };
  EXPECT_GT(memory_of(::getpid()), 64L << 10);
  ASSERT_TRUE(soon([] { return inits_of(::getpid()).size() == 1; }));
  for (const int small : {spare_of(::getpid()), inits_of(::getpid()).front()}) {
    EXPECT_GE(memory_of(small), 0);
    EXPECT_LT(memory_of(small), 4L << 10);
  }
  EXPECT_EQ(large.back(), many.back().back() - 1);
}

TEST(Launcher, AKilledHelperLeavesNoNamespaces) {
  const std::string before = children();
  {
    auto launcher = explaining_launcher(isolated(refusing(Action::deny(77), {"once"})));
    ASSERT_TRUE(launcher);
    for (int run = 0; run < 5; ++run) {
      ASSERT_EQ(run_again(*launcher).ending, Ending(Exited{77})) << run;
      ::kill(helper_of_this_process(), SIGKILL);
      EXPECT_TRUE(soon([] { return helper_of_this_process() == 0; }));
      ASSERT_TRUE(std::holds_alternative<SetupError>(run_again(*launcher).ending)) << run;
    }
    ASSERT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
  }
  EXPECT_EQ(children(), before);
}

TEST(Launcher, AnIsolatedProgramThatCannotStartDoesNotSpoilTheNextRun) {
  const Folder folder;
  Request request = isolated(refusing(Action::deny(77), {"once"}));
  const std::string copy = folder.file("program");
  std::filesystem::copy_file(EXPLAIN_TARGET, copy);
  request.command.front() = copy;
  auto launcher = explaining_launcher(request);
  ASSERT_TRUE(launcher);
  for (int run = 0; run < 3; ++run) {
    std::filesystem::rename(copy, copy + ".away");
    EXPECT_TRUE(std::holds_alternative<SetupError>(run_again(*launcher).ending));
    std::filesystem::rename(copy + ".away", copy);
    EXPECT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
  }
}

TEST(Launcher, WhatIsMountedBetweenRunsIsThere) {
  const Folder folder;
  const std::string place = folder.path();
  const Request request = asking("test -e " + place + "/mounted", folder.file("answer"));
  const pid_t child = ::fork();
  if (child == 0) {
    // Nothing that is mounted from here on gets anywhere by itself.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0)
      ::_exit(may_make_ahead() ? 98 : 77);
    const std::string inner = place + "/inner";
    Request within = request;
    within.command.back() = "test -e " + inner + "/mounted";
    if (!std::filesystem::create_directory(inner)) ::_exit(97);
    auto launcher = explaining_launcher(within);
    if (!launcher || run_again(*launcher).ending != Ending(Exited{1})) ::_exit(96);
    if (::mount("tmpfs", inner.c_str(), "tmpfs", 0, nullptr) != 0) ::_exit(95);
    if (!kernel::write_file(inner + "/mounted", "")) ::_exit(94);
    ::_exit(run_again(*launcher).ending == Ending(Exited{0}) ? 0 : 93);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "mounts take privileges";
  EXPECT_EQ(status, 0) << WEXITSTATUS(status);
}

TEST(Launcher, AKilledLauncherTakesTheNamespacesAlong) {
  if (!may_make_ahead()) GTEST_SKIP() << "none are made ahead without privileges";
  // A first process ends when all in its namespace have been collected, and here nobody else may
  // hurry to do that.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  for (int round = 0; round < 10; ++round) {
    const pid_t process = ::fork();
    if (process == 0) {
      auto launcher = explaining_launcher(isolated(refusing(Action::deny(77), {"once"})));
      for (int run = 0; run < 3; ++run) (void)run_again(*launcher);
      ::pause();
    }
    ASSERT_TRUE(soon([&] { return !inits_of(process).empty(); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(round));
    std::vector<int> all = inits_of(process);
    all.push_back(spare_of(process));
    ::kill(process, SIGKILL);
    ASSERT_EQ(::waitpid(process, nullptr, 0), process);
    EXPECT_TRUE(soon([&] {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      for (const char* name : {"seclude-init", "seclude-spare"})
        for (const Process& one : processes_named(name))
          if (std::find(all.begin(), all.end(), one.id) != all.end()) return false;
      return true;
    }));
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

// What `work` returns in a copy of this process; it has run an isolated program once.
template <typename Work>
int in_a_launcher(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto launcher = explaining_launcher(isolated(refusing(Action::deny(77), {"once"})));
    if (!launcher || run_again(*launcher).ending != Ending(Exited{77})) ::_exit(99);
    ::_exit(work(launcher));
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool nothing_is_left() {
  return processes_named("seclude-spare").empty() && processes_named("seclude-init").empty();
}

TEST(Launcher, ThatHasBecomeSomebodyElseLeavesNothing) {
  if (!may_make_ahead()) GTEST_SKIP() << "none are made ahead without privileges";
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  for (const bool destroys : {false, true}) {
    EXPECT_EQ(
        in_a_launcher([&](auto& launcher) {
          if (!soon([] { return inits_of(::getpid()).size() == 1; })) return 98;
          if (::setresuid(65534, 65534, 65534) != 0) return 97;
          if (!destroys) return 0;
          (void)run_again(*launcher);  // with what there still is, or not at all
          launcher = tl::unexpected<Error>(Error{});
          return soon([] { return spare_of(::getpid()) == 0 && inits_of(::getpid()).empty(); })
                     ? 0
                     : 96;
        }),
        0);
    EXPECT_TRUE(soon([] {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      return nothing_is_left();
    }));
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

TEST(Launcher, WhatAnotherHasCollectedLeavesNothing) {
  if (!may_make_ahead()) GTEST_SKIP() << "none are made ahead without privileges";
  for (int round = 0; round < 3; ++round) {
    auto launcher = explaining_launcher(isolated(refusing(Action::deny(77), {"once"})));
    ASSERT_TRUE(launcher);
    ASSERT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
    ASSERT_TRUE(soon([] { return inits_of(::getpid()).size() == 1; }));
    const int spare = spare_of(::getpid());
    ::kill(spare, SIGKILL);
    ASSERT_EQ(::waitpid(spare, nullptr, 0), spare);
    if (round > 0) {
      ASSERT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
    }
    launcher = tl::unexpected<Error>(Error{});
    EXPECT_TRUE(inits_of(::getpid()).empty()) << round;
  }
}

TEST(Launcher, ACopyOfItsProcessEndsNothing) {
  auto launcher = explaining_launcher(isolated(refusing(Action::deny(77), {"once"})));
  ASSERT_TRUE(launcher);
  ASSERT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
  const int helper = helper_of_this_process(), spare = spare_of(::getpid());
  const pid_t child = ::fork();
  if (child == 0) {
    launcher = tl::unexpected<Error>(Error{});
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  for (int run = 0; run < 3; ++run) ASSERT_EQ(run_again(*launcher).ending, Ending(Exited{77}));
  EXPECT_EQ(helper_of_this_process(), helper);
  EXPECT_EQ(spare_of(::getpid()), spare);
}

TEST(Launcher, ThatMayNoLongerJoinNamespacesMakesThemInEachRun) {
  if (!may_make_ahead()) GTEST_SKIP() << "none are made ahead without privileges";
  EXPECT_EQ(in_a_launcher([](auto& launcher) {
              const auto trace = kernel::bit_of(kernel::Capability::SysPtrace);
              if (kernel::raw::give_up_capabilities(trace) != 0) return 98;
              for (int run = 0; run < 8; ++run)
                if (run_again(*launcher).ending != Ending(Exited{77})) return run;
              // It does not try for ever.
              return spare_of(::getpid()) == 0 && inits_of(::getpid()).empty() ? 50 : 51;
            }),
            50);
}

TEST(Launcher, WhatItsProcessHasLetGoOfIsFree) {
  const Folder folder;
  const std::string inner = folder.file("inner");
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0)
      ::_exit(may_make_ahead() ? 98 : 77);
    if (!std::filesystem::create_directory(inner)) ::_exit(97);
    if (::mount("tmpfs", inner.c_str(), "tmpfs", 0, nullptr) != 0) ::_exit(96);
    if (::chdir(inner.c_str()) != 0) ::_exit(95);
    auto launcher = explaining_launcher(isolated(refusing(Action::deny(77), {"once"})));
    for (int run = 0; run < 3; ++run)
      if (!launcher || run_again(*launcher).ending != Ending(Exited{77})) ::_exit(94);
    if (::chdir("/") != 0) ::_exit(93);
    ::_exit(::umount2(inner.c_str(), 0) == 0 ? 0 : 92);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "mounts take privileges";
  EXPECT_EQ(status, 0) << WEXITSTATUS(status);
}

}  // namespace
}  // namespace seclude::sandbox
