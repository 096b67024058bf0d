// Attempts by mounts: as root with the calls themselves, otherwise in namespaces of its own.
//
// In: out/, a folder to mount on. Out: attack.h. What is mounted is in a namespace of the attempt's
// own, so that nothing stays outside.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

constexpr unsigned open_tree_clone = 1, at_recursive = 0x8000, move_empty_path = 4;

bool alone() {
  return enter_own(CLONE_NEWNS) && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}
bool mount_memory(const World& world) {
  return alone() && mount("none", In(world, "out"), "tmpfs", 0, nullptr) == 0;
}
bool bind_root(const World& world) {
  return alone() && mount("/", In(world, "out"), nullptr, MS_BIND | MS_REC, nullptr) == 0;
}
bool take_away(const World&) { return alone() && umount2("/proc", MNT_DETACH) == 0; }
bool remount(const World& world) {
  return alone() && mount("none", In(world, "out"), "tmpfs", MS_RDONLY, nullptr) == 0 &&
         mount("none", In(world, "out"), nullptr, MS_REMOUNT, nullptr) == 0;
}
bool other_root(const World& world) {
  const In place(world, "out"), old(world, "out/old");
  return alone() && mount("none", place, "tmpfs", 0, nullptr) == 0 && mkdir(old, 0700) == 0 &&
         syscall(SYS_pivot_root, static_cast<const char*>(place), static_cast<const char*>(old)) ==
             0;
}
bool new_root(const World& world) { return alone() && chroot(In(world, "out")) == 0; }
// Without a namespace of its own: the call has no effect beyond its descriptor.
bool copy_tree_plainly(const World& world) {
  const long tree = syscall(SYS_open_tree, AT_FDCWD, "/", open_tree_clone | at_recursive);
  char name[512];
  snprintf(name, sizeof name, "/proc/self/fd/%ld%s/secret", tree, world.folder);
  return tree >= 0 && reveal_file(name);
}
bool new_file_system(const World&) { return made(syscall(SYS_fsopen, "tmpfs", 0)); }
bool pick_file_system(const World&) { return made(syscall(SYS_fspick, AT_FDCWD, "/", 0)); }
bool move(const World& world) {
  if (!alone()) return false;
  const In place(world, "out");
  const long tree = syscall(SYS_open_tree, AT_FDCWD, "/", open_tree_clone | at_recursive);
  return tree >= 0 && syscall(SYS_move_mount, tree, "", AT_FDCWD, static_cast<const char*>(place),
                              move_empty_path) == 0;
}
bool set_attributes(const World&) {
  const unsigned long long attributes[4] = {0, 0, 0, 0};
  return alone() &&
         syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, attributes, sizeof attributes) == 0;
}

// As root of a user namespace of its own, whoever it is: below /tmp, or in a copy of the root, may
// be what a policy has covered.
bool as_root_of_own() {
  return enter_own_users(CLONE_NEWNS) &&
         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}
bool read_below(const World& world) {
  return as_root_of_own() && umount2("/tmp", MNT_DETACH) == 0 && reveal_file(In(world, "secret"));
}
bool read_below_plainly(const World& world) {
  return umount2("/tmp", MNT_DETACH) == 0 && reveal_file(In(world, "secret"));
}
bool read_by_bind(const World& world) {
  char name[512];
  snprintf(name, sizeof name, "/mnt%s/secret", world.folder);
  return as_root_of_own() && mount("/", "/mnt", nullptr, MS_BIND | MS_REC, nullptr) == 0 &&
         reveal_file(name);
}
bool read_by_old_root(const World& world) {
  char name[512];
  snprintf(name, sizeof name, "/old%s/secret", world.folder);
  return as_root_of_own() && mount("none", "/mnt", "tmpfs", 0, nullptr) == 0 &&
         mkdir("/mnt/old", 0700) == 0 && syscall(SYS_pivot_root, "/mnt", "/mnt/old") == 0 &&
         reveal_file(name);
}
bool read_by_copy(const World& world, unsigned flags) {
  if (!as_root_of_own()) return false;
  const long tree = syscall(SYS_open_tree, AT_FDCWD, "/", open_tree_clone | flags);
  char name[512];
  snprintf(name, sizeof name, "/proc/self/fd/%ld%s/secret", tree, world.folder);
  return tree >= 0 && reveal_file(name);
}
bool read_by_whole_copy(const World& world) { return read_by_copy(world, at_recursive); }
bool read_by_bare_copy(const World& world) { return read_by_copy(world, 0); }

constexpr unsigned held = by_default | by_launch;

constexpr Attempt attempts[] = {
    {"mount", "mount a file system", mount_memory, Effect::Word, by_default | by_paths},
    {"mount-bind", "mount the root where it may write", bind_root, Effect::Word,
     by_default | by_paths},
    {"mount-remount", "make a mount writable again", remount, Effect::Word, by_default | by_paths},
    {"unmount", "take a mount away and see what lies below", take_away, Effect::Word,
     by_default | by_paths, of_root},
    {"pivot-root", "put another root in place", other_root, Effect::Word, by_default | by_paths},
    {"chroot", "change its root", new_root, Effect::Word, by_default | own_tmp},
    {"open-tree", "copy the tree of mounts without a namespace of its own, and read by it",
     copy_tree_plainly, Effect::Secret, held | by_paths | own_tmp, of_root},
    {"fsopen", "make a file system (`fsopen`)", new_file_system, Effect::Word, held, of_root},
    {"fspick", "change the root's file system (`fspick`)", pick_file_system, Effect::Word, held,
     of_root},
    {"move-mount", "put a copied tree where it may write", move, Effect::Word,
     by_default | by_paths},
    {"read-below-mount", "take the mount on /tmp away and read what is below", read_below,
     Effect::Secret, by_default | by_paths | own_tmp, nothing_outside},
    {"read-below-mount-plainly", "the same without a namespace of its own", read_below_plainly,
     Effect::Secret, held | by_paths | own_tmp, nothing_outside},
    {"read-by-bind", "mount the root elsewhere and read by that", read_by_bind, Effect::Secret,
     by_default | by_paths | own_tmp},
    {"read-by-old-root", "put another root in place and read by the old one", read_by_old_root,
     Effect::Secret, by_default | by_paths | own_tmp},
    {"read-by-copied-tree", "copy all mounts and read by the copy", read_by_whole_copy,
     Effect::Secret, by_default | by_paths | own_tmp},
    {"read-by-bare-tree", "copy the root's mount without those on it", read_by_bare_copy,
     Effect::Secret, by_default | by_paths | own_tmp, nothing_outside},
    {"mount-setattr", "change attributes of mounts", set_attributes, Effect::Word,
     by_default | by_paths},
};

}  // namespace

Table mount_attempts() { return attempts; }

}  // namespace seclude::attacks
