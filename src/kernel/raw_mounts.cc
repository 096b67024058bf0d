// Raw, mounts: see raw_mounts.h.
#include "kernel/raw_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/landlock.h"

namespace seclude::kernel::raw {
namespace {

// <sys/mount.h> cannot stand beside <linux/mount.h>, which Debian 12's glibc repeats differently.
constexpr unsigned long recursive = 16384, make_private = 1UL << 18;  // MS_REC, MS_PRIVATE
constexpr int detach = 2;                                             // MNT_DETACH

static_assert(mount_attribute::read_only == MOUNT_ATTR_RDONLY);
static_assert(mount_attribute::no_set_user_id == MOUNT_ATTR_NOSUID);
static_assert(mount_attribute::no_devices == MOUNT_ATTR_NODEV);
static_assert(mount_attribute::no_execution == MOUNT_ATTR_NOEXEC);

int errno_of(long result) { return result < 0 ? errno : 0; }

class Opened {
 public:
  explicit Opened(long number) : number_(static_cast<int>(number)), reason_(errno_of(number)) {}
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() {
    if (number_ >= 0) ::syscall(SYS_close, number_);
  }
  int number() const { return number_; }
  int reason() const { return reason_; }  // 0: open

 private:
  int number_, reason_;
};

long open_place(int from, const char* path) {
  struct open_how how = {};
  how.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return ::syscall(SYS_openat2, from < 0 ? AT_FDCWD : from, path, &how, sizeof how);
}

int attach(int tree, const char* path) {
  const Opened place(open_place(-1, path));
  if (place.reason() != 0) return place.reason();
  return errno_of(::syscall(SYS_move_mount, tree, "", place.number(), "",
                            MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

}  // namespace

int make_mounts_private() {
  return errno_of(::syscall(SYS_mount, nullptr, "/", nullptr, recursive | make_private, nullptr));
}

int hold_place(const char* path, int number) {
  const Opened place(open_place(-1, path));
  if (place.reason() != 0) return place.reason();
  return errno_of(::dup3(place.number(), number, O_CLOEXEC));
}

int mount_new(const NewMount& what, const char* path) {
  const Opened context(::syscall(SYS_fsopen, what.type, FSOPEN_CLOEXEC));
  if (context.reason() != 0) return context.reason();
  const int number = context.number();
  if (what.key != nullptr &&
      ::syscall(SYS_fsconfig, number, FSCONFIG_SET_STRING, what.key, what.value, 0) != 0)
    return errno;
  if (::syscall(SYS_fsconfig, number, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return errno;
  const Opened tree(::syscall(SYS_fsmount, number, FSMOUNT_CLOEXEC, what.attributes));
  return tree.reason() != 0 ? tree.reason() : attach(tree.number(), path);
}

int mount_bound(const Bound& what, const char* path) {
  const Opened source(open_place(what.from, what.source));
  if (source.reason() != 0) return source.reason();
  const Opened tree(::syscall(SYS_open_tree, source.number(), "",
                              OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE));
  if (tree.reason() != 0) return tree.reason();
  struct mount_attr attributes = {};
  attributes.attr_set = what.attributes;
  if (what.attributes != 0 &&
      ::syscall(SYS_mount_setattr, tree.number(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                sizeof attributes) != 0)
    return errno;
  return attach(tree.number(), path);
}

int make_folder(const char* path) {
  const int reason = errno_of(::mkdir(path, 0755));
  return reason == EEXIST ? 0 : reason;
}

int make_file(const char* path) {
  const Opened file(::open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  return file.reason();
}

int make_link(const char* target, const char* path) {
  const int reason = errno_of(::symlink(target, path));
  return reason == EEXIST ? 0 : reason;
}

int change_root(const char* path) {
  if (::chdir(path) != 0) return errno;
  // Old and new root at one place: the old one comes to lie on top, and goes (pivot_root(2)).
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return errno;
  if (::syscall(SYS_umount2, ".", detach) != 0) return errno;
  return errno_of(::chdir("/"));
}

int allow_here(int ruleset, const char* path, uint64_t rights) {
  const Opened place(open_place(-1, path));
  if (place.reason() != 0) return place.reason();
  return add_path_rule(ruleset, place.number(), rights);
}

}  // namespace seclude::kernel::raw
