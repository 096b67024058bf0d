// Attempts by /proc: links that lead to other places, and files that are more than files.
//
// In, out: attack.h.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

// What a link of /proc leads to, followed by the secret's place.
class Through {
 public:
  Through(const World& world, const char* link) {
    snprintf(text_, sizeof text_, "%s%s/secret", link, world.folder);
  }
  operator const char*() const { return text_; }

 private:
  char text_[512];
};

bool own_root(const World& world) { return reveal_file(Through(world, "/proc/self/root")); }
bool thread_root(const World& world) {
  return reveal_file(Through(world, "/proc/thread-self/root"));
}
bool victims_root(const World& world) {
  return reveal_file(Through(world, OfProcess(world.victim, "root")));
}
bool first_root(const World& world) { return reveal_file(Through(world, "/proc/1/root")); }
bool task_root(const World& world) {
  char link[64];
  snprintf(link, sizeof link, "/proc/%d/task/%d/root", world.victim, world.victim);
  return reveal_file(Through(world, link));
}
bool own_cwd(const World& world) {
  return chdir(world.folder) == 0 && reveal_file("/proc/self/cwd/secret");
}
bool victims_cwd(const World& world) { return reveal_file(OfProcess(world.victim, "cwd/secret")); }
bool victims_descriptor(const World& world) { return reveal_file(OfProcess(world.victim, "fd/7")); }

bool by_place(const World& world) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", open(In(world, "secret"), O_PATH));
  return reveal_file(name);
}
bool by_folder_place(const World& world) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d/secret", open(world.folder, O_PATH));
  return reveal_file(name);
}

bool read_memory(const World& world) {
  char text[64] = {};
  const int memory = open(OfProcess(world.victim, "mem"), O_RDONLY | O_CLOEXEC);
  return memory >= 0 && pread(memory, text, sizeof text, static_cast<off_t>(world.address)) > 0 &&
         reveal_memory(text, sizeof text);
}
bool write_memory(const World& world) {
  const int memory = open(OfProcess(world.victim, "mem"), O_RDWR | O_CLOEXEC);
  return memory >= 0 && pwrite(memory, "changed", 7, static_cast<off_t>(world.address)) == 7;
}
bool read_environment(const World& world) {
  return reveal_file(OfProcess(world.victim, "environ"));
}
bool read_layout(const World& world) { return reveal_file(OfProcess(world.victim, "maps")); }
bool look_at_descriptor(const World& world) {
  char target[512];
  return made(readlink(OfProcess(world.victim, "fd/7"), target, sizeof target));
}
// Whether a table of /proc, read to its end, speaks of something.
bool speaks_of(const char* path, const char* words) {
  char table[8192];
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  for (ssize_t size; (size = read(file, table, sizeof table - 1)) > 0;) {
    table[size] = 0;
    if (strstr(table, words) != nullptr) return true;
  }
  return false;
}
bool first_descriptor(const World&) {
  char target[512];
  return made(readlink("/proc/1/fd/0", target, sizeof target));
}
bool neighbours(const World& world) {
  char port[16];
  snprintf(port, sizeof port, ":%04X ", world.port);
  return speaks_of("/proc/net/tcp6", port);
}
bool local_names(const World& world) { return speaks_of("/proc/net/unix", world.folder); }
// Whether this process is in the root, as far as it is told, of every hierarchy.
bool in_root_groups() {
  char line[512];
  bool roots = true;
  FILE* file = fopen("/proc/self/cgroup", "re");
  while (file != nullptr && fgets(line, sizeof line, file) != nullptr)
    roots = roots && strstr(line, ":/\n") != nullptr;
  if (file != nullptr) fclose(file);
  return roots;
}
bool own_groups(const World&) { return !in_root_groups(); }
bool seen(const World& world) {
  return made(open(OfProcess(world.victim, "status"), O_RDONLY | O_CLOEXEC));
}

bool invite_killer(const World& world) {
  const int file = open(OfProcess(world.victim, "oom_score_adj"), O_WRONLY | O_CLOEXEC);
  return file >= 0 && write(file, "900", 3) == 3;
}
bool slow_timers(const World& world) {
  const int file = open(OfProcess(world.victim, "timerslack_ns"), O_WRONLY | O_CLOEXEC);
  return file >= 0 && write(file, "77777777", 8) == 8;
}

// Only opened: what could be written there is for the machine's owner to say.
bool open_to_write(const char* path) { return made(open(path, O_WRONLY | O_CLOEXEC)); }
bool magic_keys(const World&) { return open_to_write("/proc/sysrq-trigger"); }
bool crash_handler(const World&) { return write_same("/proc/sys/kernel/core_pattern"); }
bool module_loader(const World&) { return write_same("/proc/sys/kernel/modprobe"); }
bool whole_memory(const World&) { return write_same("/proc/sys/vm/overcommit_memory"); }
bool kernel_log(const World&) { return made(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)); }
bool kernel_log_to_write(const World&) { return open_to_write("/dev/kmsg"); }
bool own_group(const World&) {
  const bool wrote = write_same("/sys/fs/cgroup/cgroup.subtree_control");
  return wrote || open_to_write("/sys/fs/cgroup/cgroup.procs") ||
         open_to_write("/sys/fs/cgroup/unified/cgroup.procs");
}
bool other_group(const World&) {
  return open_to_write("/sys/fs/cgroup/memory/cgroup.procs") ||
         open_to_write("/sys/fs/cgroup/pids/cgroup.procs");
}
bool hotplug(const World&) { return open_to_write("/sys/kernel/uevent_helper"); }

constexpr unsigned reaching = by_paths | own_tmp;
constexpr unsigned of_others = by_paths | own_processes | by_domain;
constexpr unsigned through_others = of_others | own_tmp;

constexpr Attempt attempts[] = {
    {"proc-own-root", "read a file by /proc/self/root", own_root, Effect::Secret, reaching,
     reads_only},
    {"proc-thread-root", "read it by /proc/thread-self/root", thread_root, Effect::Secret, reaching,
     reads_only},
    {"proc-other-root", "read it by the root of a process outside", victims_root, Effect::Secret,
     through_others, reads_only},
    {"proc-other-task-root", "read it by the root of a thread outside", task_root, Effect::Secret,
     through_others, reads_only},
    {"proc-first-root", "read it by the root of process 1", first_root, Effect::Secret,
     through_others, reads_only | of_root | if_present},
    {"proc-own-cwd", "read it by /proc/self/cwd", own_cwd, Effect::Secret, reaching},
    {"proc-other-cwd", "read it by the working folder of a process outside", victims_cwd,
     Effect::Secret, through_others, reads_only},
    {"proc-other-descriptor", "read it by a descriptor of a process outside", victims_descriptor,
     Effect::Secret, through_others, reads_only},
    {"proc-o-path", "read it by an O_PATH descriptor of it", by_place, Effect::Secret, reaching,
     reads_only},
    {"proc-o-path-folder", "read it by an O_PATH descriptor of its folder", by_folder_place,
     Effect::Secret, reaching, reads_only},
    {"proc-other-memory", "read the memory of a process outside", read_memory, Effect::Secret,
     of_others, reads_only},
    {"proc-other-memory-to-write", "write it", write_memory, Effect::Victim, of_others},
    {"proc-other-environment", "read the environment of a process outside", read_environment,
     Effect::Secret, of_others, reads_only},
    {"proc-other-layout", "read where its memory lies", read_layout, Effect::Word, of_others,
     reads_only},
    {"proc-other-open-file", "learn what one of its descriptors is", look_at_descriptor,
     Effect::Word, of_others, reads_only},
    {"proc-first-open-file", "learn what process 1 has open", first_descriptor, Effect::Word,
     of_others, reads_only | of_root | if_present},
    {"proc-other-status", "learn what a process outside is", seen, Effect::Word, own_processes,
     reads_only},
    {"proc-own-groups", "learn where among the machine's control groups it is", own_groups,
     Effect::Word, own_processes, reads_only | if_present},
    {"proc-sockets", "learn who listens", neighbours, Effect::Word, own_network,
     reads_only | if_present},
    {"proc-local-sockets", "learn which local sockets there are", local_names, Effect::Word,
     own_network, reads_only},
    {"proc-oom-score", "have the kernel kill a process outside first when memory is short",
     invite_killer, Effect::Victim, by_paths | own_processes},
    {"proc-timer-slack", "make its timers late", slow_timers, Effect::Victim,
     by_paths | own_processes, of_root},
    {"proc-sysrq", "open /proc/sysrq-trigger for writing", magic_keys, Effect::Word,
     by_paths | own_processes, of_root | if_present},
    {"proc-core-pattern", "set the program that the kernel starts at crashes", crash_handler,
     Effect::Word, by_paths | own_processes, of_root},
    {"proc-modprobe", "set the program that the kernel loads modules with", module_loader,
     Effect::Word, by_paths | own_processes, of_root | if_present},
    {"proc-overcommit", "set how the machine shares memory out", whole_memory, Effect::Word,
     by_paths | own_processes, of_root},
    {"kernel-log", "open the kernel's messages", kernel_log, Effect::Word, by_paths,
     of_root | reads_only | if_present},
    {"kernel-log-to-write", "write among the kernel's messages", kernel_log_to_write, Effect::Word,
     by_paths, of_root | if_present},
    {"cgroup-root", "open the machine's control groups for writing", own_group, Effect::Word,
     by_paths, of_root | if_present},
    {"cgroup-controller", "leave the control group that counts memory or processes", other_group,
     Effect::Word, by_paths, of_root | if_present},
    {"uevent-helper", "set the program that the kernel starts for new devices", hotplug,
     Effect::Word, by_paths, of_root | if_present},
};

}  // namespace

Table proc_attempts() { return attempts; }

}  // namespace seclude::attacks
