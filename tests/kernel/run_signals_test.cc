// Run: signals reach the program through its launcher, a terminal's job control works, the
// program does not outlive its launcher, and a run leaves nothing behind.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "run_support.h"

namespace seclude::sandbox {
namespace {

// A launcher in a process of its own, with a program that has told its process id.
struct LauncherProcess {
  pid_t pid = 0;
  pid_t program = 0;
};

// Reads a number and a newline, waiting up to ten seconds.
int read_number(int descriptor) {
  std::string text;
  char c = 0;
  pollfd waiting = {descriptor, POLLIN, 0};
  while (::poll(&waiting, 1, 10000) == 1 && ::read(descriptor, &c, 1) == 1 && c != '\n') text += c;
  return std::atoi(text.c_str());
}

// `verb` writes its process id to the descriptor that replaces FD.
LauncherProcess start(std::vector<std::string> words, bool new_session = false) {
  int ends[2];
  CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  LauncherProcess launcher;
  launcher.pid = ::fork();
  if (launcher.pid == 0) {
    words.push_back(std::to_string(ends[1]));
    Request request = request_for(words);
    request.keep_descriptors = {ends[1]};
    request.new_session = new_session;
    ::_exit(status_of(run_request(request)));
  }
  ::close(ends[1]);
  launcher.program = read_number(ends[0]);
  ::close(ends[0]);
  return launcher;
}

// Gives up after twenty seconds: then the status is that of SIGKILL.
int wait_status(pid_t pid) {
  int status = 0;
  for (int i = 0; i < 2000 && ::waitpid(pid, &status, WNOHANG) != pid; ++i) {
    if (i == 1999) {
      ::kill(pid, SIGKILL);
      CHECK(::waitpid(pid, &status, 0) == pid);
      break;
    }
    ::usleep(10000);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

// 'R', 'S', 'T', 'Z'; '-' when it is gone.
char state_of(pid_t pid) {
  const auto text = kernel::read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!text) return '-';
  const size_t at = text->rfind(") ");
  return at == std::string::npos ? '-' : (*text)[at + 2];
}

bool becomes(pid_t pid, const char* states) {
  for (int i = 0; i < 1000; ++i) {
    if (std::strchr(states, state_of(pid)) != nullptr) return true;
    ::usleep(10000);
  }
  return false;
}

TEST(RunSignals, ASignalForTheLauncherReachesTheProgram) {
  for (const int number : {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM}) {
    const LauncherProcess handled = start({"handle", std::to_string(number)});
    ASSERT_GT(handled.program, 0);
    ::kill(handled.pid, number);
    EXPECT_EQ(wait_status(handled.pid), 5) << number;
  }
  const LauncherProcess plain = start({"wait"});
  ::kill(plain.pid, SIGTERM);
  EXPECT_EQ(wait_status(plain.pid), 128 + SIGTERM);
}

TEST(RunSignals, AProgramInItsOwnSessionIsReachedToo) {
  const LauncherProcess launcher = start({"handle", std::to_string(SIGINT)}, true);
  ASSERT_GT(launcher.program, 0);
  ::kill(launcher.pid, SIGINT);
  EXPECT_EQ(wait_status(launcher.pid), 5);
}

TEST(RunSignals, TheProgramDoesNotOutliveItsLauncher) {
  const LauncherProcess launcher = start({"wait"});
  ASSERT_GT(launcher.program, 0);
  ASSERT_NE(state_of(launcher.program), '-');
  ::kill(launcher.pid, SIGKILL);
  EXPECT_EQ(wait_status(launcher.pid), 1000 + SIGKILL);
  EXPECT_TRUE(becomes(launcher.program, "-Z"));
}

TEST(RunSignals, TheProgramCannotTraceOrReadItsLauncher) {
  const LauncherProcess launcher = start({"wait"});
  ASSERT_GT(launcher.program, 0);
  struct stat owner = {};
  const std::string memory = "/proc/" + std::to_string(launcher.pid) + "/mem";
  ASSERT_EQ(::stat(memory.c_str(), &owner), 0);
  // What is not dumpable belongs to root in /proc, so nobody else can open it.
  EXPECT_EQ(owner.st_uid, 0u);
  if (::geteuid() != 0) {
    EXPECT_LT(::open(memory.c_str(), O_RDONLY), 0);
  }
  ::kill(launcher.pid, SIGTERM);
  wait_status(launcher.pid);
}

// ---- a terminal
// -----------------------------------------------------------------------------------

// What a shell does: makes the job a process group of its own and gives it the terminal.
pid_t start_job(int terminal, int ready) {
  const pid_t job = ::fork();
  if (job == 0) {
    ::setpgid(0, 0);
    ::tcsetpgrp(terminal, ::getpid());
    ::signal(SIGTTOU, SIG_DFL);
    Request request = request_for({"wait", std::to_string(ready)});
    request.keep_descriptors = {ready};
    ::_exit(status_of(run_request(request)));
  }
  ::setpgid(job, job);
  ::tcsetpgrp(terminal, job);
  return job;
}

// The shell's part; returns 0 or the number of what went wrong.
int job_control(const char* terminal_name, int keyboard) {
  ::setsid();
  const int terminal = ::open(terminal_name, O_RDWR);
  if (terminal < 0 || ::ioctl(terminal, TIOCSCTTY, 0) != 0) return 1;
  ::signal(SIGTTOU, SIG_IGN);
  int ends[2];
  if (::pipe(ends) != 0) return 2;
  const pid_t job = start_job(terminal, ends[1]);
  const pid_t program = read_number(ends[0]);
  if (program <= 0) return 3;

  int status = 0;
  if (::write(keyboard, "\x1a", 1) != 1) return 4;  // Ctrl-Z
  if (::waitpid(job, &status, WUNTRACED) != job || !WIFSTOPPED(status)) return 5;
  if (WSTOPSIG(status) != SIGTSTP) return 6;
  if (!becomes(program, "T")) return 7;

  ::kill(-job, SIGCONT);  // fg
  if (!becomes(program, "S")) return 8;
  if (::write(keyboard, "\x03", 1) != 1) return 9;  // Ctrl-C
  if (::waitpid(job, &status, WUNTRACED) != job || !WIFEXITED(status)) return 10;
  return WEXITSTATUS(status) == 128 + SIGINT ? 0 : 11;
}

TEST(RunSignals, StopAndInterruptFromATerminalWorkAsWithoutALauncher) {
  const int keyboard = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (keyboard < 0) GTEST_SKIP() << "needs /dev/ptmx";
  ASSERT_EQ(::grantpt(keyboard), 0);
  ASSERT_EQ(::unlockpt(keyboard), 0);
  const std::string name = ::ptsname(keyboard);
  const pid_t shell = ::fork();
  if (shell == 0) ::_exit(job_control(name.c_str(), keyboard));
  EXPECT_EQ(wait_status(shell), 0);
  ::close(keyboard);
}

// ---- afterwards
// -----------------------------------------------------------------------------------

size_t entries_of(const char* folder) {
  size_t number = 0;
  DIR* stream = ::opendir(folder);
  CHECK(stream != nullptr);
  while (::readdir(stream) != nullptr) ++number;
  ::closedir(stream);
  return number;
}

TEST(RunSignals, NothingIsLeftBehind) {
  sigset_t before, after;
  ::sigprocmask(SIG_SETMASK, nullptr, &before);
  const size_t descriptors = entries_of("/proc/self/fd");
  (void)run_target({"exit", "0"});
  (void)run_request(request_for({"spin"}), {.time_limit = 1000000});
  Request missing = request_for({});
  missing.command = {"/dev/null"};
  (void)run_request(missing);
  EXPECT_EQ(entries_of("/proc/self/fd"), descriptors);
  ::sigprocmask(SIG_SETMASK, nullptr, &after);
  for (int number = 1; number < 65; ++number) {
    EXPECT_EQ(sigismember(&before, number), sigismember(&after, number)) << number;
  }
  errno = 0;
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(RunSignals, AnIgnoredSIGCHLDDoesNotLoseTheStatus) {
  ::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(status_of(run_target({"exit", "21"})), 21);
  struct sigaction action = {};
  ::sigaction(SIGCHLD, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);
}

TEST(RunSignals, AllOfThisHoldsForAnUnprivilegedUserToo) {
  if (::geteuid() != 0) GTEST_SKIP() << "already unprivileged";
  if (::access("/usr/bin/setpriv", X_OK) != 0) GTEST_SKIP() << "needs setpriv";
  char self[4096] = {};
  ASSERT_GT(::readlink("/proc/self/exe", self, sizeof self - 1), 0);
  const std::string command = std::string("setpriv --reuid 65534 --regid 65534 --clear-groups '") +
                              self + "' >/dev/null 2>&1";
  const std::string reach =
      "setpriv --reuid 65534 --regid 65534 --clear-groups test -x '" + std::string(self) + "'";
  if (std::system(reach.c_str()) != 0)
    GTEST_SKIP() << "needs a build folder that user 65534 can enter";
  const int status = std::system(command.c_str());
  EXPECT_EQ(status, 0) << "repeat with: " << command;
}

}  // namespace
}  // namespace seclude::sandbox
