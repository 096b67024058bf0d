// Attack: one small attempt to get out of a policy, and what it is told about the outside.
//
// In: the world that attack_cases.py makes and watches: a folder, a process of the same user,
// sockets that listen, inherited descriptors. Out: a table per class (abi.cc, sockets.cc, ...), a
// row per attempt. An attempt returns whether it believes to have succeeded; whether it has is
// judged from outside, by the effect that its row names. Neighbours: attacks.cc chooses one,
// support.cc is what they share, victim.cc is the process outside.
#pragma once

#include <sys/types.h>

#include <span>

namespace seclude::attacks {

struct World {
  const char* folder;  // in/picture may be read, out/ may be written, the rest may not be reached
  pid_t victim;        // a process of the same user that nobody confines
  unsigned long address;  // where the victim keeps the secret
  int port;               // TCP and UDP of this machine, not listed by any policy
  int listed_port;        // TCP, listed by the policy with network lines
  int segment;            // System V memory that holds the secret
};

// Descriptors that the launcher inherits and no `--fd` names.
constexpr int inherited_folder = 209, inherited_file = 210, inherited_process = 211,
              inherited_mounts = 212, inherited_socket = 213, inherited_program = 214;

// What the driver sees of an attempt that got through, besides the attempt's own word.
enum class Effect {
  Word,      // nothing: the attempt's word for it
  Secret,    // the secret of this run is in its output
  Files,     // something in the folder has changed
  Contact,   // a socket outside got a connection or a message
  Victim,    // the process outside was signalled or changed
  Terminal,  // the terminal has input that nobody typed, or another size
  Flood,     // more came out of it than a line lets through
  Left,      // a process is still there when it has ended
};

// Policies that have to hold an attempt, besides `judge` and the image converter's, which hold all.
enum Held : unsigned {
  by_default = 1,      // default
  by_launch = 2,       // otherwise allow, and nothing else: the launch itself
  by_domain = 4,       // the same, where Landlock has scopes
  by_paths = 8,        // path lines, with otherwise allow and with default
  by_run = 16,         // default, with run lines
  by_connect = 32,     // a connect line, with otherwise allow and with default
  own_processes = 64,  // isolate processes, with otherwise allow and with default
  own_network = 128,   // isolate network, the same
  own_ipc = 256,       // isolate ipc
  own_tmp = 512,       // isolate tmp
  // limit lines, with otherwise allow and with default
  by_processes = 1024,
  by_threads = 2048,
  by_memory = 4096,
  by_file_size = 8192,
  by_open_files = 16384,
  by_output = 32768,
  by_cpu_time = 65536,
  by_time = 131072,
};

enum Condition : unsigned {
  of_root = 1,           // outside, only root succeeds
  at_terminal = 2,       // is started at a terminal of its own
  reads_only = 4,        // reads files, which `judge` without path lines lets a program do
  if_present = 8,        // not every kernel, file system or machine has what it uses
  within_work = 16,      // the converter's policy lets programs do so, for it is their work
  what_is_allowed = 32,  // no attempt: what policies list has to go through
  nothing_outside = 64,  // cannot be shown to succeed outside, where nothing is in its way
  by_limits = 128        // only limit lines hold it
};

struct Attempt {
  const char* name;
  const char* tries;  // "It tries to ..."
  bool (*make)(const World&);
  Effect effect = Effect::Word;
  unsigned held = 0;
  unsigned conditions = 0;
};

using Table = std::span<const Attempt>;

// One per class, each in a file of its own.
Table abi_attempts();
Table namespace_attempts();
Table descriptor_attempts();
Table proc_attempts();
Table program_attempts();
Table file_attempts();
Table io_uring_attempts();
Table socket_attempts();
Table process_attempts();
Table keyring_attempts();
Table ipc_attempts();
Table terminal_attempts();
Table memory_attempts();
Table resource_attempts();
Table mount_attempts();
Table machine_attempts();
Table limit_attempts();

// And what has to go through, so that a policy which refuses everything is not taken for a good
// one.
Table allowed_ways();

}  // namespace seclude::attacks
