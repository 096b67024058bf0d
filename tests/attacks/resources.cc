// Attempts to use up what others need, each bounded: so much is tried as shows that nobody counts.
//
// In, out: attack.h.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

bool multiply(const World&) {
  pid_t children[60];
  int count = 0;
  for (pid_t& child : children) {
    child = fork();
    if (child == 0) {
      pause();
      _exit(0);
    }
    if (child > 0) ++count;
  }
  for (const pid_t child : children)
    if (child > 0) kill(child, SIGKILL), waitpid(child, nullptr, 0);
  return count == 60;
}
// Stays behind when the program has ended.
bool outlive(const World&) {
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    alarm(2);  // and is gone soon, whatever happens
    _exit(0);
  }
  return child > 0 && waitpid(child, nullptr, 0) == child;
}
bool signal_storm(const World& world) {
  int count = 0;
  for (int i = 0; i < 1000; ++i) count += kill(world.victim, SIGUSR2) == 0 ? 1 : 0;
  return count == 1000;
}
bool queue_storm(const World& world) {
  int count = 0;
  siginfo_t info = {};
  info.si_signo = SIGRTMIN + 3;
  info.si_code = SI_QUEUE;
  for (int i = 0; i < 100; ++i)
    count += syscall(SYS_rt_sigqueueinfo, world.victim, SIGRTMIN + 3, &info) == 0 ? 1 : 0;
  return count == 100;
}

bool fill_folder(const World& world) {
  static char block[65536];
  const int file = open(In(world, "filled"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return false;
  for (int i = 0; i < 64; ++i)
    if (write(file, block, sizeof block) != sizeof block) return false;
  return true;
}
bool reserve_folder(const World& world) {
  const int file = open(In(world, "filled"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  return file >= 0 && fallocate(file, 0, 0, 4 << 20) == 0;
}
bool fill_shared_memory(const World& world) {
  char name[64] = "/dev/shm/seclude-attacks-filled";
  const int file = open(name, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool filled = fallocate(file, 0, 0, 4 << 20) == 0;
  return unlink(name) == 0 && filled && world.folder != nullptr;
}
bool fill_memory_file(const World&) {
  const int memory = memfd_create("filled", MFD_CLOEXEC);
  return memory >= 0 && fallocate(memory, 0, 0, 4 << 20) == 0;
}
bool many_names(const World& world) {
  char name[32];
  for (int i = 0; i < 100; ++i) {
    memcpy(name, "name00", 7);
    name[4] = static_cast<char>('0' + i / 10);
    name[5] = static_cast<char>('0' + i % 10);
    const int file = open(In(world, name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) return false;
    close(file);
  }
  return true;
}

bool first_in_line(const World&) { return setpriority(PRIO_PROCESS, 0, -10) == 0; }
bool real_time(const World&) {
  const sched_param parameter = {1};
  return sched_setscheduler(0, SCHED_RR, &parameter) == 0;
}
bool raise_limit(const World&) {
  rlimit64 limit = {};
  if (syscall(SYS_prlimit64, 0, RLIMIT_NICE, nullptr, &limit) != 0) return false;
  limit.rlim_max += 1;
  return syscall(SYS_prlimit64, 0, RLIMIT_NICE, &limit, nullptr) == 0;
}
bool never_killed(const World&) {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  return file >= 0 && write(file, "-1000", 5) == 5;
}
bool lock_memory(const World&) { return mlockall(MCL_FUTURE) == 0; }
bool drop_caches(const World&) {
  return made(open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC));
}

constexpr Attempt attempts[] = {
    {"multiply", "make sixty processes", multiply},
    {"outlive", "leave a process behind in a session of its own", outlive},
    {"signal-storm", "send a thousand signals to a process outside", signal_storm, Effect::Victim,
     own_processes | by_domain},
    {"signal-queue", "fill its user's queue of signals", queue_storm, Effect::Victim,
     own_processes | by_domain},
    {"fill-folder", "fill a folder that it may not write", fill_folder, Effect::Files,
     by_paths | own_tmp},
    {"reserve-folder", "reserve a disk's blocks there", reserve_folder, Effect::Files,
     by_paths | own_tmp, if_present},
    {"many-names", "make many files there", many_names, Effect::Files, by_paths | own_tmp},
    {"fill-shared-memory", "fill /dev/shm", fill_shared_memory, Effect::Word, by_paths},
    {"fill-memory-file", "fill memory that no process owns (`memfd_create`)", fill_memory_file,
     Effect::Word, by_run, within_work},
    {"first-in-line", "raise its own priority", first_in_line, Effect::Word, 0, of_root},
    {"real-time", "run before all others (SCHED_RR)", real_time, Effect::Word, 0, of_root},
    {"raise-limit", "raise a limit of its own", raise_limit, Effect::Word, 0, of_root | if_present},
    {"never-killed", "be spared when memory is short", never_killed, Effect::Word, by_paths,
     of_root | if_present},
    {"lock-memory", "lock all of its memory", lock_memory, Effect::Word, 0, of_root},
    {"drop-caches", "open the switch that drops every cache", drop_caches, Effect::Word,
     by_paths | own_processes, of_root},
};

}  // namespace

Table resource_attempts() { return attempts; }

}  // namespace seclude::attacks
