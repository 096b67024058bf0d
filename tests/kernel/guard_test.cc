// Guard: a hostile program under a policy that allows everything reaches neither the launcher nor
// the helper that explains. Every attempt is first shown to succeed against a process that nobody
// guards. Once with a Landlock domain, once without, as on older kernels.
#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <thread>

#include "kernel/landlock.h"
#include "kernel/raw.h"
#include "run_support.h"

namespace seclude::sandbox {
namespace {

using filter::Action;

// What hostile programs look for; the launcher is a fork of this process and has it, too.
unsigned long known = 0x5ec1d35ec1d35ec1;

std::string address() { return std::to_string(reinterpret_cast<unsigned long>(&known)); }

// How a process ended, or that it has not: nobody may stop these for long.
struct End {
  enum class Kind { Exited, Killed, Stopped, Alive } kind = Kind::Alive;
  int value = 0;
};

End look(pid_t process, int milliseconds) {
  for (int i = 0; i <= milliseconds; ++i) {
    int status = 0;
    if (::waitpid(process, &status, WNOHANG | WUNTRACED) == process) {
      if (WIFEXITED(status)) return {End::Kind::Exited, WEXITSTATUS(status)};
      if (WIFSIGNALED(status)) return {End::Kind::Killed, WTERMSIG(status)};
      return {End::Kind::Stopped, WSTOPSIG(status)};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return {};
}

void end(pid_t process) {
  ::kill(process, SIGKILL);
  while (::waitpid(process, nullptr, 0) == process) {
  }
}

// Readable for everybody who may open it at all.
void read_from_null() {
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, 0);
  ::close(null);
}

// A process that waits to be attacked.
pid_t make_victim() {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t victim = ::fork();
  if (victim != 0) {
    ::close(ends[1]);
    char ready = 0;
    EXPECT_EQ(::read(ends[0], &ready, 1), 1);
    ::close(ends[0]);
    return victim;
  }
  ::setpgid(0, 0);
  read_from_null();
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  if (::write(ends[1], "", 1) != 1) ::_exit(1);
  for (;;) ::pause();
}

struct Attempt {
  std::string name;
  int signal = 0;
};

std::vector<std::string> words_for(const Attempt& attempt, const std::string& victim) {
  std::vector<std::string> words = {GUARD_TARGET, attempt.name, victim, address()};
  if (attempt.signal != 0) words.push_back(std::to_string(attempt.signal));
  return words;
}

// Without seclude; the attempt's exit status.
int attack_unguarded(const Attempt& attempt, pid_t victim) {
  const pid_t attacker = ::fork();
  if (attacker == 0) {
    std::vector<std::string> words = words_for(attempt, std::to_string(victim));
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    ::execv(GUARD_TARGET, pointers.data());
    ::_exit(199);
  }
  int status = 0;
  ::waitpid(attacker, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Request attacking(const Attempt& attempt, const std::string& victim, SignalGuard guard) {
  Request request = request_for({});
  request.command = words_for(attempt, victim);
  request.signal_guard = guard;
  return request;
}

struct Setting {
  const char* victim;
  bool supervised;
  SignalGuard guard;
};

// A launcher in a process and group of its own: exits with the target's status.
pid_t start_launcher(const Request& request, bool supervised) {
  const pid_t launcher = ::fork();
  if (launcher != 0) return launcher;
  ::setpgid(0, 0);
  read_from_null();
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  RunOptions options;
  if (supervised) options.supervision = Supervision();
  const Outcome outcome = run_request(request, options);
  const bool lost = supervised && outcome.observed.how != Observed::How::Explained;
  ::_exit(lost ? 198 : status_of(outcome));
}

std::vector<Setting> settings() {
  std::vector<Setting> list;
  for (const SignalGuard guard : {SignalGuard::Landlock, SignalGuard::Filter}) {
    if (guard == SignalGuard::Landlock && !kernel::landlock_version().scopes_signals()) continue;
    list.push_back({"launcher", false, guard});
    list.push_back({"launcher", true, guard});
    list.push_back({"helper", true, guard});
  }
  return list;
}

std::string describe(const Attempt& attempt, const Setting& setting) {
  return attempt.name + " " + std::to_string(attempt.signal) + " on the " + setting.victim +
         (setting.supervised ? ", explaining" : "") +
         (setting.guard == SignalGuard::Filter ? ", without Landlock" : "");
}

class Guard : public testing::TestWithParam<Attempt> {};

TEST_P(Guard, SucceedsUnguardedAndFailsGuarded) {
  const Attempt& attempt = GetParam();
  const pid_t victim = make_victim();
  EXPECT_EQ(attack_unguarded(attempt, victim), 0) << attempt.name;
  if (attempt.signal != 0) {
    const auto kind = attempt.signal == SIGSTOP ? End::Kind::Stopped : End::Kind::Killed;
    EXPECT_EQ(look(victim, 2000).kind, kind);
  }
  end(victim);
  for (const Setting& setting : settings()) {
    const pid_t launcher =
        start_launcher(attacking(attempt, setting.victim, setting.guard), setting.supervised);
    const End seen = look(launcher, 20000);
    EXPECT_EQ(seen.kind, End::Kind::Exited) << describe(attempt, setting);
    const bool refused = seen.value == EPERM || seen.value == EACCES || seen.value == ENOSYS;
    EXPECT_TRUE(refused) << describe(attempt, setting) << ": " << seen.value;
    if (seen.kind != End::Kind::Exited) end(launcher);
  }
}

INSTANTIATE_TEST_SUITE_P(Tracing, Guard,
                         testing::Values(Attempt{"attach"}, Attempt{"seize"}, Attempt{"read-mem"},
                                         Attempt{"write-mem"}, Attempt{"vm-read"},
                                         Attempt{"vm-write"}, Attempt{"get-descriptor"},
                                         Attempt{"follow-descriptor"}, Attempt{"open-descriptor"},
                                         Attempt{"read-maps"}, Attempt{"read-environment"},
                                         Attempt{"read-vector"}, Attempt{"enter-root"},
                                         Attempt{"compare"}, Attempt{"robust-list"}));
INSTANTIATE_TEST_SUITE_P(Stopping, Guard,
                         testing::Values(Attempt{"send", SIGSTOP}, Attempt{"send-thread", SIGSTOP},
                                         Attempt{"send-thread-group", SIGSTOP},
                                         Attempt{"send-queued", SIGSTOP},
                                         Attempt{"send-queued-thread", SIGSTOP},
                                         Attempt{"send-by-handle", SIGSTOP},
                                         Attempt{"send-by-folder", SIGSTOP}));
INSTANTIATE_TEST_SUITE_P(Killing, Guard,
                         testing::Values(Attempt{"send", SIGKILL}, Attempt{"send-thread", SIGKILL},
                                         Attempt{"send-thread-group", SIGKILL},
                                         Attempt{"send-queued", SIGKILL},
                                         Attempt{"send-queued-thread", SIGKILL},
                                         Attempt{"send-by-handle", SIGKILL},
                                         Attempt{"send-by-folder", SIGKILL}));
INSTANTIATE_TEST_SUITE_P(Resources, Guard,
                         testing::Values(Attempt{"set-limit"}, Attempt{"set-affinity"},
                                         Attempt{"set-scheduler"}, Attempt{"set-parameter"},
                                         Attempt{"set-attributes"}, Attempt{"set-priority"},
                                         Attempt{"set-group-priority"},
                                         Attempt{"set-disk-priority"}));

// ---- signals that may reach others before they are refused for the guarded ----------------------

class GuardOfMany : public testing::TestWithParam<Attempt> {};

// The program may well end itself; the launcher lives to tell.
TEST_P(GuardOfMany, TheLauncherLives) {
  const Attempt& attempt = GetParam();
  for (const Setting& setting : settings()) {
    const pid_t launcher =
        start_launcher(attacking(attempt, setting.victim, setting.guard), setting.supervised);
    const End seen = look(launcher, 20000);
    EXPECT_EQ(seen.kind, End::Kind::Exited) << describe(attempt, setting);
    EXPECT_NE(seen.value, 198) << "the helper has ended: " << describe(attempt, setting);
    if (seen.kind != End::Kind::Exited) end(launcher);
  }
}

TEST_P(GuardOfMany, UnguardedItDies) {
  Request request = attacking(GetParam(), "launcher", SignalGuard::Filter);
  request.rules = std::nullopt;
  const pid_t launcher = start_launcher(request, false);
  const End seen = look(launcher, 20000);
  EXPECT_EQ(seen.kind, End::Kind::Killed) << GetParam().name;
  if (seen.kind != End::Kind::Exited && seen.kind != End::Kind::Killed) end(launcher);
}

INSTANTIATE_TEST_SUITE_P(Signals, GuardOfMany,
                         testing::Values(Attempt{"send-own-group", SIGKILL},
                                         Attempt{"send-group", SIGKILL},
                                         Attempt{"own-descriptor", SIGKILL},
                                         Attempt{"own-descriptor-in-memory", SIGKILL}));

// Everybody is who lives in a process id namespace of its own: a launcher, made by its first
// process. Exits with 0 when the launcher was killed, 1 when it lived.
int launcher_among_everybody(const Request& request) {
  const bool alone = ::unshare(CLONE_NEWPID) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0;
  if (!alone) return 77;
  const pid_t first = ::fork();
  if (first == 0) {
    const pid_t launcher = start_launcher(request, false);
    int status = 0;
    ::waitpid(launcher, &status, 0);
    ::_exit(WIFEXITED(status) ? 1 : 0);
  }
  int status = 0;
  ::waitpid(first, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

int in_child(const Request& request, int (*run)(const Request&)) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(run(request));
  int status = 0;
  ::waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

TEST(GuardOfEverybody, TheLauncherLives) {
  Request request = attacking({"send-everybody", SIGKILL}, "launcher", SignalGuard::Filter);
  for (const Setting& setting : settings()) {
    request.signal_guard = setting.guard;
    const int result = in_child(request, launcher_among_everybody);
    if (result == 77) GTEST_SKIP() << "needs a process id namespace";
    EXPECT_EQ(result, 1) << describe({"send-everybody", SIGKILL}, setting);
  }
  request.rules = std::nullopt;
  EXPECT_EQ(in_child(request, launcher_among_everybody), 0) << "unguarded it should have died";
}

// ---- the terminal -------------------------------------------------------------------------------

// Exits with the target's status; the terminal is the launcher's.
int launch_at_terminal(const Request& request) {
  int keyboard = -1, terminal = -1;
  if (::openpty(&keyboard, &terminal, nullptr, nullptr, nullptr) != 0) return 90;
  ::setsid();
  if (::ioctl(terminal, TIOCSCTTY, 0) != 0) return 91;
  ::dup2(terminal, 0);
  ::signal(SIGHUP, SIG_IGN);
  return status_of(run_request(request));
}

TEST(GuardOfTheTerminal, NothingIsTypedIntoIt) {
  for (const char* name : {"type", "type-wide"}) {
    Request request = attacking({name}, "launcher", SignalGuard::Filter);
    for (const Setting& setting : settings()) {
      request.signal_guard = setting.guard;
      EXPECT_EQ(in_child(request, launch_at_terminal), EPERM) << name;
    }
    request.rules = std::nullopt;
    const int unguarded = in_child(request, launch_at_terminal);
    // dev.tty.legacy_tiocsti=0 refuses it to all but root.
    EXPECT_TRUE(unguarded == 0 || (unguarded == EIO && ::geteuid() != 0)) << unguarded;
  }
}

// ---- inside other domains -----------------------------------------------------------------------

// Exits with the status of a launch from inside so many domains.
int launch_inside(size_t domains, const Request& request) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (size_t i = 0; i < domains; ++i)
      if (kernel::raw::keep_signals_inside() != 0) ::_exit(97);
    const Outcome outcome = run_request(request, {.supervision = Supervision()});
    const auto* setup = std::get_if<SetupError>(&outcome.ending);
    const bool told = setup && setup->error.hint.find("16 Landlock") != std::string::npos;
    ::_exit(told ? 96 : status_of(outcome));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(GuardInsideOthers, DomainsNestAsDeepAsTheKernelTakesThem) {
  if (!kernel::landlock_version().scopes_signals()) GTEST_SKIP() << "needs Landlock ABI 6";
  const Request request = attacking({"send", SIGKILL}, "launcher", SignalGuard::Landlock);
  EXPECT_EQ(launch_inside(1, request), EPERM);
  EXPECT_EQ(launch_inside(15, request), EPERM);
  EXPECT_EQ(launch_inside(16, request), 96);
}

// ---- capabilities -------------------------------------------------------------------------------

TEST(GuardOfTheKernel, RootKeepsNoWayAroundItsPolicy) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  Request request = request_for({});
  request.command = {"/bin/grep", "-E", "Cap(Inh|Prm|Eff|Amb):\t[0-9a-f]*$", "/proc/self/status"};
  const Printed printed = output_of(request);
  uint64_t held = 0;
  size_t lines = 0;
  for (size_t at = 0; (at = printed.text.find(":\t", at)) != std::string::npos; at += 2, ++lines)
    held |= std::stoull(printed.text.substr(at + 2, 16), nullptr, 16);
  EXPECT_EQ(lines, 4u) << printed.text;
  // SYS_MODULE, SYS_RAWIO, SYS_PTRACE, SYS_ADMIN, SYS_BOOT, MKNOD, MAC_*, PERFMON, BPF.
  for (const int number : {16, 17, 19, 21, 22, 27, 32, 33, 38, 39, 40})
    EXPECT_EQ((held >> number) & 1, 0u) << number;
  // CHOWN, DAC_OVERRIDE, KILL, SETUID.
  for (const int number : {0, 1, 5, 7}) EXPECT_EQ((held >> number) & 1, 1u) << number;
}

}  // namespace
}  // namespace seclude::sandbox
