// Attempts by descriptors from before the launch, which the launcher inherits and no line names.
//
// In: the descriptors of attack.h. Out: attack.h.
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

bool by_folder(const World&) { return reveal(openat(inherited_folder, "secret", O_RDONLY)); }
bool by_folder_link(const World&) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d/secret", inherited_folder);
  return reveal_file(name);
}
bool make_in_folder(const World&) {
  return made(openat(inherited_folder, "made", O_CREAT | O_WRONLY, 0600));
}
bool by_working_folder(const World&) {
  return fchdir(inherited_folder) == 0 && reveal_file("secret");
}
bool write_open_file(const World&) { return pwrite(inherited_file, "changed", 7, 0) == 7; }
bool read_open_file(const World&) {
  char text[64] = {};
  return pread(inherited_file, text, sizeof text, 0) > 0 && reveal_memory(text, sizeof text);
}
bool signal_process(const World&) {
  return syscall(SYS_pidfd_send_signal, inherited_process, SIGUSR1, nullptr, 0) == 0;
}
bool enter_mounts(const World& world) {
  return setns(inherited_mounts, CLONE_NEWNS) == 0 && reveal_file(In(world, "secret"));
}
bool enter_process(const World& world) {
  return setns(inherited_process, CLONE_NEWNS) == 0 && reveal_file(In(world, "secret"));
}
bool take_descriptor(const World&) {
  const int taken = static_cast<int>(syscall(SYS_pidfd_getfd, inherited_process, 7, 0));
  char text[64] = {};
  return taken >= 0 && pread(taken, text, sizeof text, 0) > 0 && reveal_memory(text, sizeof text);
}
bool use_socket(const World&) { return write(inherited_socket, "x", 1) == 1; }
bool start_program(const World&) {
  char* const arguments[] = {const_cast<char*>("program"), const_cast<char*>("say"),
                             const_cast<char*>("through"), nullptr};
  char* const environment[] = {nullptr};
  syscall(SYS_execveat, inherited_program, "", arguments, environment, AT_EMPTY_PATH);
  return false;
}

// Whatever is open but the three that everybody has.
bool search_all(const World&) {
  for (int fd = 3; fd < 1024; ++fd)
    if (fcntl(fd, F_GETFD) >= 0) return true;
  return false;
}

// A process outside hands over what it holds.
bool receive(const World& world) {
  sockaddr_un address = {AF_UNIX, ""};
  snprintf(address.sun_path, sizeof address.sun_path, "%.90s/giver", world.folder);
  const int client = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
  char byte;
  iovec part = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(client, &message, 0) != 1 || CMSG_FIRSTHDR(&message) == nullptr) return false;
  int handed;
  memcpy(&handed, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof handed);
  return reveal(handed);
}

constexpr unsigned by_all = by_default | by_paths | by_launch | own_processes | own_tmp;

constexpr Attempt attempts[] = {
    {"inherited-folder", "read a file by a descriptor of its folder", by_folder, Effect::Secret,
     by_all},
    {"inherited-folder-link", "read it by that descriptor's link in /proc/self/fd", by_folder_link,
     Effect::Secret, by_all},
    {"inherited-folder-to-make", "make a file by a descriptor of its folder", make_in_folder,
     Effect::Files, by_all},
    {"inherited-working-folder", "go to that descriptor's folder", by_working_folder,
     Effect::Secret, by_all},
    {"inherited-file", "read a file that is open", read_open_file, Effect::Secret, by_all},
    {"inherited-file-to-write", "write it", write_open_file, Effect::Files, by_all},
    {"inherited-process", "signal a process by a descriptor of it", signal_process, Effect::Victim,
     by_all},
    {"inherited-process-file", "take one of that process's descriptors", take_descriptor,
     Effect::Secret, by_all},
    {"inherited-mounts", "enter the mounts outside by a descriptor of them", enter_mounts,
     Effect::Secret, by_all, of_root},
    {"inherited-process-mounts", "enter them by a descriptor of a process", enter_process,
     Effect::Secret, by_all, of_root},
    {"inherited-socket", "write to a connection that is open", use_socket, Effect::Contact, by_all},
    {"inherited-program", "start a program by a descriptor of it", start_program, Effect::Word,
     by_all},
    {"inherited-any", "find any other descriptor that is open", search_all, Effect::Word,
     by_default | by_launch},
    {"handed-over", "have a process outside hand over a descriptor (SCM_RIGHTS)", receive,
     Effect::Secret, by_connect | own_tmp},
};

}  // namespace

Table descriptor_attempts() { return attempts; }

}  // namespace seclude::attacks
