// Attacks: makes one attempt, or lists all.
//
// usage: attacks NAME FOLDER VICTIM ADDRESS PORT LISTED_PORT SEGMENT
//        attacks list | table | say TEXT | stay FOLDER | victim FOLDER | at-terminal COMMAND...
//        attacks without LAYER COMMAND...
// In: an attempt's name and the world (attack.h). Out: "through" when it believes to have
// succeeded, else "refused" and the error; `list` is for attack_cases.py, `table` for
// docs/attacks.md. It is static, so that under a policy it makes hardly a call but its own.
// Neighbours: the files of classes, victim.cc, without.cc, attack_cases.py.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "attack.h"
#include "support.h"
#include "victim.h"
#include "without.h"

namespace seclude::attacks {
namespace {

struct Class {
  const char* name;
  Table (*attempts)();
};
constexpr Class classes[] = {
    {"Other ways into the kernel", abi_attempts},
    {"Files", file_attempts},
    {"Magic links and files of /proc", proc_attempts},
    {"Descriptors from before the launch", descriptor_attempts},
    {"Programs", program_attempts},
    {"Memory and the kernel's machines", memory_attempts},
    {"Sockets", socket_attempts},
    {"io_uring", io_uring_attempts},
    {"Other processes", process_attempts},
    {"System V and POSIX objects", ipc_attempts},
    {"Keys", keyring_attempts},
    {"Terminals", terminal_attempts},
    {"Namespaces", namespace_attempts},
    {"Mounts", mount_attempts},
    {"Resources", resource_attempts},
    {"Limits", limit_attempts},
    {"The machine: time, names, modules", machine_attempts},
};

constexpr const char* effects[] = {"word",   "secret",   "files", "contact",
                                   "victim", "terminal", "flood", "left"};
struct Flag {
  unsigned bit;
  const char* name;
};
constexpr Flag held_names[] = {{by_default, "default"},
                               {by_launch, "launch"},
                               {by_domain, "domain"},
                               {by_paths, "paths"},
                               {by_run, "run"},
                               {by_connect, "connect"},
                               {own_processes, "processes"},
                               {own_network, "network"},
                               {own_ipc, "ipc"},
                               {own_tmp, "tmp"},
                               {by_processes, "limit processes"},
                               {by_threads, "limit threads"},
                               {by_memory, "limit memory"},
                               {by_file_size, "limit file-size"},
                               {by_open_files, "limit open-files"},
                               {by_output, "limit output"},
                               {by_cpu_time, "limit cpu-time"},
                               {by_time, "limit time"}};
constexpr Flag condition_names[] = {{of_root, "root"},
                                    {at_terminal, "terminal"},
                                    {reads_only, "reads"},
                                    {if_present, "if-present"},
                                    {within_work, "work"},
                                    {what_is_allowed, "allowed"},
                                    {nothing_outside, "unproven"},
                                    {by_limits, "limits"}};

void print_flags(std::span<const Flag> names, unsigned flags) {
  for (const Flag& flag : names)
    if ((flags & flag.bit) != 0) printf("%s,", flag.name);
}

void print(const Attempt& attempt) {
  printf("%s\t%s\t", attempt.name, effects[static_cast<int>(attempt.effect)]);
  print_flags(held_names, attempt.held);
  printf("\t");
  print_flags(condition_names, attempt.conditions);
  printf("\n");
}

int list() {
  for (const Class& one : classes)
    for (const Attempt& attempt : one.attempts()) print(attempt);
  for (const Attempt& way : allowed_ways()) print(way);
  return 0;
}

void print_also(unsigned held) {
  constexpr Flag words[] = {{by_default, "`default`"},
                            {by_launch, "the launch"},
                            {by_domain, "the launch (6.12)"},
                            {by_paths, "path lines"},
                            {by_run, "`run`"},
                            {by_connect, "`connect`"},
                            {own_processes, "`isolate processes`"},
                            {own_network, "`isolate network`"},
                            {own_ipc, "`isolate ipc`"},
                            {own_tmp, "`isolate tmp`"},
                            {by_processes, "`limit processes`"},
                            {by_threads, "`limit threads`"},
                            {by_memory, "`limit memory`"},
                            {by_file_size, "`limit file-size`"},
                            {by_open_files, "`limit open-files`"},
                            {by_output, "`limit output`"},
                            {by_cpu_time, "`limit cpu-time`"},
                            {by_time, "`limit time`"}};
  const char* between = "";
  for (const Flag& word : words) {
    if ((held & word.bit) == 0) continue;
    printf("%s%s", between, word.name);
    between = ", ";
  }
}

int table() {
  for (const Class& one : classes) {
    printf("\n## %s\n\n| attempt | it tries to | also held by |\n|---|---|---|\n", one.name);
    for (const Attempt& attempt : one.attempts()) {
      printf("| `%s` | %s | ", attempt.name, attempt.tries);
      print_also(attempt.held);
      printf(" |\n");
    }
  }
  return 0;
}

// For programs that have to begin at a terminal: descriptor 0 becomes the session's.
int begin_at_terminal(char** command) {
  if (ioctl(0, TIOCSCTTY, 0) != 0) return 4;
  execv(command[0], command);
  return 5;
}

int attempt_one(const Attempt& attempt, const World& world) {
  errno = 0;
  if (attempt.make(world)) {
    say("through\n");
    return 0;
  }
  char text[40];
  snprintf(text, sizeof text, "refused %d\n", errno);
  say(text);
  return 1;
}

// For attempts that leave somebody behind: is there for a while.
int stay() {
  alarm(20);
  for (int i = 0; i < 3; ++i) close(i);  // nobody waits for its output
  for (;;) pause();
}

int make(char** words) {
  const World world = {words[2],       atoi(words[3]), strtoul(words[4], nullptr, 0),
                       atoi(words[5]), atoi(words[6]), atoi(words[7])};
  for (const Class& one : classes)
    for (const Attempt& attempt : one.attempts())
      if (strcmp(attempt.name, words[1]) == 0) return attempt_one(attempt, world);
  for (const Attempt& way : allowed_ways())
    if (strcmp(way.name, words[1]) == 0) return attempt_one(way, world);
  return 2;
}

}  // namespace
}  // namespace seclude::attacks

int main(int count, char** words) {
  using namespace seclude::attacks;
  if (count == 2 && strcmp(words[1], "list") == 0) return list();
  if (count == 2 && strcmp(words[1], "table") == 0) return table();
  if (count == 3 && strcmp(words[1], "say") == 0) return say(words[2]), 0;
  if (count == 3 && strcmp(words[1], "stay") == 0) return stay();
  if (count == 3 && strcmp(words[1], "victim") == 0) return be_victim(words[2]);
  if (count > 2 && strcmp(words[1], "at-terminal") == 0) return begin_at_terminal(words + 2);
  if (count > 3 && strcmp(words[1], "without") == 0) return run_without(words[2], words + 3);
  return count == 8 ? make(words) : 2;
}
