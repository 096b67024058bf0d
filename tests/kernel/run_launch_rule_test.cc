// Run: the exemption that starts the target is the launcher's alone, and nobody inside gets a
// listener.
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstdlib>

#include "kernel/raw.h"
#include "kernel/seccomp.h"
#include "run_support.h"
#include "sandbox/launch_filter.h"

namespace seclude::sandbox {
namespace {

using filter::Action;
using kernel::raw::LaunchKey;

TEST(LaunchRule, TheTargetCannotExecuteWhateverItsRegistersHold) {
  Request request = request_for({"execve", TARGET_PROGRAM});
  request.rules = rules_for(Action::allow(), {{"execve", Action::deny(EPERM)}});
  const Printed printed = output_of(request);
  EXPECT_EQ(printed.outcome.ending, Ending(Exited{0})) << printed.text;
}

TEST(LaunchRule, TheSameAttemptsSucceedWhereExecveIsAllowed) {
  Request request = request_for({"execve", TARGET_PROGRAM});
  EXPECT_EQ(run_request(request).ending, Ending(Exited{77}));
}

TEST(LaunchRule, ExecveThatThePolicyKillsIsKilledInTheTarget) {
  Request request = request_for({"execve", TARGET_PROGRAM});
  request.rules = rules_for(Action::allow(), {{"execve", Action::kill()}});
  EXPECT_EQ(status_of(run_request(request)), 159);
}

TEST(LaunchRule, OneWrongBitOfTheKeyIsRefusedAndTheRightKeyPasses) {
  const LaunchKey key = {0x0123456789abcdef, 0x8000000000000001, 0xfedcba9876543210};
  const auto program =
      launch_filter(rules_for(Action::allow(), {{"execve", Action::deny(EPERM)}}), key);
  ASSERT_TRUE(program);
  const pid_t child = ::fork();
  if (child == 0) {
    char* argv[] = {const_cast<char*>("target"), const_cast<char*>("exit"), const_cast<char*>("34"),
                    nullptr};  // 34: a wrong key has passed
    char* const environment[] = {nullptr};
    if (!kernel::confine_this_thread(*program)) ::_exit(1);
    for (size_t bit = 0; bit < 192; ++bit) {
      LaunchKey wrong = key;
      wrong[bit / 64] ^= 1UL << (bit % 64);
      if (kernel::raw::execute(TARGET_PROGRAM, argv, environment, wrong) != EPERM) ::_exit(2);
    }
    argv[2] = const_cast<char*>("33");
    ::_exit(kernel::raw::execute(TARGET_PROGRAM, argv, environment, key));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 33);
}

TEST(LaunchRule, AListenerIsRefused) {
  EXPECT_EQ(run_target({"listener"}).ending, Ending(Exited{EPERM}));
}

TEST(LaunchRule, AListenerIsThereForAProgramWithoutAFilter) {
  if (!kernel::flags_available(kernel::filter_flag::new_listener))
    GTEST_SKIP() << "needs SECCOMP_FILTER_FLAG_NEW_LISTENER";
  Request request = request_for({"listener"});
  request.rules = std::nullopt;
  EXPECT_EQ(run_request(request).ending, Ending(Exited{0}));
}

TEST(LaunchRule, AStricterAnswerToSeccompStays) {
  Request request = request_for({"listener"});
  request.rules = rules_for(Action::allow(), {{"seccomp", Action::deny(EBADF)}});
  EXPECT_EQ(run_request(request).ending, Ending(Exited{EBADF}));
  request.rules = rules_for(Action::allow(), {{"seccomp", Action::kill()}});
  EXPECT_EQ(status_of(run_request(request)), 159);
}

}  // namespace
}  // namespace seclude::sandbox
