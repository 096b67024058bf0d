// Raw, mounts: what a child changes in a mount namespace of its own, between clone and exec.
//
// In: paths without symbolic links, which the parent has resolved. Out: 0 or an errno. The rules of
// raw.h hold: no allocation, no lock. Mounts follow no symbolic link on the way, so whoever
// replaces a folder by one in between makes the launch fail (ELOOP) and leads it nowhere. Folders,
// files and links are made in the new root, from which links lead nowhere else. The mount calls
// are those of Linux 5.2 and mount_setattr of 5.12; elsewhere ENOSYS. Neighbours: raw_namespaces.h;
// sandbox/child.cc is the only caller.
#pragma once

#include <cstdint>

namespace seclude::kernel::raw {

// MOUNT_ATTR_*
namespace mount_attribute {
inline constexpr uint64_t read_only = 1;
inline constexpr uint64_t no_set_user_id = 2;
inline constexpr uint64_t no_devices = 4;
inline constexpr uint64_t no_execution = 8;
}  // namespace mount_attribute

// Nothing that is mounted here shows outside, nor the other way round.
int make_mounts_private();

// What is at `path` now, mounted over later or not, as descriptor `number`, which is open already.
int hold_place(const char* path, int number);

struct NewMount {
  const char* type = nullptr;   // "tmpfs", "proc", "mqueue"
  const char* key = nullptr;    // one option of the file system, or none
  const char* value = nullptr;  // of the option
  uint64_t attributes = 0;
};
int mount_new(const NewMount& what, const char* path);

// What is at `source`, seen from the held place `from`, and all that is mounted below; a negative
// `from`: an absolute source.
struct Bound {
  int from = -1;
  const char* source = nullptr;
  uint64_t attributes = 0;
};
int mount_bound(const Bound& what, const char* path);

// Where there is none; what is above is there. Everybody may look, whatever the umask is.
int make_folder(const char* path);
int make_file(const char* path);
int make_link(const char* target, const char* path);

// A root directory of its own: an empty folder in memory, or all that the root of now shows, each
// with `attributes`. The root before it stays reachable as descriptor `old`, which is open already,
// and as nothing else.
struct NewRoot {
  int old = -1;
  bool shows_old = false;
  uint64_t attributes = 0;
};
int begin_root(const NewRoot& how);
// Forgets the root before, with all that is mounted there only, and starts in the new one, which
// gets the attributes by itself, without what is mounted below.
int leave_old_root(int old, uint64_t attributes);

// A Landlock rule for what is at `path` now (see landlock.h).
int allow_here(int ruleset, const char* path, uint64_t rights);

}  // namespace seclude::kernel::raw
