// Attempts on other processes: signals, tracing, memory, descriptors, priorities and limits of a
// process outside that runs as the same user and lets everybody trace it.
//
// In: the victim, and where it keeps the secret. Out: attack.h. Attempts on the launcher itself are
// in tests/kernel/guard_test.cc.
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

constexpr int sent = SIGUSR1;

// ---- signals ------------------------------------------------------------------------------------

siginfo_t queued() {
  siginfo_t info = {};
  info.si_signo = sent;
  info.si_code = SI_QUEUE;
  return info;
}

bool signal_process(const World& world) { return kill(world.victim, sent) == 0; }
bool signal_group(const World& world) { return kill(-world.victim, sent) == 0; }
bool signal_thread(const World& world) { return syscall(SYS_tkill, world.victim, sent) == 0; }
bool signal_thread_of_group(const World& world) {
  return syscall(SYS_tgkill, world.victim, world.victim, sent) == 0;
}
bool queue_signal(const World& world) {
  siginfo_t info = queued();
  return syscall(SYS_rt_sigqueueinfo, world.victim, sent, &info) == 0;
}
bool queue_signal_for_thread(const World& world) {
  siginfo_t info = queued();
  return syscall(SYS_rt_tgsigqueueinfo, world.victim, world.victim, sent, &info) == 0;
}
// What programs that abort do to themselves.
bool abort_other(const World& world) {
  return syscall(SYS_tgkill, world.victim, world.victim, SIGABRT) == 0;
}
bool abort_thread(const World& world) { return syscall(SYS_tkill, world.victim, SIGABRT) == 0; }
bool signal_by_descriptor(const World& world) {
  const long process = syscall(SYS_pidfd_open, world.victim, 0);
  return process >= 0 && syscall(SYS_pidfd_send_signal, process, sent, nullptr, 0) == 0;
}
bool signal_by_folder(const World& world) {
  const int folder = open(OfProcess(world.victim, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return folder >= 0 && syscall(SYS_pidfd_send_signal, folder, sent, nullptr, 0) == 0;
}

// The kernel sends a signal when something can be read.
bool ready(int ends[2]) { return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0; }
bool write_to(int ends[2]) {
  return fcntl(ends[0], F_SETSIG, sent) == 0 && fcntl(ends[0], F_SETFL, O_ASYNC) == 0 &&
         write(ends[1], "x", 1) == 1;
}
bool own_socket(const World& world) {
  int ends[2];
  return ready(ends) && fcntl(ends[0], F_SETOWN, world.victim) == 0 && write_to(ends);
}
bool own_socket_in_memory(const World& world) {
  int ends[2];
  const f_owner_ex owner = {F_OWNER_PID, world.victim};
  return ready(ends) && fcntl(ends[0], F_SETOWN_EX, &owner) == 0 && write_to(ends);
}
bool own_socket_by_ioctl(const World& world) {
  int ends[2];
  const int owner = world.victim;
  return ready(ends) && ioctl(ends[0], FIOSETOWN, &owner) == 0 && write_to(ends);
}
bool own_group_by_ioctl(const World& world) {
  int ends[2];
  const int owner = -world.victim;
  return ready(ends) && ioctl(ends[0], SIOCSPGRP, &owner) == 0 && write_to(ends);
}

// ---- tracing and memory -------------------------------------------------------------------------

bool trace(const World& world) {
  if (ptrace(PTRACE_ATTACH, world.victim, 0, 0) != 0) return false;
  waitpid(world.victim, nullptr, __WALL);
  long words[8] = {};
  for (unsigned long i = 0; i < 8; ++i)
    words[i] = ptrace(PTRACE_PEEKDATA, world.victim, world.address + 8 * i, 0);
  ptrace(PTRACE_DETACH, world.victim, 0, 0);
  return reveal_memory(words, sizeof words);
}
bool seize(const World& world) { return ptrace(PTRACE_SEIZE, world.victim, 0, 0) == 0; }
bool vm(const World& world, long number, char* text, size_t size) {
  const iovec here = {text, size};
  const iovec there = {reinterpret_cast<void*>(world.address), size};
  return syscall(number, world.victim, &here, 1, &there, 1, 0) > 0;
}
bool read_memory(const World& world) {
  char text[64] = {};
  return vm(world, SYS_process_vm_readv, text, sizeof text) && reveal_memory(text, sizeof text);
}
bool write_memory(const World& world) {
  char text[] = "changed";
  return vm(world, SYS_process_vm_writev, text, sizeof text - 1);
}
bool take_descriptor(const World& world) {
  const long process = syscall(SYS_pidfd_open, world.victim, 0);
  const long taken = process < 0 ? -1 : syscall(SYS_pidfd_getfd, process, 7, 0);
  char text[64] = {};
  return taken >= 0 && pread(static_cast<int>(taken), text, sizeof text, 0) > 0 &&
         reveal_memory(text, sizeof text);
}
bool compare(const World& world) {
  return made(syscall(SYS_kcmp, world.victim, getpid(), 0, 0, 0));
}
bool robust_list(const World& world) {
  void* head = nullptr;
  size_t size = 0;
  return made(syscall(SYS_get_robust_list, world.victim, &head, &size));
}
bool move_pages(const World& world) {
  void* page = reinterpret_cast<void*>(world.address & ~4095UL);
  int status = -1;
  return syscall(SYS_move_pages, world.victim, 1, &page, nullptr, &status, 0) == 0;
}
bool migrate_pages(const World& world) {
  const unsigned long nodes = 1;
  return syscall(SYS_migrate_pages, world.victim, 2, &nodes, &nodes) == 0;
}

// ---- priorities, limits, processors -------------------------------------------------------------

bool lower_priority(const World& world) {
  return setpriority(PRIO_PROCESS, static_cast<id_t>(world.victim), 19) == 0;
}
bool lower_priority_of_group(const World& world) {
  return setpriority(PRIO_PGRP, static_cast<id_t>(world.victim), 19) == 0;
}
bool limit_files(const World& world) {
  const rlimit64 limit = {3, 3};
  return syscall(SYS_prlimit64, world.victim, RLIMIT_NOFILE, &limit, nullptr) == 0;
}
bool pin(const World& world) {
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  return sched_setaffinity(world.victim, sizeof first, &first) == 0;
}
bool make_batch(const World& world) {
  const sched_param none = {};
  return sched_setscheduler(world.victim, SCHED_BATCH, &none) == 0;
}
bool set_attributes(const World& world) {
  const struct {
    unsigned size, policy;
    unsigned long long flags;
    int nice;
    unsigned priority;
    unsigned long long runtime, deadline, period;
  } attributes = {48, SCHED_IDLE, 0, 0, 0, 0, 0, 0};
  return syscall(SYS_sched_setattr, world.victim, &attributes, 0) == 0;
}
bool make_disk_slow(const World& world) {
  constexpr int of_process = 1, idle_class = 3 << 13;
  return syscall(SYS_ioprio_set, of_process, world.victim, idle_class) == 0;
}
bool look_up(const World& world) { return kill(world.victim, 0) == 0; }
bool handle_of(const World& world) { return made(syscall(SYS_pidfd_open, world.victim, 0)); }

constexpr unsigned signalling = own_processes | by_domain;
constexpr unsigned looking = by_default | own_processes | by_domain;

constexpr Attempt attempts[] = {
    {"signal", "signal it (`kill`)", signal_process, Effect::Victim, signalling},
    {"signal-group", "signal its group", signal_group, Effect::Victim, signalling},
    {"signal-thread", "signal its thread (`tkill`)", signal_thread, Effect::Victim, signalling},
    {"signal-thread-of-group", "the same by `tgkill`", signal_thread_of_group, Effect::Victim,
     signalling},
    {"signal-queued", "queue a signal (`rt_sigqueueinfo`)", queue_signal, Effect::Victim,
     signalling},
    {"signal-queued-for-thread", "queue one for its thread", queue_signal_for_thread,
     Effect::Victim, signalling},
    {"signal-to-abort", "signal it with what programs abort themselves by (SIGABRT)", abort_other,
     Effect::Victim, signalling},
    {"signal-thread-to-abort", "the same by `tkill`", abort_thread, Effect::Victim, signalling},
    {"signal-by-descriptor", "signal it by a descriptor (`pidfd_send_signal`)",
     signal_by_descriptor, Effect::Victim, signalling},
    {"signal-by-folder", "signal it by its folder in /proc", signal_by_folder, Effect::Victim,
     signalling, if_present},
    {"signal-by-owning", "have a socket signal it (F_SETOWN, F_SETSIG)", own_socket, Effect::Victim,
     signalling},
    {"signal-by-owning-in-memory", "the same by F_SETOWN_EX", own_socket_in_memory, Effect::Victim,
     signalling},
    {"signal-by-ioctl", "the same by FIOSETOWN", own_socket_by_ioctl, Effect::Victim, signalling},
    {"signal-group-by-ioctl", "the same for its group by SIOCSPGRP", own_group_by_ioctl,
     Effect::Victim, signalling},
    {"trace", "trace it and read its memory (`ptrace`)", trace, Effect::Secret, looking},
    {"seize", "trace it without stopping it (PTRACE_SEIZE)", seize, Effect::Word, looking},
    {"read-memory", "read its memory (`process_vm_readv`)", read_memory, Effect::Secret, looking},
    {"write-memory", "write its memory (`process_vm_writev`)", write_memory, Effect::Victim,
     looking},
    {"take-descriptor", "take one of its descriptors (`pidfd_getfd`)", take_descriptor,
     Effect::Secret, looking},
    {"compare", "compare its files with its own (`kcmp`)", compare, Effect::Word, looking,
     if_present},
    {"robust-list", "learn where its locks lie (`get_robust_list`)", robust_list, Effect::Word,
     own_processes | by_domain},
    {"move-pages", "look where its pages lie (`move_pages`)", move_pages, Effect::Word, looking,
     if_present},
    {"migrate-pages", "move its pages (`migrate_pages`)", migrate_pages, Effect::Word, looking,
     if_present},
    {"lower-priority", "lower its priority", lower_priority, Effect::Victim, own_processes},
    {"lower-priority-of-group", "lower its group's priority", lower_priority_of_group,
     Effect::Victim, own_processes},
    {"limit-files", "lower its limits (`prlimit64`)", limit_files, Effect::Victim, own_processes},
    // Where there are two of them.
    {"pin", "pin it to a processor", pin, Effect::Victim, own_processes, if_present},
    {"make-batch", "change its scheduling", make_batch, Effect::Victim, own_processes},
    {"set-attributes", "change its scheduling by `sched_setattr`", set_attributes, Effect::Victim,
     own_processes},
    {"make-disk-slow", "lower its priority at the disk", make_disk_slow, Effect::Victim,
     own_processes},
    {"look-up", "learn whether it runs (signal 0)", look_up, Effect::Word, signalling},
    {"handle", "make a descriptor of it (`pidfd_open`)", handle_of, Effect::Word, own_processes},
};

}  // namespace

Table process_attempts() { return attempts; }

}  // namespace seclude::attacks
