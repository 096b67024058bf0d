// Guard target: a hostile program that tries to reach whoever holds it.
//
// In: an attempt, its victim (a process id, `launcher`, `helper`), and where the victim keeps a
// known number. Out: 0 when the attempt succeeded, else its errno. It is static, so that it makes
// no calls but its own.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr unsigned long known = 0x5ec1d35ec1d35ec1;
constexpr int no_such_helper = 200, wrong_memory = 201, unknown_attempt = 202;

int victim = 0;
unsigned long address = 0;
int signal_number = SIGKILL;

int errno_unless(bool good) { return good ? 0 : errno; }
int made(long result) { return errno_unless(result >= 0); }

int open_of_victim(const char* file, int flags) {
  char name[64];
  snprintf(name, sizeof name, "/proc/%d/%s", victim, file);
  return open(name, flags | O_CLOEXEC);
}

// ---- tracing and memory -------------------------------------------------------------------------

int attach() { return made(ptrace(PTRACE_ATTACH, victim, 0, 0)); }
int seize() { return made(ptrace(PTRACE_SEIZE, victim, 0, 0)); }

int read_mem() {
  const int file = open_of_victim("mem", O_RDONLY);
  unsigned long value = 0;
  if (file < 0 || pread(file, &value, sizeof value, static_cast<off_t>(address)) < 0) return errno;
  return value == known ? 0 : wrong_memory;
}

int write_mem() {
  const int file = open_of_victim("mem", O_RDWR);
  return errno_unless(
      file >= 0 && pwrite(file, &known, sizeof known, static_cast<off_t>(address)) == sizeof known);
}

int vm_call(long number) {
  unsigned long value = known;
  const iovec here = {&value, sizeof value};
  const iovec there = {reinterpret_cast<void*>(address), sizeof value};
  if (syscall(number, victim, &here, 1, &there, 1, 0) < 0) return errno;
  return value == known ? 0 : wrong_memory;
}
int vm_read() { return vm_call(SYS_process_vm_readv); }
int vm_write() { return vm_call(SYS_process_vm_writev); }

// ---- what /proc and descriptors of processes give -----------------------------------------------

int get_descriptor() {
  const long handle = syscall(SYS_pidfd_open, victim, 0);
  if (handle < 0) return errno;
  return made(syscall(SYS_pidfd_getfd, handle, 2, 0));
}

int follow_descriptor() {
  char name[64], target[4096];
  snprintf(name, sizeof name, "/proc/%d/fd/2", victim);
  return made(readlink(name, target, sizeof target));
}

int open_descriptor() { return made(open_of_victim("fd/0", O_RDONLY)); }

int read_file(const char* file) {
  char byte;
  const int opened = open_of_victim(file, O_RDONLY);
  return errno_unless(opened >= 0 && read(opened, &byte, 1) == 1);
}
int read_maps() { return read_file("maps"); }
int read_environment() { return read_file("environ"); }
int read_vector() { return read_file("auxv"); }
int enter_root() { return made(open_of_victim("root/etc", O_RDONLY | O_DIRECTORY)); }

int compare() { return made(syscall(SYS_kcmp, victim, getpid(), 0, 0, 0)); }
int robust_list() {
  void* head = nullptr;
  size_t size = 0;
  return made(syscall(SYS_get_robust_list, victim, &head, &size));
}

// ---- signals ------------------------------------------------------------------------------------

siginfo_t queued() {
  siginfo_t info = {};
  info.si_signo = signal_number;
  info.si_code = SI_QUEUE;
  return info;
}

int send() { return made(kill(victim, signal_number)); }
int send_thread() { return made(syscall(SYS_tkill, victim, signal_number)); }
int send_thread_group() { return made(syscall(SYS_tgkill, victim, victim, signal_number)); }
int send_queued() {
  siginfo_t info = queued();
  return made(syscall(SYS_rt_sigqueueinfo, victim, signal_number, &info));
}
int send_queued_thread() {
  siginfo_t info = queued();
  return made(syscall(SYS_rt_tgsigqueueinfo, victim, victim, signal_number, &info));
}
int send_by_handle() {
  const long handle = syscall(SYS_pidfd_open, victim, 0);
  if (handle < 0) return errno;
  return made(syscall(SYS_pidfd_send_signal, handle, signal_number, nullptr, 0));
}
// A directory of /proc is as good as a descriptor of the process.
int send_by_folder() {
  const int folder = open_of_victim("", O_RDONLY | O_DIRECTORY);
  if (folder < 0) return errno;
  return made(syscall(SYS_pidfd_send_signal, folder, signal_number, nullptr, 0));
}

int send_own_group() { return made(kill(0, signal_number)); }
int send_group() { return made(kill(-getpgid(victim), signal_number)); }
int send_everybody() { return made(kill(-1, signal_number)); }

int make_owner(bool in_memory) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return errno;
  const f_owner_ex owner = {F_OWNER_PID, victim};
  const int owned =
      in_memory ? fcntl(ends[0], F_SETOWN_EX, &owner) : fcntl(ends[0], F_SETOWN, victim);
  if (owned != 0) return errno;
  if (fcntl(ends[0], F_SETSIG, signal_number) != 0) return errno;
  if (fcntl(ends[0], F_SETFL, O_ASYNC) != 0) return errno;
  return errno_unless(write(ends[1], "x", 1) == 1);
}
// The kernel sends it when something can be read. These succeed whether or not it arrives.
int own_descriptor() { return make_owner(false); }
int own_descriptor_in_memory() { return make_owner(true); }

// ---- limits, priorities, processors -------------------------------------------------------------

int set_limit() {
  const struct rlimit64 limit = {3, 3};
  return made(syscall(SYS_prlimit64, victim, RLIMIT_NOFILE, &limit, nullptr));
}
int set_affinity() {
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  return made(sched_setaffinity(victim, sizeof first, &first));
}
int set_scheduler() {
  const sched_param none = {};
  return made(sched_setscheduler(victim, SCHED_BATCH, &none));
}
int set_parameter() {
  const sched_param none = {};
  return made(sched_setparam(victim, &none));
}
int set_attributes() {
  const struct {
    unsigned size, policy;
    unsigned long long flags;
    int nice;
    unsigned priority;
    unsigned long long runtime, deadline, period;
  } attributes = {48, SCHED_BATCH, 0, 19, 0, 0, 0, 0};
  return made(syscall(SYS_sched_setattr, victim, &attributes, 0));
}
int set_priority() { return made(setpriority(PRIO_PROCESS, static_cast<id_t>(victim), 19)); }
int set_group_priority() {
  return made(setpriority(PRIO_PGRP, static_cast<id_t>(getpgid(victim)), 19));
}
int set_disk_priority() {
  constexpr int of_process = 1, idle_class = 3 << 13;
  return made(syscall(SYS_ioprio_set, of_process, victim, idle_class));
}

// ---- the terminal -------------------------------------------------------------------------------

// The raw call: libc may narrow the command.
int type() { return made(syscall(SYS_ioctl, 0, TIOCSTI, "x")); }
int type_wide() { return made(syscall(SYS_ioctl, 0, TIOCSTI | 1UL << 40, "x")); }

struct Attempt {
  const char* name;
  int (*make)();
};
constexpr Attempt attempts[] = {
    {"attach", attach},
    {"seize", seize},
    {"read-mem", read_mem},
    {"write-mem", write_mem},
    {"vm-read", vm_read},
    {"vm-write", vm_write},
    {"get-descriptor", get_descriptor},
    {"follow-descriptor", follow_descriptor},
    {"open-descriptor", open_descriptor},
    {"read-maps", read_maps},
    {"read-environment", read_environment},
    {"read-vector", read_vector},
    {"enter-root", enter_root},
    {"compare", compare},
    {"robust-list", robust_list},
    {"send", send},
    {"send-thread", send_thread},
    {"send-thread-group", send_thread_group},
    {"send-queued", send_queued},
    {"send-queued-thread", send_queued_thread},
    {"send-by-handle", send_by_handle},
    {"send-by-folder", send_by_folder},
    {"send-own-group", send_own_group},
    {"send-group", send_group},
    {"send-everybody", send_everybody},
    {"own-descriptor", own_descriptor},
    {"own-descriptor-in-memory", own_descriptor_in_memory},
    {"set-limit", set_limit},
    {"set-affinity", set_affinity},
    {"set-scheduler", set_scheduler},
    {"set-parameter", set_parameter},
    {"set-attributes", set_attributes},
    {"set-priority", set_priority},
    {"set-group-priority", set_group_priority},
    {"set-disk-priority", set_disk_priority},
    {"type", type},
    {"type-wide", type_wide},
};

// The child of the launcher that has the helper's name; all may read that.
int find_helper() {
  DIR* folder = opendir("/proc");
  while (const dirent* entry = folder == nullptr ? nullptr : readdir(folder)) {
    char name[300], text[64];
    int process, parent;
    snprintf(name, sizeof name, "/proc/%s/stat", entry->d_name);
    FILE* file = fopen(name, "re");
    if (file == nullptr) continue;
    const int found = fscanf(file, "%d (%63[^)]) %*c %d", &process, text, &parent);
    fclose(file);
    if (found == 3 && parent == getppid() && strcmp(text, "seclude-explain") == 0) return process;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return unknown_attempt;
  if (strcmp(argv[2], "launcher") == 0) {
    victim = getppid();
  } else if (strcmp(argv[2], "helper") == 0) {
    victim = find_helper();
    if (victim == 0) return no_such_helper;
  } else {
    victim = atoi(argv[2]);
  }
  address = strtoul(argv[3], nullptr, 0);
  if (argc > 4) signal_number = atoi(argv[4]);
  for (const Attempt& attempt : attempts) {
    if (strcmp(argv[1], attempt.name) == 0) return attempt.make();
  }
  return unknown_attempt;
}
