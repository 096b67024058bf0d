// Target: a program to be confined by the tests. Its first argument says what to do.
//
// In: a verb and its words. Out: an exit status, or text on stdout. It is static, so that a filter
// sees only the calls it makes itself. What it tries is said at each verb.
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <vector>

extern char** environ;

namespace {

using Words = std::vector<std::string>;

long number(const std::string& word) { return strtol(word.c_str(), nullptr, 0); }

// exit STATUS
int leave(const Words& words) { return static_cast<int>(number(words[0])); }

// signal NUMBER: sends itself a signal.
int send_signal(const Words& words) {
  kill(getpid(), static_cast<int>(number(words[0])));
  return 99;
}

// descriptors: which of 0..4095 are open, one per line.
int show_descriptors(const Words&) {
  for (int i = 0; i < 4096; ++i) {
    if (fcntl(i, F_GETFD) >= 0) printf("%d\n", i);
  }
  return 0;
}

// descriptor NUMBER: the file behind it.
int show_descriptor(const Words& words) {
  char name[4096];
  const ssize_t length = readlink(("/proc/self/fd/" + words[0]).c_str(), name, sizeof name - 1);
  if (length < 0) return errno;
  printf("%.*s\n", static_cast<int>(length), name);
  return 0;
}

int show_environment(const Words&) {
  for (char** variable = environ; *variable != nullptr; ++variable) puts(*variable);
  return 0;
}

int show_directory(const Words&) {
  char name[4096];
  if (getcwd(name, sizeof name) == nullptr) return errno;
  puts(name);
  return 0;
}

int show_arguments(const Words& words) {
  for (const std::string& word : words) puts(word.c_str());
  return 0;
}

// echo: copies stdin to stdout, and a line to stderr.
int copy(const Words&) {
  for (int c = getchar(); c != EOF; c = getchar()) putchar(c);
  fputs("to stderr\n", stderr);
  return 0;
}

// signals: the blocked and the ignored ones, as numbers.
int show_signals(const Words&) {
  sigset_t mask;
  sigprocmask(SIG_SETMASK, nullptr, &mask);
  for (int i = 1; i <= 64; ++i) {
    struct sigaction action;
    if (sigismember(&mask, i) == 1) printf("blocked %d\n", i);
    if (sigaction(i, nullptr, &action) == 0 && action.sa_handler == SIG_IGN)
      printf("ignored %d\n", i);
  }
  return 0;
}

// status: no_new_privs, seccomp mode, and the signal for the parent's death.
int show_status(const Words&) {
  int death = 0;
  prctl(PR_GET_PDEATHSIG, &death);
  printf("no_new_privs %d seccomp %d death %d session %d group %d\n",
         prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_SECCOMP, 0, 0, 0, 0), death,
         getsid(0) == getpid(), getpgid(0) == getpid());
  return 0;
}

// call NUMBER [ARG...]: makes it; exits with 0 or the errno.
int make_call(const Words& words) {
  unsigned long args[7] = {};
  for (size_t i = 0; i < words.size() && i < 7; ++i)
    args[i] = strtoul(words[i].c_str(), nullptr, 0);
  const long result =
      syscall(static_cast<long>(args[0]), args[1], args[2], args[3], args[4], args[5], args[6]);
  return result < 0 ? errno : 0;
}

// listener: installs an allow-all filter that wants a notification descriptor.
int open_listener(const Words&) {
  sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
  sock_fprog program = {1, &allow};
  const long result =
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  return result < 0 ? errno : 0;
}

// memory MEGABYTES: touches that much.
int use_memory(const Words& words) {
  const size_t size = static_cast<size_t>(number(words[0])) << 20;
  char* memory = static_cast<char*>(malloc(size));
  for (size_t i = 0; i < size; i += 4096) static_cast<volatile char*>(memory)[i] = 1;
  return 0;
}

// spin: uses the processor until it is stopped.
int spin(const Words&) {
  volatile unsigned long spins = 0;
  for (;;) {
    spins = spins + 1;
  }
}

// wait FD: writes its process id to the descriptor, then sleeps; ends by signals.
int wait_for_signal(const Words& words) {
  const std::string id = std::to_string(getpid()) + "\n";
  if (write(static_cast<int>(number(words[0])), id.data(), id.size()) < 0) return 98;
  for (;;) pause();
}

// collect COUNT: writes its process id, then the number of each signal it gets, blocked ones too.
int collect_signals(const Words& words) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  dprintf(1, "%d\n", getpid());
  for (long i = 0; i < number(words[0]); ++i) dprintf(1, "%d\n", sigwaitinfo(&all, nullptr));
  return 0;
}

void exit_with_5(int) { _exit(5); }
// handle SIGNAL FD: like wait, with a handler that exits with 5.
int handle_signal(const Words& words) {
  signal(static_cast<int>(number(words[0])), exit_with_5);
  return wait_for_signal({words[1]});
}

// ---- attempts to use the launcher's exemption
// -----------------------------------------------------

int escapes = 0;

void try_execve(const char* path, unsigned long a, unsigned long b, unsigned long c) {
  char* const argv[] = {const_cast<char*>(path), const_cast<char*>("exit"), const_cast<char*>("77"),
                        nullptr};
  // Success does not come back: the test sees status 77.
  if (syscall(SYS_execve, path, argv, environ, a, b, c) == 0 || errno != EPERM) ++escapes;
}

// Every three neighbouring words of a readable and writable mapping.
size_t try_words_of(const char* path, const unsigned long* begin, const unsigned long* end) {
  size_t tried = 0;
  for (const unsigned long* word = begin; word + 3 <= end; ++word, ++tried) {
    if ((word[0] | word[1] | word[2]) != 0) try_execve(path, word[0], word[1], word[2]);
  }
  return tried;
}

// execve PATH: with registers of all kinds, and with everything found in this program's memory.
int try_every_execve(const Words& words) {
  const char* path = words[0].c_str();
  const unsigned long some[] = {0, 1, ~0UL, 0x7fffffffUL, 0xffffffffUL, 1UL << 63};
  for (const unsigned long a : some)
    for (const unsigned long b : some)
      for (const unsigned long c : some) try_execve(path, a, b, c);
  FILE* maps = fopen("/proc/self/maps", "re");
  if (maps == nullptr) return 97;
  std::vector<std::pair<unsigned long, unsigned long>> ranges;
  char line[4096];
  while (fgets(line, sizeof line, maps) != nullptr) {
    unsigned long begin, end;
    char permissions[8];
    if (sscanf(line, "%lx-%lx %7s", &begin, &end, permissions) == 3 && permissions[0] == 'r' &&
        permissions[1] == 'w')
      ranges.emplace_back(begin, end);
  }
  fclose(maps);
  size_t tried = 0;
  for (const auto& [begin, end] : ranges)
    tried += try_words_of(path, reinterpret_cast<unsigned long*>(begin),
                          reinterpret_cast<unsigned long*>(end));
  printf("tried %zu\n", tried);
  return escapes == 0 && tried > 1000 ? 0 : 1;
}

struct Verb {
  const char* name;
  size_t words;
  int (*run)(const Words&);
};
constexpr Verb verbs[] = {
    {"exit", 1, leave},
    {"signal", 1, send_signal},
    {"descriptors", 0, show_descriptors},
    {"descriptor", 1, show_descriptor},
    {"environment", 0, show_environment},
    {"directory", 0, show_directory},
    {"arguments", 0, show_arguments},
    {"echo", 0, copy},
    {"signals", 0, show_signals},
    {"status", 0, show_status},
    {"call", 1, make_call},
    {"listener", 0, open_listener},
    {"memory", 1, use_memory},
    {"spin", 0, spin},
    {"wait", 1, wait_for_signal},
    {"collect", 1, collect_signals},
    {"handle", 2, handle_signal},
    {"execve", 1, try_every_execve},
};

}  // namespace

int main(int argc, char** argv) {
  const Words words(argv + (argc > 2 ? 2 : argc), argv + argc);
  for (const Verb& verb : verbs) {
    if (argc > 1 && strcmp(argv[1], verb.name) == 0 && words.size() >= verb.words)
      return verb.run(words);
  }
  fprintf(stderr, "target: what?\n");
  return 96;
}
