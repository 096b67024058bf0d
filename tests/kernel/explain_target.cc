// Explain target: a program whose refused calls the tests want explained.
//
// In: a verb and its words. Out: an exit status; what each verb does is said there. It is static,
// so that a filter sees only the calls it makes itself. The refused call is getpriority unless said
// otherwise: nothing in libc makes it.
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int run_verb(char** words);

long number(const char* word) { return strtol(word, nullptr, 0); }

int refused(long which, long who) { return syscall(SYS_getpriority, which, who) < 0 ? errno : 0; }

// open PATH: exits with the errno.
int open_path(char** words) {
  return syscall(SYS_openat, AT_FDCWD, words[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0640) < 0 ? errno
                                                                                           : 0;
}

// once: makes the call; exits with the errno.
int once(char**) { return refused(1, 4711); }

// repeat TIMES: fails unless every answer is the same.
int repeat(char** words) {
  const int first = refused(0, 0);
  for (long i = 1; i < number(words[0]); ++i) {
    if (refused(0, 0) != first) return 99;
  }
  return first;
}

void ignore(int) {}

// interrupted TIMES: as repeat, while for each call a timer's signal is on its way, 1 to 50
// microseconds from then; its handler does not ask for calls to be restarted.
int interrupted(char** words) {
  struct sigaction action = {};
  action.sa_handler = ignore;
  sigaction(SIGALRM, &action, nullptr);
  const int first = refused(0, 0);
  for (long i = 1; i < number(words[0]); ++i) {
    const itimerval soon = {{0, 0}, {0, 1 + i % 50}};
    setitimer(ITIMER_REAL, &soon, nullptr);
    if (refused(0, 0) != first) return 99;
  }
  return first;
}

// distinct TIMES: the same call with as many different arguments.
int distinct(char** words) {
  for (long i = 0; i < number(words[0]); ++i) {
    if (refused(0, i) != EPERM) return 99;
  }
  return EPERM;
}

void* refused_in_thread(void* who) {
  return reinterpret_cast<void*>(static_cast<long>(refused(0, reinterpret_cast<long>(who))));
}

// threads COUNT: as many threads at once, each with its own argument.
int threads(char** words) {
  static pthread_t made[1000];
  const long count = number(words[0]);
  for (long i = 0; i < count; ++i) {
    if (pthread_create(&made[i], nullptr, refused_in_thread, reinterpret_cast<void*>(i)) != 0)
      return 98;
  }
  for (long i = 0; i < count; ++i) {
    void* answer = nullptr;
    pthread_join(made[i], &answer);
    if (reinterpret_cast<long>(answer) != EPERM) return 99;
  }
  return 0;
}

// lonely-thread: the call in a second thread; the first waits a moment and exits with 3.
int lonely_thread(char**) {
  pthread_t made;
  if (pthread_create(&made, nullptr, refused_in_thread, nullptr) != 0) return 98;
  pthread_join(made, nullptr);  // the kernel tells it by the thread's futex
  return 3;
}

// family: a grandchild makes the call; its parent exits with the signal that ended it, or the
// errno it got.
int family(char**) {
  const pid_t child = fork();
  if (child == 0) {
    const pid_t grandchild = fork();
    if (grandchild == 0) _exit(refused(2, 5));
    int status = 0;
    waitpid(grandchild, &status, 0);
    _exit(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

void show_trap(int, siginfo_t* info, void*) {
  _exit(info->si_code == 1 && info->si_syscall == SYS_getpriority ? 41 : 42);
}

// handle-trap: exits with 41 when the handler sees what the filter sent.
int handle_trap(char**) {
  struct sigaction action = {};
  action.sa_sigaction = show_trap;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &action, nullptr);
  return refused(0, 0);
}

// stopping: a child stops itself, is seen stopped, is continued, is seen continued, ends with 6.
int stopping(char**) {
  int ends[2];
  if (pipe(ends) != 0) return 98;
  const pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    char byte;
    _exit(read(ends[0], &byte, 1) == 1 ? 6 : 94);  // not before it was seen continued
  }
  int status = 0;
  if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) return 90;
  if (WSTOPSIG(status) != SIGSTOP) return 91;
  kill(child, SIGCONT);
  if (waitpid(child, &status, WCONTINUED) != child || !WIFCONTINUED(status)) return 92;
  if (write(ends[1], "", 1) != 1) return 95;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 93;
  return WEXITSTATUS(status);
}

// hostile: names, paths and addresses made to hurt whoever prints or reads them.
int hostile(char**) {
  prctl(PR_SET_NAME, "a\033[2J\nroot:", 0, 0, 0);
  syscall(SYS_openat, AT_FDCWD, "/x\033]0;title\a\r\ndenied: fake\xff\x80", O_RDONLY, 0);
  // A string that runs into unmapped memory, and one that is not there at all.
  char* pages = static_cast<char*>(
      mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  munmap(pages + 4096, 4096);
  memset(pages, 'e', 4096);
  syscall(SYS_openat, AT_FDCWD, pages + 4000, O_RDONLY, 0);
  syscall(SYS_openat, AT_FDCWD, 8, O_RDONLY, 0);
  syscall(SYS_openat, AT_FDCWD, ~0UL, O_RDONLY, 0);
  // A path without end.
  char* endless = static_cast<char*>(
      mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  memset(endless, 'n', 1 << 20);
  syscall(SYS_openat, AT_FDCWD, endless, O_RDONLY, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, "\0ab\n\033\0z", 7);
  syscall(SYS_connect, 0, &address, offsetof(sockaddr_un, sun_path) + 7);
  syscall(SYS_connect, 0, &address, 0xffffffffUL);
  syscall(SYS_connect, 0, 16, 110UL);
  return 0;
}

// until-answer-changes: makes the call until it is answered otherwise than with EPERM; exits with
// that errno.
int until_answer_changes(char**) {
  for (;;) {
    const int answer = refused(0, 0);
    if (answer != EPERM) return answer;
    usleep(1000);
  }
}

// wait: with a child and a grandchild that wait as well.
int wait_with_family(char**) {
  if (fork() == 0) (void)fork();
  for (;;) pause();
}

// leave-behind: exits at once; a process left behind makes the call later and writes the errno.
int leave_behind(char**) {
  if (fork() != 0) return 0;
  usleep(300000);
  printf("%d\n", refused(0, 0));
  return 0;
}

// later VERB...: half a second later.
int later(char** words) {
  usleep(500000);
  return run_verb(words);
}

// inner ACTION VERB...: behind a filter of its own that answers getpriority so.
int behind_inner_filter(char** words) {
  const auto action = static_cast<unsigned>(strtoul(words[0], nullptr, 0));
  sock_filter code[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_getpriority},
      {BPF_RET | BPF_K, 0, 0, action},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  const sock_fprog program = {sizeof code / sizeof *code, code};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
    return 95;
  return run_verb(words + 1);
}

// nameless-code: as once, by an instruction in memory that belongs to no file.
int nameless_code(char**) {
#if defined(__x86_64__)
  const unsigned char code[] = {0x0f, 0x05, 0xc3};  // syscall; ret
  void* page =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(page, code, sizeof code);
  long result;
  asm volatile("call *%[page]"
               : "=a"(result)
               : "a"(SYS_getpriority), "D"(0), "S"(0), [page] "r"(page)
               : "rcx", "r11", "memory");
  return static_cast<int>(-result);
#else
  return 97;
#endif
}

// hold-up: removes a path in memory that nobody ever provides; 97 where that takes privileges.
int hold_up(char**) {
  const int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
  const int faults = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC);
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uffdio_api api = {};
  api.api = UFFD_API;
  uffdio_register all = {};
  all.range = {reinterpret_cast<uintptr_t>(page), 4096};
  all.mode = UFFDIO_REGISTER_MODE_MISSING;
  if (ioctl(faults, UFFDIO_API, &api) != 0 || ioctl(faults, UFFDIO_REGISTER, &all) != 0) return 97;
  return syscall(SYS_unlinkat, AT_FDCWD, page, 0) < 0 ? errno : 0;
}

// start: command lines made to hurt whoever reads or prints them.
int start(char**) {
  // Room for three pointers before memory that is not there.
  char* pages = static_cast<char*>(
      mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  munmap(pages + 4096, 4096);
  static char endless[100000];
  memset(endless, 'n', sizeof endless - 1);
  const char* hostile[] = {"name", "\033]0;title\a\n\", \"x", reinterpret_cast<const char*>(8), ""};
  const char** edge = reinterpret_cast<const char**>(pages + 4096) - 3;
  memcpy(edge, hostile, 3 * sizeof *edge);
  syscall(SYS_execve, "/edge", edge, nullptr);
  const char* many[101] = {};
  for (int i = 0; i < 100; ++i) many[i] = i % 2 == 0 ? "even" : endless;
  syscall(SYS_execveat, AT_FDCWD, "/many", many, nullptr, 0);
  const char* sixteen[17] = {};
  for (int i = 0; i < 16; ++i) sixteen[i] = "w";
  syscall(SYS_execve, "/sixteen", sixteen, nullptr);
  syscall(SYS_execve, "/nowhere", 8UL, nullptr);
  syscall(SYS_execve, "/nothing", nullptr, nullptr);
  sixteen[1] = "another";
  syscall(SYS_execve, "/sixteen", sixteen, nullptr);
  return 0;
}

// for-ever VERB...: and then waits to be ended.
int for_ever(char** words) {
  run_verb(words);
  for (;;) pause();
}

struct Verb {
  const char* name;
  int words;
  int (*run)(char**);
};
constexpr Verb verbs[] = {
    {"open", 1, open_path},
    {"once", 0, once},
    {"repeat", 1, repeat},
    {"interrupted", 1, interrupted},
    {"distinct", 1, distinct},
    {"threads", 1, threads},
    {"lonely-thread", 0, lonely_thread},
    {"family", 0, family},
    {"handle-trap", 0, handle_trap},
    {"stopping", 0, stopping},
    {"later", 1, later},
    {"inner", 2, behind_inner_filter},
    {"hostile", 0, hostile},
    {"nameless-code", 0, nameless_code},
    {"hold-up", 0, hold_up},
    {"start", 0, start},
    {"for-ever", 1, for_ever},
    {"until-answer-changes", 0, until_answer_changes},
    {"wait", 0, wait_with_family},
    {"leave-behind", 0, leave_behind},
};

// The first word is the verb.
int run_verb(char** words) {
  int count = 0;
  while (words[count] != nullptr) ++count;
  for (const Verb& verb : verbs) {
    if (count > verb.words && strcmp(words[0], verb.name) == 0) return verb.run(words + 1);
  }
  fprintf(stderr, "explain target: what?\n");
  return 96;
}

}  // namespace

int main(int, char** argv) { return run_verb(argv + 1); }
