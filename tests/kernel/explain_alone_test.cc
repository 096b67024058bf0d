// Explain, left alone: what becomes of a program when the launcher or the helper is killed or
// stopped, when it outlives them, and when it brings filters of its own.
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "explain_support.h"
#include "filter/program.h"

namespace seclude::sandbox {
namespace {

using filter::Action;

TEST(ExplainAlone, ProcessesLeftBehindGetTheSameAnswersAfterTheRun) {
  const Folder folder;
  Request request = refusing(Action::deny(77), {"leave-behind"});
  request.stdout_file = folder.file("answer");
  EXPECT_EQ(explained(request).ending, Ending(Exited{0}));
  const auto answer = [&] { return kernel::read_file(folder.file("answer")).value_or("?"); };
  EXPECT_EQ(answer(), "");
  EXPECT_TRUE(soon([&] { return answer() == "77\n"; })) << answer();
  EXPECT_TRUE(soon([] { return targets() == 0; }));
}

TEST(ExplainAlone, BehindAnotherListenerTheRunGoesOnUnexplained) {
  const Request request = refusing(Action::deny(77), {"once"});
  const pid_t child = ::fork();
  if (child == 0) {
    const filter::Instruction allow = {filter::op::ret_k, 0, 0, Action::allow().ret};
    const struct {
      unsigned short length;
      const filter::Instruction* first;
    } program = {1, &allow};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    constexpr int set_mode_filter = 1, new_listener = 8;
    if (::syscall(SYS_seccomp, set_mode_filter, new_listener, &program) < 0) ::_exit(98);
    const Outcome outcome = run_request(request, {.supervision = Supervision()});
    ::_exit(outcome.observed.how == Observed::How::Unwatched ? status_of(outcome) : 99);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 77);
}

TEST(ExplainAlone, AKilledSupervisorTakesTheTreeAlong) {
  const LauncherProcess launcher(refusing(Action::deny(eperm), {"wait"}));
  ASSERT_TRUE(soon([] { return targets() == 3; }));
  ::kill(launcher.helper(), SIGKILL);
  EXPECT_EQ(launcher.wait(), 128 + SIGKILL);
  EXPECT_TRUE(soon([] { return targets() == 0; }));
}

TEST(ExplainAlone, AKilledLauncherTakesTheTreeAlong) {
  const LauncherProcess launcher(refusing(Action::deny(eperm), {"wait"}));
  ASSERT_TRUE(soon([] { return targets() == 3; }));
  ::kill(launcher.process, SIGKILL);
  EXPECT_EQ(launcher.wait(), -1);
  EXPECT_TRUE(soon([] { return targets() == 0; }));
}

TEST(ExplainAlone, WithoutTheSupervisorRefusedCallsStayRefused) {
  // A program that may trace is not traced, so it outlives the supervisor.
  Request request = refusing(Action::deny(eperm), {"until-answer-changes"});
  request.rules = rules_for(Action::allow(), {{"getpriority", Action::deny(eperm)}});
  const LauncherProcess launcher(request);
  ASSERT_TRUE(soon([&] { return launcher.helper() != 0; }));
  ASSERT_TRUE(soon([] { return targets() == 1; }));
  ::kill(launcher.helper(), SIGKILL);
  EXPECT_EQ(launcher.wait(), enosys);
}

// A program that may trace is not followed, so it outlives the helper.
Request unfollowed(Action action, std::vector<std::string> words) {
  Request request = refusing(action, std::move(words));
  request.rules = rules_for(Action::allow(), {{"getpriority", action}});
  return request;
}

// Starts it, sends the helper a signal before the call is made, and returns how it ended.
int with_harmed_helper(const Request& request, int signal) {
  const LauncherProcess launcher(request);
  EXPECT_TRUE(soon([&] { return launcher.helper() != 0; }));
  EXPECT_TRUE(soon([] { return targets() == 1; }));
  ::kill(launcher.helper(), signal);
  return launcher.wait();
}

TEST(ExplainAlone, WhatKillsHoldsWithTheHelperDead) {
  EXPECT_EQ(with_harmed_helper(unfollowed(Action::kill(), {"later", "once"}), SIGKILL),
            128 + SIGSYS);
  // A parent inside sees how its child has ended.
  EXPECT_EQ(with_harmed_helper(unfollowed(Action::kill(), {"later", "family"}), SIGKILL), SIGSYS);
  EXPECT_EQ(with_harmed_helper(unfollowed(Action::trap(), {"later", "handle-trap"}), SIGKILL), 41);
}

TEST(ExplainAlone, WhatIsDeniedStaysDeniedWithTheHelperDead) {
  EXPECT_EQ(with_harmed_helper(unfollowed(Action::deny(eperm), {"later", "once"}), SIGKILL),
            enosys);
}

TEST(ExplainAlone, AStoppedHelperKeepsRefusedCallsWaitingAndAnswersWhenContinued) {
  const LauncherProcess launcher(unfollowed(Action::deny(77), {"later", "once"}),
                                 Observed::How::Explained);
  ASSERT_TRUE(soon([&] { return launcher.helper() != 0; }));
  ASSERT_TRUE(soon([] { return targets() == 1; }));
  ::kill(launcher.helper(), SIGSTOP);
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));  // the call is made after 500
  EXPECT_EQ(targets(), 1u);
  ::kill(launcher.helper(), SIGCONT);
  EXPECT_EQ(launcher.wait(), 77);
}

TEST(ExplainAlone, AKilledLauncherOfAStoppedHelperTakesTheTreeAlong) {
  const LauncherProcess launcher(refusing(Action::deny(eperm), {"later", "once"}));
  ASSERT_TRUE(soon([&] { return launcher.helper() != 0; }));
  ASSERT_TRUE(soon([] { return targets() == 1; }));
  const int helper = launcher.helper();
  ::kill(helper, SIGSTOP);
  ::kill(launcher.process, SIGKILL);
  EXPECT_EQ(launcher.wait(), -1);
  ::kill(helper, SIGCONT);
  EXPECT_TRUE(soon([] { return targets() == 0; }));
}

bool can_hold_up() { return ::geteuid() == 0 && std::filesystem::exists("/dev/userfaultfd"); }

// The helper waits for the program's memory, and notices nothing else; so does the launcher.
TEST(ExplainAlone, AHelperThatIsHeldUpIsEndedAndWithItWhatItFollows) {
  if (!can_hold_up()) GTEST_SKIP() << "takes privileges and Linux 6.1";
  const LauncherProcess launcher(
      refusing(Action::deny(77), {"for-ever", "hold-up"}, {{"unlinkat", Action::deny(77)}}),
      Observed::How::HeldUp);
  // What waits for an answer gets ENOSYS a moment before the kill.
  EXPECT_EQ(launcher.wait(), 128 + SIGKILL);
  EXPECT_TRUE(soon([] { return targets() == 0; }));
}

TEST(ExplainAlone, WhatIsRefusedStaysRefusedWhenItsHelperWasHeldUp) {
  if (!can_hold_up()) GTEST_SKIP() << "takes privileges and Linux 6.1";
  Request request = unfollowed(Action::deny(77), {"hold-up"});
  request.rules = rules_for(Action::allow(), {{"unlinkat", Action::deny(77)}});
  const LauncherProcess launcher(request, Observed::How::HeldUp);
  EXPECT_EQ(launcher.wait(), enosys);
}

TEST(ExplainAlone, AKilledLauncherTakesAHelperAlongThatIsHeldUp) {
  if (!can_hold_up()) GTEST_SKIP() << "takes privileges and Linux 6.1";
  const LauncherProcess launcher(
      refusing(Action::deny(77), {"hold-up"}, {{"unlinkat", Action::deny(77)}}));
  ASSERT_TRUE(soon([&] { return launcher.helper() != 0; }));
  const int helper = launcher.helper();
  const std::string waits_in = "/proc/" + std::to_string(helper) + "/wchan";
  ASSERT_TRUE(soon([&] {
    return kernel::read_file(waits_in).value_or("").find("userfault") != std::string::npos;
  }));
  ::kill(launcher.process, SIGKILL);
  EXPECT_EQ(launcher.wait(), -1);
  EXPECT_TRUE(soon([] { return targets() == 0; }));
  EXPECT_TRUE(soon([&] { return ::kill(helper, 0) != 0; }));
}

// ---- filters of the program's own ---------------------------------------------------------------

std::string number(uint32_t action) { return std::to_string(action); }

constexpr uint32_t inner_errno = SECCOMP_RET_ERRNO | 5, inner_trace = SECCOMP_RET_TRACE | 5,
                   inner_allow = SECCOMP_RET_ALLOW;

TEST(ExplainAlone, AnInnerFilterUndoesNoKill) {
  for (const uint32_t inner : {inner_errno, inner_trace, inner_allow}) {
    const std::vector<std::string> words = {"inner", number(inner), "family"};
    EXPECT_EQ(explained(refusing(Action::kill(), words)).ending, Ending(Exited{SIGSYS}));
    EXPECT_EQ(run_request(refusing(Action::kill(), words)).ending, Ending(Exited{SIGSYS}));
    std::vector<std::string> later = words;
    later.insert(later.begin(), "later");
    EXPECT_EQ(with_harmed_helper(unfollowed(Action::kill(), later), SIGKILL), SIGSYS);
  }
}

TEST(ExplainAlone, AnInnerFilterUndoesNoDenial) {
  // Its own errno outranks; what it leaves to a tracer, or allows, does not.
  const auto ending = [](uint32_t inner, auto run) {
    return run(refusing(Action::deny(77), {"inner", number(inner), "once"})).ending;
  };
  const auto plain = [](const Request& request) { return run_request(request); };
  const auto watched = [](const Request& request) { return explained(request); };
  EXPECT_EQ(ending(inner_errno, watched), Ending(Exited{5}));
  EXPECT_EQ(ending(inner_trace, watched), Ending(Exited{77}));
  EXPECT_EQ(ending(inner_allow, watched), Ending(Exited{77}));
  EXPECT_EQ(ending(inner_trace, plain), Ending(Exited{77}));
  EXPECT_EQ(ending(inner_allow, plain), Ending(Exited{77}));
}

TEST(ExplainAlone, AnInnerFilterMayTrapForABrokerOfItsOwn) {
  // What browsers do: their own filter sends SIGSYS, a handler answers in place of the kernel.
  Request request = refusing(Action::allow(), {"inner", number(SECCOMP_RET_TRAP), "handle-trap"});
  const Outcome outcome = explained(request);
  EXPECT_EQ(outcome.ending, Ending(Exited{41}));
  EXPECT_EQ(outcome.observed.denials.total(), 0u);
}

}  // namespace
}  // namespace seclude::sandbox
