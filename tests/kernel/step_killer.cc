// Step killer: runs a launch and, just before the Nth system call of one of its processes, kills
// another or the same.
//
// usage: step_killer STEPPED[+FOLLOWED...] VICTIM[+VICTIM...] N COMMAND...
// Roles: launcher, helper (the one that explains), guardian (of control groups), child (made to
// become the program), init (first of a process namespace), rest (goes on for the child where there
// is an init). N from 1; with 0 nobody is killed. In: the launch. Out, on standard output:
// "launcher PID", "ROLE STEP" for each process when it is made, and one of "killed CALL" (the
// number of the call that was not made any more), "nobody" (no victim was there), "over STEPS
// STATUS". The launch ends by itself; whoever is left of it is looked for by step_cases.py. A
// process can have one tracer: the helper follows the program's process, so that one is neither
// stepped nor followed where the helper is to follow it. With an init, the child may be: the helper
// follows the rest.
#include <elf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr int stop_event = 128;  // PTRACE_EVENT_STOP

struct Tracee {
  pid_t pid = 0;
  std::string role;   // empty: its maker has not told yet
  bool held = false;  // stands still until then
};

// What a process is, by who made it and how (kernel/helper.cc, run_group.cc, process.cc,
// raw_namespaces.cc, new_namespaces.cc).
std::string role_of(const std::string& maker, int event, unsigned long shared) {
  if ((shared & CLONE_NEWPID) != 0) return "init";
  if (maker == "launcher" && event == PTRACE_EVENT_FORK) {
    return (shared & CLONE_VM) != 0 ? "child" : "helper";
  }
  if (maker == "launcher" && event == PTRACE_EVENT_CLONE) return "guardian";
  if (maker == "launcher" && event == PTRACE_EVENT_VFORK) return "child";
  if (maker == "child" && event == PTRACE_EVENT_FORK) return "init";
  if (maker == "child" && event == PTRACE_EVENT_VFORK) return "rest";
  return "other";
}

// What the call of clone that a process is in lets the new one share (CLONE_*).
unsigned long shared_by(pid_t maker) {
  struct user_regs_struct registers = {};
  iovec where = {&registers, sizeof registers};
  if (ptrace(PTRACE_GETREGSET, maker, NT_PRSTATUS, &where) != 0) return 0;
#if defined(__x86_64__)
  return registers.orig_rax == SYS_clone ? registers.rdi : 0;
#else
  return registers.regs[8] == SYS_clone ? registers.regs[0] : 0;
#endif
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char letter : text) {
    if (letter == '+')
      words.emplace_back();
    else
      words.back() += letter;
  }
  return words;
}

bool has(const std::vector<std::string>& words, const std::string& word) {
  for (const std::string& one : words)
    if (one == word) return true;
  return false;
}

class Steps {
 public:
  Steps(const std::string& traced, const std::string& victims, long wanted)
      : traced_(words_of(traced)), victims_(words_of(victims)), wanted_(wanted) {}

  int run(char** command) {
    int gate[2];
    if (pipe(gate) != 0) return 70;
    const pid_t launcher = fork();
    if (launcher == 0) start(gate, command);
    const unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                                  PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
    if (ptrace(PTRACE_SEIZE, launcher, 0, options) != 0) return perror("ptrace"), 71;
    tracees_.push_back({launcher, "launcher", false});
    born("launcher", launcher);
    printf("launcher %d\n", launcher);
    close(gate[0]);
    close(gate[1]);
    for (int status; !over_;) {
      const pid_t pid = waitpid(-1, &status, __WALL);
      if (pid < 0 && errno != EINTR) break;
      if (pid > 0) look(pid, status);
    }
    if (!told_) printf("over %ld %d\n", steps_, status_);
    return 0;
  }

 private:
  [[noreturn]] static void start(int* gate, char** command) {
    char byte;
    close(gate[1]);
    (void)!read(gate[0], &byte, 1);
    close(gate[0]);
    execv(command[0], command);
    _exit(72);
  }

  Tracee& tracee(pid_t pid) {
    for (Tracee& one : tracees_)
      if (one.pid == pid) return one;
    return tracees_.emplace_back(Tracee{pid, "", false});
  }

  void born(const std::string& role, pid_t pid) {
    roles_.push_back({role, pid});
    if (role != "launcher") printf("%s %ld\n", role.c_str(), steps_);
  }

  void look(pid_t pid, int status) {
    if (!WIFSTOPPED(status)) return gone(pid, status);
    const int signal = WSTOPSIG(status), event = status >> 16;
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
      return made_one(pid, event);
    if (event == PTRACE_EVENT_EXEC) return executed(pid);
    if (event == stop_event && signal == SIGTRAP) return began(pid);
    if (event == stop_event) return (void)ptrace(PTRACE_LISTEN, pid, 0, 0);
    if (signal == (SIGTRAP | 0x80)) return at_call(pid);
    go_on(pid, signal);
  }

  void gone(pid_t pid, int status) {
    if (told_) let_go_of_held();
    if (tracee(pid).role != "launcher") return;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    over_ = true;
  }

  void made_one(pid_t maker, int event) {
    unsigned long number = 0;
    ptrace(PTRACE_GETEVENTMSG, maker, 0, &number);
    const auto pid = static_cast<pid_t>(number);
    const std::string role = role_of(tracee(maker).role, event, shared_by(maker));
    Tracee& made = tracee(pid);
    made.role = role;
    if (role != "other") born(role, pid);
    if (made.held) begin(made);
    go_on(maker, 0);
  }

  // Its first stop, before it has done anything.
  void began(pid_t pid) {
    Tracee& one = tracee(pid);
    if (!one.role.empty() || told_) return begin(one);
    one.held = true;
  }

  // Who made them was killed before it could say so.
  void let_go_of_held() {
    for (Tracee& one : tracees_)
      if (std::exchange(one.held, false) && one.role.empty()) begin(one);
  }

  void begin(const Tracee& one) {
    if (has(traced_, one.role)) return go_on(one.pid, 0);
    ptrace(PTRACE_DETACH, one.pid, 0, 0);
  }

  // Whoever becomes the program is not of interest any more.
  void executed(pid_t pid) {
    if (tracee(pid).role != "launcher") return (void)ptrace(PTRACE_DETACH, pid, 0, 0);
    executed_ = true;
    go_on(pid, 0);
  }

  void at_call(pid_t pid) {
    struct __ptrace_syscall_info info = {};
    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    const bool counts = info.op == PTRACE_SYSCALL_INFO_ENTRY && executed_;
    if (counts && ++steps_ == wanted_) kill_victims(static_cast<long>(info.entry.nr));
    go_on(pid, 0);
  }

  void kill_victims(long call) {
    bool any = false;
    for (const auto& [role, pid] : roles_) {
      if (!has(victims_, role)) continue;
      // What has gone and was not collected takes a signal as well.
      any |= kill(pid, SIGKILL) == 0;
    }
    told_ = true;
    any ? printf("killed %ld\n", call) : printf("nobody\n");
  }

  // Calls are stopped at only until it has happened.
  void go_on(pid_t pid, int signal) {
    const bool stepped = tracee(pid).role == traced_.front() && !told_;
    const auto sent = static_cast<unsigned long>(signal);
    ptrace(stepped ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, sent);
  }

  struct Role {
    std::string name;
    pid_t pid;
  };
  std::vector<std::string> traced_, victims_;
  long wanted_, steps_ = 0;
  std::vector<Tracee> tracees_;
  std::vector<Role> roles_;
  bool executed_ = false, told_ = false, over_ = false;
  int status_ = 0;
};

}  // namespace

int main(int count, char** words) {
  if (count < 5) return 64;
  setvbuf(stdout, nullptr, _IONBF, 0);
  return Steps(words[1], words[2], strtol(words[3], nullptr, 10)).run(words + 4);
}
