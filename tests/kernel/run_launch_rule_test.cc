// Run: the exemption that starts the target is the launcher's alone, and nobody inside gets a
// listener.
#include <fcntl.h>
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
  const auto programs =
      launch_filters(rules_for(Action::allow(), {{"execve", Action::deny(EPERM)}}), key);
  ASSERT_TRUE(programs);
  ASSERT_EQ(programs->size(), 1u);
  const pid_t child = ::fork();
  if (child == 0) {
    char* argv[] = {const_cast<char*>("target"), const_cast<char*>("exit"), const_cast<char*>("34"),
                    nullptr};  // 34: a wrong key has passed
    char* const environment[] = {nullptr};
    if (!kernel::confine_this_thread(programs->front())) ::_exit(1);
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

// The program itself, as a user runs it; its exit status.
int status_of_command(std::vector<std::string> words) {
  words.insert(words.begin(), {SECLUDE_BINARY, "run", "-q"});
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const int null = ::open("/dev/null", O_RDWR);
    for (int number = 0; number <= 2; ++number) ::dup2(null, number);
    ::execv(SECLUDE_BINARY, pointers.data());
    ::_exit(99);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(LaunchRule, UnderJudgeNoRegistersStartAnything) {
  // As `judge`, but a refused call does not end the program: it tries everything it finds.
  const Folder folder;
  const std::string policy = folder.file("judged.seclude");
  ASSERT_TRUE(kernel::write_file(policy,
                                 "seclude 1\npolicy judged\nuse dynamic-program, stdio\n"
                                 "otherwise deny with EPERM\n"));
  EXPECT_EQ(status_of_command({"-p", policy, "--", TARGET_PROGRAM, "execve", TARGET_PROGRAM}), 0);
  EXPECT_EQ(status_of_command(
                {"-p", policy, "--no-explain", "--", TARGET_PROGRAM, "execve", TARGET_PROGRAM}),
            0);
  const std::string number = std::to_string(native_number("execve"));
  for (const char* first : {"0", "1", "-1", "0x7fffffffffffffff"}) {
    for (const char* third : {"0", "-1", "0x8000000000000000"}) {
      EXPECT_EQ(status_of_command({"-p", "judge", "--no-explain", "--", TARGET_PROGRAM, "call",
                                   number, "0", "0", "0", first, first, third}),
                159);
    }
  }
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
