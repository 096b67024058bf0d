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
#include "kernel/raw_call.h"

namespace seclude::kernel::raw {
namespace {

// <sys/mount.h> cannot stand beside <linux/mount.h>, which Debian 12's glibc repeats differently.
constexpr unsigned long recursive = 16384, make_private = 1UL << 18;  // MS_REC, MS_PRIVATE
constexpr int detach = 2;                                             // MNT_DETACH

static_assert(mount_attribute::read_only == MOUNT_ATTR_RDONLY);
static_assert(mount_attribute::no_set_user_id == MOUNT_ATTR_NOSUID);
static_assert(mount_attribute::no_devices == MOUNT_ATTR_NODEV);
static_assert(mount_attribute::no_execution == MOUNT_ATTR_NOEXEC);

class Opened {
 public:
  explicit Opened(long number) : number_(static_cast<int>(number)), reason_(errno_of(number)) {}
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() {
    if (number_ >= 0) (void)call(SYS_close, number_);
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
  return call(SYS_openat2, from < 0 ? AT_FDCWD : from, path, &how, sizeof how);
}

// A tree of mounts that is nowhere yet, or a negative errno.
long new_tree(const NewMount& what) {
  const Opened context(call(SYS_fsopen, what.type, FSOPEN_CLOEXEC));
  const int number = context.number();
  if (number < 0) return number;
  long done = 0;
  if (what.key != nullptr)
    done = call(SYS_fsconfig, number, FSCONFIG_SET_STRING, what.key, what.value, 0);
  if (done == 0) done = call(SYS_fsconfig, number, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  return done != 0 ? done : call(SYS_fsmount, number, FSMOUNT_CLOEXEC, what.attributes);
}

long change_attributes(int place, uint64_t set, unsigned flags) {
  struct mount_attr attributes = {};
  attributes.attr_set = set;
  return call(SYS_mount_setattr, place, "", AT_EMPTY_PATH | flags, &attributes, sizeof attributes);
}

// The same of what is at a place, and of all that is mounted below.
long copied_tree(int place, uint64_t attributes) {
  const long tree = call(SYS_open_tree, place, "",
                         OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  if (tree < 0 || attributes == 0) return tree;
  const long changed = change_attributes(static_cast<int>(tree), attributes, AT_RECURSIVE);
  if (changed == 0) return tree;
  (void)call(SYS_close, tree);
  return changed;
}

int attach(int tree, const char* path) {
  const Opened place(open_place(-1, path));
  if (place.reason() != 0) return place.reason();
  return errno_of(call(SYS_move_mount, tree, "", place.number(), "",
                       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

}  // namespace

int make_mounts_private() {
  return errno_of(call(SYS_mount, nullptr, "/", nullptr, recursive | make_private, nullptr));
}

int hold_place(const char* path, int number) {
  const Opened place(open_place(-1, path));
  if (place.reason() != 0) return place.reason();
  return errno_of(call(SYS_dup3, place.number(), number, O_CLOEXEC));
}

int mount_new(const NewMount& what, const char* path) {
  const Opened tree(new_tree(what));
  return tree.reason() != 0 ? tree.reason() : attach(tree.number(), path);
}

int mount_bound(const Bound& what, const char* path) {
  const Opened source(open_place(what.from, what.source));
  if (source.reason() != 0) return source.reason();
  const Opened tree(copied_tree(source.number(), what.attributes));
  return tree.reason() != 0 ? tree.reason() : attach(tree.number(), path);
}

int make_folder(const char* path) {
  const long mask = call(SYS_umask, 0);
  const int reason = errno_of(call(SYS_mkdirat, AT_FDCWD, path, 0755));
  (void)call(SYS_umask, mask);
  return reason == EEXIST ? 0 : reason;
}

int make_file(const char* path) {
  const long mask = call(SYS_umask, 0);
  const Opened file(
      call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  (void)call(SYS_umask, mask);
  return file.reason();
}

int make_link(const char* target, const char* path) {
  const int reason = errno_of(call(SYS_symlinkat, target, AT_FDCWD, path));
  return reason == EEXIST ? 0 : reason;
}

int begin_root(const NewRoot& how) {
  if (const int reason = hold_place("/", how.old)) return reason;
  const Opened tree(how.shows_old ? copied_tree(how.old, how.attributes)
                                  : new_tree({"tmpfs", "mode", "0755", how.attributes}));
  if (tree.reason() != 0) return tree.reason();
  // On top of the root of now, from where the two change places (pivot_root(2)): the old one lies
  // on top of the new one then, where paths that begin at the root do not lead.
  const long moved = call(SYS_move_mount, tree.number(), "", how.old, "",
                          MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  if (moved != 0) return errno_of(moved);
  if (const int reason = errno_of(call(SYS_fchdir, tree.number()))) return reason;
  return errno_of(call(SYS_pivot_root, ".", "."));
}

int leave_old_root(int old, uint64_t attributes) {
  if (const int reason = errno_of(call(SYS_fchdir, old))) return reason;
  if (const int reason = errno_of(call(SYS_umount2, ".", detach))) return reason;
  if (const int reason = errno_of(call(SYS_chdir, "/"))) return reason;
  if (attributes == 0) return 0;
  const Opened root(open_place(-1, "/"));
  if (root.reason() != 0) return root.reason();
  return errno_of(change_attributes(root.number(), attributes, 0));
}

int allow_here(int ruleset, const char* path, uint64_t rights) {
  const Opened place(open_place(-1, path));
  if (place.reason() != 0) return place.reason();
  return add_path_rule(ruleset, place.number(), rights);
}

}  // namespace seclude::kernel::raw
