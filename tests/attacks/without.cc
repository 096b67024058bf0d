// Without: shows a command a machine without Landlock, namespaces or control groups.
//
// In: which, and a command. Out: the command, behind a filter that answers as kernels and
// containers without them do: Landlock's calls are ENOSYS; unshare, setns and clone with namespaces
// are EPERM, clone3 is ENOSYS; control groups are covered by an empty, read-only folder (as root,
// in a mount namespace: the machine's own stay). Neighbours: attack_cases.py starts seclude behind
// it.
#include "without.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>

namespace seclude::attacks {
namespace {

constexpr unsigned namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

constexpr unsigned error(int number) { return SECCOMP_RET_ERRNO | static_cast<unsigned>(number); }
constexpr sock_filter load(unsigned offset) { return {BPF_LD | BPF_W | BPF_ABS, 0, 0, offset}; }
constexpr sock_filter answer(unsigned value) { return {BPF_RET | BPF_K, 0, 0, value}; }
// Goes on with the next instruction when it is the call, else skips so many.
constexpr sock_filter unless_call(long number, unsigned char skipped) {
  return {BPF_JMP | BPF_JEQ | BPF_K, 0, skipped, static_cast<unsigned>(number)};
}

constexpr sock_filter without_landlock[] = {
    load(offsetof(seccomp_data, nr)),
    {BPF_JMP | BPF_JGE | BPF_K, 0, 2, 444},  // landlock_create_ruleset and the two after it
    {BPF_JMP | BPF_JGT | BPF_K, 1, 0, 446},
    answer(error(ENOSYS)),
    answer(SECCOMP_RET_ALLOW),
};

constexpr sock_filter without_namespaces[] = {
    load(offsetof(seccomp_data, nr)),
    unless_call(SYS_unshare, 1),
    answer(error(EPERM)),
    unless_call(SYS_setns, 1),
    answer(error(EPERM)),
    unless_call(SYS_clone3, 1),
    answer(error(ENOSYS)),
    unless_call(SYS_clone, 3),
    load(offsetof(seccomp_data, args)),  // the lower half, on little-endian machines
    {BPF_JMP | BPF_JSET | BPF_K, 0, 1, namespaces},
    answer(error(EPERM)),
    answer(SECCOMP_RET_ALLOW),
};

bool filter(std::span<const sock_filter> instructions) {
  const sock_fprog program = {static_cast<unsigned short>(instructions.size()),
                              const_cast<sock_filter*>(instructions.data())};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool cover_groups() {
  return unshare(CLONE_NEWNS) == 0 &&
         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("none", "/sys/fs/cgroup", "tmpfs", MS_RDONLY, nullptr) == 0;
}

bool take_away(const char* layer) {
  if (strcmp(layer, "landlock") == 0) return filter(without_landlock);
  if (strcmp(layer, "namespaces") == 0) return filter(without_namespaces);
  return strcmp(layer, "cgroups") == 0 && cover_groups();
}

}  // namespace

int run_without(const char* layer, char** command) {
  if (!take_away(layer)) return 6;
  execv(command[0], command);
  return 7;
}

}  // namespace seclude::attacks
