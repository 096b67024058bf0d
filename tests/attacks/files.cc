// File attempts: paths that lead around a line, and changes to what may only be read.
//
// In: in/picture may be read, out/ may be changed, all else in the folder may not be reached.
// Out: attack.h.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

bool make(const char* path) {
  const int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

// ---- reading ------------------------------------------------------------------------------------

bool plainly(const World& world) { return reveal_file(In(world, "secret")); }
bool by_dots(const World& world) { return reveal_file(In(world, "in/../secret")); }
bool by_listed_link(const World& world) { return reveal_file(In(world, "in/link")); }
bool by_mapping(const World& world) {
  const int fd = open(In(world, "secret"), O_RDONLY | O_CLOEXEC);
  char text[64] = {};
  return fd >= 0 && pread(fd, text, sizeof text, 0) > 0 && reveal_memory(text, sizeof text);
}

bool by_working_folder(const World& world) {
  return chdir(world.folder) == 0 && reveal_file("secret");
}

bool from_start(const World&) {
  return reveal_file("secret") || reveal_file("/proc/self/cwd/secret");
}

bool by_own_link(const World& world) {
  return symlink(In(world, "secret"), In(world, "out/link")) == 0 &&
         reveal_file(In(world, "out/link"));
}

bool by_hard_link(const World& world) {
  return link(In(world, "secret"), In(world, "out/hard")) == 0 &&
         reveal_file(In(world, "out/hard"));
}

bool by_moving(const World& world) {
  return rename(In(world, "secret"), In(world, "out/moved")) == 0 &&
         reveal_file(In(world, "out/moved"));
}

bool by_link_to_descriptor(const World& world) {
  const int fd = open(In(world, "secret"), O_PATH | O_CLOEXEC);
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  return fd >= 0 &&
         linkat(AT_FDCWD, name, AT_FDCWD, In(world, "out/linked"), AT_SYMLINK_FOLLOW) == 0 &&
         reveal_file(In(world, "out/linked"));
}

// A name that is a folder of its own at one moment and leads out at the next.
bool by_racing(const World& world) {
  const In place(world, "out/race"), own(world, "out/own"), way(world, "out/way");
  mkdir(own, 0700);
  if (!make(In(world, "out/own/secret")) || symlink(world.folder, way) != 0) return false;
  if (rename(own, place) != 0) return false;
  for (int round = 0; round < 300; ++round) {
    if (syscall(SYS_renameat2, AT_FDCWD, static_cast<const char*>(place), AT_FDCWD,
                static_cast<const char*>(way), RENAME_EXCHANGE) != 0)
      return false;
    if (reveal_file(In(world, "out/race/secret"))) return true;
  }
  return false;
}

bool by_handle(const World& world) {
  struct {
    file_handle head;
    char rest[128];
  } handle = {};
  handle.head.handle_bytes = 128;
  int mount = 0;
  if (name_to_handle_at(AT_FDCWD, In(world, "secret"), &handle.head, &mount, 0) != 0) return false;
  const int folder = open(world.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return folder >= 0 && reveal(open_by_handle_at(folder, &handle.head, O_RDONLY));
}

bool list_folder(const World& world) {
  char entries[4096];
  const int folder = open(world.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const long size = folder < 0 ? -1 : syscall(SYS_getdents64, folder, entries, sizeof entries);
  return size > 0 && memmem(entries, static_cast<size_t>(size), "secret", 6) != nullptr;
}

bool watch_folder(const World& world) {
  return made(inotify_add_watch(inotify_init1(IN_CLOEXEC), world.folder, IN_ALL_EVENTS));
}

bool watch_mount(const World& world) {
  const int group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
  return group >= 0 &&
         fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN, AT_FDCWD, world.folder) == 0;
}

// ---- changing -----------------------------------------------------------------------------------

bool write_listed(const World& world) { return write_file(In(world, "in/picture"), O_WRONLY); }
bool append(const World& world) { return write_file(In(world, "in/picture"), O_WRONLY | O_APPEND); }
bool write_unlisted(const World& world) { return write_file(In(world, "secret"), O_WRONLY); }
bool cut(const World& world) { return truncate(In(world, "in/picture"), 0) == 0; }
bool cut_by_opening(const World& world) {
  return made(open(In(world, "in/picture"), O_RDONLY | O_TRUNC | O_CLOEXEC));
}
bool reopen_to_write(const World& world) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", open(In(world, "in/picture"), O_RDONLY));
  return write_file(name, O_WRONLY);
}
bool reopen_input_to_write(const World&) { return write_file("/proc/self/fd/0", O_WRONLY); }
bool link_to_write(const World& world) {
  return link(In(world, "in/picture"), In(world, "out/writable")) == 0 &&
         write_file(In(world, "out/writable"), O_WRONLY);
}
bool move_out(const World& world) {
  return make(In(world, "out/mine")) && rename(In(world, "out/mine"), In(world, "made")) == 0;
}
bool exchange(const World& world) {
  const In mine(world, "out/mine"), theirs(world, "secret");
  return make(mine) && syscall(SYS_renameat2, AT_FDCWD, static_cast<const char*>(mine), AT_FDCWD,
                               static_cast<const char*>(theirs), RENAME_EXCHANGE) == 0;
}
bool move_folder(const World& world) { return rename(In(world, "in"), In(world, "out/in")) == 0; }
bool remove_listed(const World& world) { return unlink(In(world, "in/picture")) == 0; }
bool remove_unlisted(const World& world) { return unlink(In(world, "secret")) == 0; }
bool make_file(const World& world) { return make(In(world, "in/made")); }
bool make_folder(const World& world) { return mkdir(In(world, "in/made"), 0700) == 0; }
bool make_link(const World& world) { return symlink("picture", In(world, "in/made")) == 0; }
bool make_pipe(const World& world) { return mkfifo(In(world, "made"), 0600) == 0; }
bool make_nameless(const World& world) {
  const int fd = open(world.folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  return fd >= 0 && linkat(AT_FDCWD, name, AT_FDCWD, In(world, "made"), AT_SYMLINK_FOLLOW) == 0;
}
bool make_socket(const World& world) {
  sockaddr_un address = {AF_UNIX, ""};
  snprintf(address.sun_path, sizeof address.sun_path, "%.90s/made", world.folder);
  return bind(socket(AF_UNIX, SOCK_STREAM, 0), reinterpret_cast<sockaddr*>(&address),
              sizeof address) == 0;
}
bool make_device(const World& world) {
  return mknod(In(world, "made"), S_IFCHR | 0600, 0x103) == 0;  // null
}

bool change_mode(const World& world) { return chmod(In(world, "in/picture"), 0600) == 0; }
bool change_mode_by_descriptor(const World& world) {
  return fchmod(open(In(world, "in/picture"), O_RDONLY), 0600) == 0;
}
bool change_mode_unlisted(const World& world) { return chmod(In(world, "secret"), 0644) == 0; }
bool change_owner(const World& world) {
  return chown(In(world, "in/picture"), getuid(), getgid()) == 0;
}
bool change_times(const World& world) {
  const timespec times[2] = {{1, 0}, {1, 0}};
  return utimensat(AT_FDCWD, In(world, "in/picture"), times, 0) == 0;
}
bool change_attribute(const World& world) {
  return setxattr(In(world, "in/picture"), "user.attack", "1", 1, 0) == 0;
}
bool change_flags(const World& world) {
  int flags = 0x40;  // FS_NODUMP_FL
  return ioctl(open(In(world, "in/picture"), O_RDONLY), FS_IOC_SETFLAGS, &flags) == 0;
}
bool change_flags_by_call(const World& world) {
  constexpr long file_setattr = 469;  // Linux 6.17
  struct {
    uint64_t flags;
    uint32_t extent, extents, project, copied;
  } attributes = {0x80, 0, 0, 0, 0};  // FS_XFLAG_NODUMP
  return syscall(file_setattr, AT_FDCWD, static_cast<const char*>(In(world, "in/picture")),
                 &attributes, sizeof attributes, 0) == 0;
}
bool lease(const World& world) {
  return fcntl(open(In(world, "in/picture"), O_RDONLY), F_SETLEASE, F_RDLCK) == 0;
}
bool watch_as_fanotify(const World& world) {
  // FAN_REPORT_FID: what no privileges are needed for since Linux 5.13
  const int group = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, O_RDONLY);
  return group >= 0 && fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD,
                                     world.folder) == 0;
}
bool read_device(const World& world) {
  char byte;
  return read(open(In(world, "in/device"), O_RDONLY | O_CLOEXEC), &byte, 1) == 1;
}
bool notify_of_folder(const World& world) {
  return fcntl(open(world.folder, O_RDONLY), F_NOTIFY, DN_ACCESS | DN_MULTISHOT) == 0;
}

constexpr unsigned held_reading = by_paths | by_run | own_tmp;

constexpr Attempt attempts[] = {
    {"read", "read a file that no line lists", plainly, Effect::Secret, held_reading, reads_only},
    {"read-by-dots", "reach it from a listed folder, by `..`", by_dots, Effect::Secret,
     held_reading, reads_only},
    {"read-by-listed-link", "reach it by a symbolic link in a listed folder", by_listed_link,
     Effect::Secret, held_reading, reads_only},
    {"read-at-an-offset", "read it by `pread`", by_mapping, Effect::Secret, held_reading,
     reads_only},
    {"read-from-start", "read it in the folder it was started in", from_start, Effect::Secret,
     held_reading, reads_only},
    {"read-from-its-folder", "go to its folder first", by_working_folder, Effect::Secret,
     held_reading},
    {"read-by-own-link", "reach it by a symbolic link of its own", by_own_link, Effect::Secret,
     held_reading},
    {"read-by-hard-link", "link it to where it may read", by_hard_link, Effect::Secret,
     held_reading},
    {"read-by-moving", "move it to where it may read", by_moving, Effect::Secret, held_reading},
    {"read-by-linked-descriptor", "link an O_PATH descriptor of it to where it may read",
     by_link_to_descriptor, Effect::Secret, held_reading},
    {"read-by-racing", "exchange a folder and a symbolic link while reading through it", by_racing,
     Effect::Secret, held_reading, if_present},
    {"read-by-handle", "open it by its number on the disk (`open_by_handle_at`)", by_handle,
     Effect::Secret, by_default | by_launch | held_reading, of_root},
    {"list", "list a folder that no line lists", list_folder, Effect::Word, held_reading},
    {"watch", "watch that folder (inotify)", watch_folder, Effect::Word, by_paths | by_run},
    {"watch-mount", "watch the whole file system (fanotify)", watch_mount, Effect::Word,
     by_default | by_launch | held_reading, of_root | if_present},
    {"watch-by-fanotify", "watch that folder (fanotify, as anybody may)", watch_as_fanotify,
     Effect::Word, by_paths | by_run, if_present},
    {"watch-by-descriptor", "watch that folder (F_NOTIFY)", notify_of_folder, Effect::Word,
     by_paths | by_run, if_present},
    {"write", "write a file that may be read", write_listed, Effect::Files, held_reading},
    {"append", "append to it", append, Effect::Files, held_reading},
    {"write-unlisted", "write a file that no line lists", write_unlisted, Effect::Files,
     held_reading},
    {"truncate", "cut a file that may be read", cut, Effect::Files, held_reading},
    {"truncate-by-opening", "cut it by opening it for reading with O_TRUNC", cut_by_opening,
     Effect::Files, held_reading},
    {"reopen-to-write", "open its descriptor again for writing, in /proc/self/fd", reopen_to_write,
     Effect::Files, held_reading},
    {"reopen-input-to-write", "open its standard input again for writing", reopen_input_to_write,
     Effect::Files, by_paths},
    {"link-to-write", "link it to where it may write", link_to_write, Effect::Files, held_reading},
    {"move-out", "move a file of its own out of its folder", move_out, Effect::Files, held_reading},
    {"exchange", "exchange a file of its own with another", exchange, Effect::Files, held_reading,
     if_present},
    {"move-folder", "move a listed folder to where it may write", move_folder, Effect::Files,
     held_reading},
    {"remove", "remove a file that may be read", remove_listed, Effect::Files, held_reading},
    {"remove-unlisted", "remove a file that no line lists", remove_unlisted, Effect::Files,
     held_reading},
    {"make-file", "make a file where it may only read", make_file, Effect::Files, held_reading},
    {"make-folder", "make a folder there", make_folder, Effect::Files, held_reading},
    {"make-symbolic-link", "make a symbolic link there", make_link, Effect::Files, held_reading},
    {"make-named-pipe", "make a named pipe in a folder no line lists", make_pipe, Effect::Files,
     held_reading},
    {"make-nameless-file", "make a nameless file (O_TMPFILE) and link it", make_nameless,
     Effect::Files, held_reading, if_present},
    {"make-socket", "make a local socket's file", make_socket, Effect::Files, held_reading},
    {"make-device", "make a device node", make_device, Effect::Files,
     by_default | by_launch | held_reading, of_root},
    {"change-mode", "change the mode of a file that may be read", change_mode, Effect::Files,
     held_reading},
    {"change-mode-by-descriptor", "change it by a descriptor", change_mode_by_descriptor,
     Effect::Files, held_reading},
    {"change-mode-unlisted", "change the mode of a file that no line lists", change_mode_unlisted,
     Effect::Files, held_reading},
    {"change-owner", "change an owner", change_owner, Effect::Files, held_reading},
    {"change-times", "change a file's times", change_times, Effect::Files, held_reading},
    {"change-attribute", "set an extended attribute", change_attribute, Effect::Files, held_reading,
     if_present},
    {"change-flags", "set a file's flags (FS_IOC_SETFLAGS)", change_flags, Effect::Files,
     held_reading, if_present},
    {"change-flags-by-call", "set them by `file_setattr`", change_flags_by_call, Effect::Files,
     held_reading, if_present},
    {"device", "read a device whose node lies where it may read", read_device, Effect::Word,
     by_paths, of_root | if_present | reads_only | within_work},
    {"lease", "take a lease of a file, which holds up who opens it", lease, Effect::Word, own_tmp},
};

}  // namespace

Table file_attempts() { return attempts; }

}  // namespace seclude::attacks
