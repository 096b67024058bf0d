// Attempts to start programs: listed nowhere, made just now, or by way of loaders and interpreters.
//
// In: `program`, which says "through" when it is started as `program say through`; `dynamic`, a
// copy of echo with a loader; `script`. Out: attack.h. What gets through says so itself: an attempt
// that returns has failed. None makes a process first, so that it gets as far as execve.
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

char* const environment[] = {nullptr};

char* word(const char* text) { return const_cast<char*>(text); }

bool copy_program(const World& world, int to) {
  char block[65536];
  const int from = open(In(world, "program"), O_RDONLY | O_CLOEXEC);
  ssize_t size = -1;
  while (from >= 0 && (size = read(from, block, sizeof block)) > 0)
    if (write(to, block, static_cast<size_t>(size)) != size) return false;
  return size == 0;
}

bool start(const World& world) { return become(In(world, "program")); }
bool start_by_dots(const World& world) { return become(In(world, "in/../program")); }
bool start_by_link(const World& world) {
  return symlink(In(world, "program"), In(world, "out/link")) == 0 && become(In(world, "out/link"));
}
bool start_by_hard_link(const World& world) {
  return link(In(world, "program"), In(world, "out/hard")) == 0 && become(In(world, "out/hard"));
}
bool start_by_moving(const World& world) {
  return rename(In(world, "program"), In(world, "out/moved")) == 0 &&
         become(In(world, "out/moved"));
}
bool start_itself(const World&) { return become("/proc/self/exe"); }
bool start_by_place(const World& world) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", open(In(world, "program"), O_PATH));
  return become(name);
}
bool start_by_descriptor(const World& world) {
  char* const arguments[] = {word("program"), word("say"), word("through"), nullptr};
  syscall(SYS_execveat, open(In(world, "program"), O_PATH), "", arguments, environment,
          AT_EMPTY_PATH);
  return false;
}
bool start_from_folder(const World& world) {
  char* const arguments[] = {word("program"), word("say"), word("through"), nullptr};
  syscall(SYS_execveat, open(world.folder, O_PATH), "program", arguments, environment, 0);
  return false;
}
// The launch's one execve passes by three registers that hold a random key.
bool guess_key(const World& world) {
  char* const arguments[] = {word("program"), word("say"), word("through"), nullptr};
  const In path(world, "program");
  const char* name = path;
  for (unsigned long guess : {0UL, ~0UL, 0x5ec1d35ec1d35ec1UL})
    syscall(SYS_execve, name, arguments, environment, guess, guess, guess);
  return false;
}

bool start_copy(const World& world) {
  const int copy = open(In(world, "out/copy"), O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
  if (copy < 0 || !copy_program(world, copy)) return false;
  close(copy);
  return become(In(world, "out/copy"));
}
bool start_nameless(const World& world) {
  char name[64];
  const int copy = open(In(world, "out"), O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);
  if (copy < 0 || !copy_program(world, copy)) return false;
  // As long as it is open for writing, nobody may start it.
  snprintf(name, sizeof name, "/proc/self/fd/%d", copy);
  const int again = open(name, O_RDONLY);
  close(copy);
  snprintf(name, sizeof name, "/proc/self/fd/%d", again);
  return become(name);
}
bool start_from_memory(const World& world) {
  const int memory = memfd_create("program", 0);
  if (memory < 0 || !copy_program(world, memory)) return false;
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", memory);
  return become(name);
}
bool start_from_memory_by_descriptor(const World& world) {
  const int memory = memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0 || !copy_program(world, memory)) return false;
  char* const arguments[] = {word("program"), word("say"), word("through"), nullptr};
  syscall(SYS_execveat, memory, "", arguments, environment, AT_EMPTY_PATH);
  return false;
}
bool start_from_secret_memory(const World& world) {
  const long memory = syscall(SYS_memfd_secret, 0);
  if (memory < 0 || ftruncate(static_cast<int>(memory), 4096) != 0) return false;
  void* at = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, static_cast<int>(memory), 0);
  if (at == MAP_FAILED) return false;
  memcpy(at, code, code_size);
  return runs(
             mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, static_cast<int>(memory), 0)) &&
         world.folder != nullptr;
}

bool load(const char* path) {
  for (const char* loader : {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"}) {
    char* const arguments[] = {word(loader), word(path), word("through"), nullptr};
    execve(loader, arguments, environment);
  }
  return false;
}
bool by_loader(const World& world) { return load(In(world, "dynamic")); }
bool load_from_memory(const World& world) {
  const int memory = memfd_create("program", 0);
  char block[65536], name[64];
  const int from = open(In(world, "dynamic"), O_RDONLY | O_CLOEXEC);
  for (ssize_t size; (size = read(from, block, sizeof block)) > 0;)
    if (write(memory, block, static_cast<size_t>(size)) != size) return false;
  snprintf(name, sizeof name, "/proc/self/fd/%d", memory);
  return load(name);
}
bool dynamic_program(const World& world) {
  char* const arguments[] = {word("echo"), word("through"), nullptr};
  execve(In(world, "dynamic"), arguments, environment);
  return false;
}
bool by_shell(const World&) {
  char* const arguments[] = {word("sh"), word("-c"), word("echo through"), nullptr};
  execve("/bin/sh", arguments, environment);
  return false;
}
bool script(const World& world) {
  char* const arguments[] = {word("script"), nullptr};
  execve(In(world, "script"), arguments, environment);
  return false;
}
bool system_program(const World&) {
  char* const arguments[] = {word("echo"), word("through"), nullptr};
  execve("/bin/echo", arguments, environment);
  return false;
}

bool waits_for(pid_t child) {
  int status = -1;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}
bool forked(const World& world) {
  const pid_t child = fork();
  if (child == 0) {
    become(In(world, "program"));
    _exit(1);
  }
  return waits_for(child);
}
bool spawned(const World& world) {
  char* const arguments[] = {word("program"), word("say"), word("through"), nullptr};
  pid_t child = 0;
  const int error =
      posix_spawn(&child, In(world, "program"), nullptr, nullptr, arguments, environment);
  if (error != 0) errno = error;
  return error == 0 && waits_for(child);
}

constexpr unsigned held = by_paths | own_tmp | by_run;

constexpr Attempt attempts[] = {
    {"start", "start a program that no line lists", start, Effect::Word, held},
    {"start-by-dots", "start it from a listed folder, by `..`", start_by_dots, Effect::Word, held},
    {"start-by-symbolic-link", "start it by a symbolic link of its own", start_by_link,
     Effect::Word, held},
    {"start-by-hard-link", "start it by a hard link of its own", start_by_hard_link, Effect::Word,
     held},
    {"start-by-moving", "move it to where it may write, and start it", start_by_moving,
     Effect::Word, held},
    {"start-itself", "start itself once more, by /proc/self/exe", start_itself},
    {"start-by-o-path", "start it by an O_PATH descriptor's link", start_by_place, Effect::Word,
     held},
    {"start-by-descriptor", "start it by a descriptor (`execveat`)", start_by_descriptor,
     Effect::Word, held},
    {"start-from-folder", "start it by its folder's descriptor (`execveat`)", start_from_folder,
     Effect::Word, held},
    {"start-by-guessing", "guess the key that lets the launch's own execve pass", guess_key,
     Effect::Word, held},
    {"start-copy", "copy it to where it may write, and start the copy", start_copy, Effect::Word,
     held},
    {"start-nameless", "start a nameless file of its own (O_TMPFILE)", start_nameless, Effect::Word,
     held, if_present},
    {"start-from-memory", "start what it has put into memory (`memfd_create`)", start_from_memory,
     Effect::Word, held},
    {"start-from-memory-by-descriptor", "start that by its descriptor",
     start_from_memory_by_descriptor, Effect::Word, held},
    {"run-from-secret-memory", "run code from memory the kernel does not see (`memfd_secret`)",
     start_from_secret_memory, Effect::Word, 0, if_present},
    {"start-by-loader", "have the dynamic loader run a program that no line lists", by_loader,
     Effect::Word, held},
    {"load-from-memory", "have the loader run what it has put into memory", load_from_memory,
     Effect::Word, by_paths | by_run},
    {"start-dynamic", "start a program with a loader", dynamic_program, Effect::Word, held},
    {"start-script", "start a script", script, Effect::Word, held},
    {"start-shell", "start a shell", by_shell, Effect::Word, by_paths},
    {"start-system-program", "start a program of the system", system_program, Effect::Word,
     by_paths},
    {"start-after-fork", "make a process and start a program there", forked, Effect::Word, held},
    {"start-by-spawn", "start a program by posix_spawn", spawned, Effect::Word, held},
};

}  // namespace

Table program_attempts() { return attempts; }

}  // namespace seclude::attacks
