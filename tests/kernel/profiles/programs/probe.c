/* Makes dangerous calls with arguments that fail harmlessly, and prints "NAME ERRNO" for each (0: it
   went through). Run once outside and once inside a policy: what the kernel itself answers, and what
   the policy does. No arguments: all of them; else those named. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long clone_with(unsigned long flags) {
#if defined(__s390x__)
  long child = syscall(SYS_clone, 0, flags | SIGCHLD, 0, 0, 0);
#else
  long child = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
#endif
  if (child == 0) syscall(SYS_exit_group, 0);
  if (child > 0) waitpid((pid_t)child, NULL, 0);
  return child;
}

static long map_with(int prot) {
  void* memory = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? -1 : munmap(memory, 4096);
}

static long protect_code(void) {
  void* memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? -1 : mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}

#define PROBES(X)                                                        \
  X("mount", syscall(SYS_mount, 0, 0, 0, 0, 0))                          \
  X("umount2", syscall(SYS_umount2, 0, 0))                               \
  X("pivot_root", syscall(SYS_pivot_root, 0, 0))                         \
  X("unshare", syscall(SYS_unshare, CLONE_NEWUTS))                       \
  X("setns", syscall(SYS_setns, -1, 0))                                  \
  X("clone-newuser", clone_with(CLONE_NEWUSER))                          \
  X("clone-newuts", clone_with(CLONE_NEWUTS))                            \
  X("fork", clone_with(0))                                               \
  X("clone3", syscall(SYS_clone3, 0, 0))                                 \
  X("execve", syscall(SYS_execve, "/nonexistent", 0, 0))                 \
  X("ptrace", syscall(SYS_ptrace, 0x7777, 0, 0, 0))                      \
  X("process_vm_readv", syscall(SYS_process_vm_readv, 0x7ffffff0, 0, 0, 0, 0, 0)) \
  X("keyctl", syscall(SYS_keyctl, 0x7777, 0, 0, 0, 0))                   \
  X("add_key", syscall(SYS_add_key, 0, 0, 0, 0, 0))                      \
  X("bpf", syscall(SYS_bpf, 0x7777, 0, 0))                               \
  X("perf_event_open", syscall(SYS_perf_event_open, 0, 0, 0, 0, 0))      \
  X("io_uring_setup", syscall(SYS_io_uring_setup, 1, 0))                 \
  X("userfaultfd", syscall(SYS_userfaultfd, 0x7777))                     \
  X("finit_module", syscall(SYS_finit_module, -1, 0, 0x7777))            \
  X("kexec_load", syscall(SYS_kexec_load, 0, 999, 0, 0))                 \
  X("swapoff", syscall(SYS_swapoff, 0))                                  \
  X("reboot", syscall(SYS_reboot, 0, 0, 0, 0))                           \
  X("settimeofday", syscall(SYS_settimeofday, 1, 0))                     \
  X("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, 0, 0))       \
  X("tiocsti", ioctl(-1, TIOCSTI, 0))                                    \
  X("tiocsti-high-bit", syscall(SYS_ioctl, -1, TIOCSTI | 1UL << 40, 0))  \
  X("tioclinux", ioctl(-1, TIOCLINUX, 0))                                \
  X("socket-inet", socket(AF_INET, SOCK_STREAM, 0))                      \
  X("socket-unix", socket(AF_UNIX, SOCK_STREAM, 0))                      \
  X("socket-packet", socket(AF_PACKET, SOCK_RAW, 0))                     \
  X("socket-alg", socket(38, SOCK_SEQPACKET, 0))                         \
  X("listen", listen(-1, 1))                                             \
  X("mmap-write-exec", map_with(PROT_READ | PROT_WRITE | PROT_EXEC))     \
  X("mprotect-exec", protect_code())                                     \
  X("chown", chown("/nonexistent", 0, 0))                                \
  X("kill", kill(getpid(), 0))

static int wanted(const char* name, int count, char** names) {
  for (int i = 1; i < count; i++)
    if (strcmp(names[i], name) == 0) return 1;
  return count == 1;
}

int main(int argc, char** argv) {
#define PROBE(name, call)                          \
  if (wanted(name, argc, argv)) {                  \
    errno = 0;                                     \
    long result = (call);                          \
    printf("%s %d\n", name, result < 0 ? errno : 0); \
    fflush(stdout);                                \
  }
  PROBES(PROBE)
  return 0;
}
