// Attempts by namespaces: to be root in one of its own, or to enter one of others.
//
// In, out: attack.h.
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

bool make_user(const World&) { return unshare(CLONE_NEWUSER) == 0; }
bool make_mounts(const World&) { return enter_own(CLONE_NEWNS); }
bool make_network(const World&) { return enter_own(CLONE_NEWNET); }
bool make_processes(const World&) { return enter_own(CLONE_NEWPID); }
bool make_ipc(const World&) { return enter_own(CLONE_NEWIPC); }
bool make_name(const World&) { return enter_own(CLONE_NEWUTS); }
bool make_group(const World&) { return enter_own(CLONE_NEWCGROUP); }
bool make_time(const World&) { return enter_own(CLONE_NEWTIME); }

bool cloned(unsigned long flags) {
  const long child = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  return child > 0;
}
bool clone_user(const World&) { return cloned(CLONE_NEWUSER); }
bool clone_everything(const World&) {
  return cloned(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC |
                CLONE_NEWUTS);
}
bool become_root(const World&) { return enter_own_users(0) && setuid(0) == 0; }

bool enter(const World& world, const char* name, int kind) {
  return setns(open(OfProcess(world.victim, name), O_RDONLY | O_CLOEXEC), kind) == 0;
}
bool enter_mounts(const World& world) { return enter(world, "ns/mnt", CLONE_NEWNS); }
bool enter_network(const World& world) { return enter(world, "ns/net", CLONE_NEWNET); }
bool enter_processes(const World& world) { return enter(world, "ns/pid", CLONE_NEWPID); }
bool enter_name(const World& world) { return enter(world, "ns/uts", CLONE_NEWUTS); }
bool enter_by_descriptor(const World& world) {
  const long process = syscall(SYS_pidfd_open, world.victim, 0);
  return process >= 0 && setns(static_cast<int>(process), CLONE_NEWNS | CLONE_NEWNET) == 0;
}

// The classic way out of a root folder.
bool hop_out(const World& world) {
  if (chroot("/usr") != 0) return false;
  for (int step = 0; step < 20; ++step)
    if (chdir("..") != 0) return false;
  return chroot(".") == 0 && reveal_file(In(world, "secret"));
}

constexpr Attempt attempts[] = {
    {"own-users", "make a user namespace", make_user, Effect::Word, by_default},
    {"own-users-as-root", "be root in a user namespace", become_root, Effect::Word, by_default},
    {"own-mounts", "make a mount namespace", make_mounts, Effect::Word, by_default},
    {"own-network", "make a network namespace, with the kernel's network code", make_network,
     Effect::Word, by_default},
    {"own-processes", "make a process namespace", make_processes, Effect::Word, by_default},
    {"own-ipc", "make an IPC namespace", make_ipc, Effect::Word, by_default},
    {"own-name", "make a namespace of names", make_name, Effect::Word, by_default},
    {"own-groups", "make a namespace of control groups", make_group, Effect::Word, by_default,
     if_present},
    {"own-time", "make a time namespace", make_time, Effect::Word, by_default, if_present},
    {"clone-users", "make a process in a user namespace", clone_user, Effect::Word, by_default},
    {"clone-everything", "make a process in namespaces of every kind", clone_everything,
     Effect::Word, by_default},
    {"enter-mounts", "enter the mounts of a process outside", enter_mounts, Effect::Word,
     by_default | own_processes | by_launch, of_root},
    {"enter-network", "enter its network", enter_network, Effect::Word,
     by_default | own_processes | by_launch, of_root},
    {"enter-processes", "enter its processes", enter_processes, Effect::Word,
     by_default | own_processes | by_launch, of_root},
    {"enter-name", "enter its names", enter_name, Effect::Word,
     by_default | own_processes | by_launch, of_root},
    {"enter-by-descriptor", "enter them by a descriptor of the process", enter_by_descriptor,
     Effect::Word, by_default | own_processes | by_launch, of_root},
    {"hop-out-of-root", "change its root, step out, change it back", hop_out, Effect::Secret,
     by_default | own_tmp, of_root},
};

}  // namespace

Table namespace_attempts() { return attempts; }

}  // namespace seclude::attacks
