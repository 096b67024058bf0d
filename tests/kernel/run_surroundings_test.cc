// Run: what the program finds around itself: descriptors, variables, directory, streams, signals.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>

#include "base/text.h"
#include "run_support.h"

namespace seclude::sandbox {
namespace {

TEST(RunSurroundings, DescriptorsFrom3UpAreClosed) {
  const int one = ::open("/dev/null", O_RDONLY), other = ::dup2(one, 200);
  ASSERT_GE(one, 0);
  ASSERT_EQ(other, 200);
  EXPECT_EQ(output_of(request_for({"descriptors"})).text, "0\n1\n2\n");
  ::close(one);
  ::close(other);
}

TEST(RunSurroundings, ListedDescriptorsStayEvenWhenTheyCloseOnExec) {
  const int plain = ::open("/dev/null", O_RDONLY);
  const int closing = ::fcntl(plain, F_DUPFD_CLOEXEC, 300);
  const int between = ::fcntl(plain, F_DUPFD, 100);
  Request request = request_for({"descriptors"});
  request.keep_descriptors = {closing, plain, plain};
  EXPECT_EQ(output_of(request).text,
            "0\n1\n2\n" + std::to_string(plain) + "\n" + std::to_string(closing) + "\n");
  for (const int number : {plain, closing, between}) ::close(number);
}

TEST(RunSurroundings, AClosedStandardStreamIsDevNull) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(0);
    ::close(2);
    const Printed printed = output_of(request_for({"descriptor", "0"}));
    const Printed standard_error = output_of(request_for({"descriptor", "2"}));
    ::_exit(printed.text == "/dev/null\n" && standard_error.text == "/dev/null\n" ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(RunSurroundings, TheEnvironmentIsTheOneGiven) {
  Request request = request_for({"environment"});
  request.environment = {"A=1", "B=two words", "C="};
  EXPECT_EQ(output_of(request).text, "A=1\nB=two words\nC=\n");
  request.environment = {};
  EXPECT_EQ(output_of(request).text, "");
}

TEST(RunSurroundings, ArgumentsArriveAsGiven) {
  EXPECT_EQ(output_of(request_for({"arguments", "-x", "", "a b", "--", "\xff"})).text,
            "-x\n\na b\n--\n\xff\n");
}

TEST(RunSurroundings, TheProgramStartsInItsDirectory) {
  const Folder folder;
  Request request = request_for({"directory"});
  request.directory = folder.path();
  char real[4096];
  ASSERT_NE(::realpath(folder.path().c_str(), real), nullptr);
  EXPECT_EQ(output_of(request).text, std::string(real) + "\n");
}

TEST(RunSurroundings, ARelativeProgramIsFoundInItsDirectory) {
  const Folder folder;
  ASSERT_EQ(::symlink(TARGET_PROGRAM, folder.file("here").c_str()), 0);
  Request request = request_for({"exit", "9"});
  request.command[0] = "./here";
  EXPECT_EQ(status_of(run_request(request)), 127);
  request.directory = folder.path();
  EXPECT_EQ(status_of(run_request(request)), 9);
}

TEST(RunSurroundings, StreamsComeFromAndGoToFiles) {
  const Folder folder;
  ASSERT_TRUE(kernel::write_file(folder.file("in"), "some input"));
  ASSERT_TRUE(kernel::write_file(folder.file("err"), "what was there before and is longer"));
  Request request = request_for({"echo"});
  request.stdin_file = folder.file("in");
  request.stdout_file = folder.file("out");
  request.stderr_file = folder.file("err");
  EXPECT_EQ(status_of(run_request(request)), 0);
  EXPECT_EQ(kernel::read_file(folder.file("out")).value(), "some input");
  EXPECT_EQ(kernel::read_file(folder.file("err")).value(), "to stderr\n");
}

TEST(RunSurroundings, SignalsAreUnblockedAndDefaultButForWhatNohupIgnores) {
  const pid_t child = ::fork();
  if (child == 0) {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGUSR1, SIG_IGN);
    const Printed printed = output_of(request_for({"signals"}));
    ::_exit(printed.text == "ignored " + std::to_string(SIGHUP) + "\n" ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(RunSurroundings, TheFilterIsInForceAndTheProgramEndsWithItsLauncher) {
  EXPECT_EQ(output_of(request_for({"status"})).text,
            "no_new_privs 1 seccomp 2 death 9 session 0 group 0\n");
  Request request = request_for({"status"});
  request.new_session = true;
  EXPECT_EQ(output_of(request).text, "no_new_privs 1 seccomp 2 death 9 session 1 group 1\n");
}

}  // namespace
}  // namespace seclude::sandbox
