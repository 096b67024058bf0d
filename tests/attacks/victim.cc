// Victim: a process outside, of the same user, that tells what was done to it.
//
// In: the world's folder; from standard input, a byte per question. Out: first where it keeps the
// secret in memory; then for each question one line of all that others could change of it: signals
// that came, connections to its socket, priorities, limits, processors, the memory itself.
// It lets everybody trace it, holds the secret open as descriptor 7, and gives it to whoever
// connects to the socket `giver` (SCM_RIGHTS). Neighbours: attack_cases.py asks it.
#include "victim.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

namespace seclude::attacks {
namespace {

char secret[64];
volatile sig_atomic_t signals = 0;
int connections = 0;

void count_signal(int) { signals = signals + 1; }

int listen_as_giver(const char* folder) {
  sockaddr_un address = {AF_UNIX, ""};
  snprintf(address.sun_path, sizeof address.sun_path, "%.90s/giver", folder);
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool listens = bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                       listen(server, 10) == 0;
  return listens ? server : -1;
}

void give(int server) {
  const int client = accept(server, nullptr, nullptr);
  ++connections;
  char byte = 'x';
  iovec part = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int handed = 7;
  memcpy(CMSG_DATA(header), &handed, sizeof handed);
  lseek(7, 0, SEEK_SET);
  sendmsg(client, &message, MSG_NOSIGNAL);
  close(client);
}

int number_in(const char* path) {
  int value = -9999;
  FILE* file = fopen(path, "re");
  if (file == nullptr || fscanf(file, "%d", &value) != 1) value = -9999;
  if (file != nullptr) fclose(file);
  return value;
}

void tell() {
  rlimit files = {}, cores = {};
  getrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_CORE, &cores);
  cpu_set_t processors;
  sched_getaffinity(0, sizeof processors, &processors);
  sched_param parameter = {};
  sched_getparam(0, &parameter);
  printf(
      "signals %d connections %d nice %d limits %lu %lu processors %d scheduler %d %d disk %ld "
      "oom %d slack %d memory %s\n",
      static_cast<int>(signals), connections, getpriority(PRIO_PROCESS, 0), files.rlim_cur,
      cores.rlim_cur, CPU_COUNT(&processors), sched_getscheduler(0), parameter.sched_priority,
      syscall(SYS_ioprio_get, 1, 0), number_in("/proc/self/oom_score_adj"),
      number_in("/proc/self/timerslack_ns"), secret);
  fflush(stdout);
}

void accept_everything() {
  struct sigaction action = {};
  action.sa_handler = count_signal;
  for (int number = 1; number < NSIG; ++number)
    if (number != SIGKILL && number != SIGSTOP) sigaction(number, &action, nullptr);
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

bool take_secret(const char* folder) {
  char path[512];
  snprintf(path, sizeof path, "%s/secret", folder);
  const int file = open(path, O_RDONLY);
  if (file < 0 || read(file, secret, sizeof secret - 1) <= 0 || dup2(file, 7) != 7) return false;
  return chdir(folder) == 0;
}

// Keys belong to the user; a kernel without keys has none to find.
void keep_keys() {
  constexpr unsigned seconds = 300;  // then the kernel drops them, whatever becomes of the victim
  for (const auto& [name, keyring] :
       {std::pair("seclude-attacks", KEY_SPEC_USER_KEYRING),
        std::pair("seclude-attacks-session", KEY_SPEC_SESSION_KEYRING)}) {
    const long key = syscall(SYS_add_key, "user", name, secret, strlen(secret), keyring);
    if (key >= 0) syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, seconds);
  }
}

}  // namespace

int be_victim(const char* folder) {
  accept_everything();
  if (!take_secret(folder)) return 1;
  keep_keys();
  const int server = listen_as_giver(folder);
  if (server < 0) return 2;
  printf("%lu\n", reinterpret_cast<unsigned long>(secret));
  fflush(stdout);
  for (;;) {
    pollfd waiting[] = {{0, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0) continue;
    if (waiting[1].revents != 0) give(server);
    if (waiting[0].revents == 0) continue;
    char question;
    const ssize_t got = read(0, &question, 1);
    if (got == 0) return 0;
    if (got == 1) tell();
  }
}

}  // namespace seclude::attacks
