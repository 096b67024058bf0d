// Namespace steps: what a launch does so that a program has processes, networks, IPC and mounts of
// its own. Plain values, parts of a Plan (plan.h).
//
// In: isolation.h makes them from `isolate`, `hide` and `protect` lines. Out: prepare_namespaces.h
// turns them into steps of the child.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/namespaces.h"

namespace seclude::sandbox {

// Leaves those of the launcher. Without privileges, in a user namespace of its own.
struct EnterNamespaces {
  bool user = false, mounts = false, processes = false, network = false, ipc = false;
  bool names = false;   // of the host and its NIS domain
  bool groups = false;  // this process' control groups become the roots of what it sees
  std::vector<std::string> lines = {};  // what they are for: "isolate tmp (site.seclude:4)"
  friend bool operator==(const EnterNamespaces&, const EnterNamespaces&) = default;
};
kernel::Namespaces namespaces_of(const EnterNamespaces& step);
// The first process of the process namespace; what follows is done by the program's own, which is
// the launcher's child all the same.
struct StartInit {
  friend bool operator==(const StartInit&, const StartInit&) = default;
};
struct SetHostName {
  std::string name;
  friend bool operator==(const SetHostName&, const SetHostName&) = default;
};
struct RaiseLoopback {
  friend bool operator==(const RaiseLoopback&, const RaiseLoopback&) = default;
};
struct JoinNewKeyring {
  friend bool operator==(const JoinNewKeyring&, const JoinNewKeyring&) = default;
};
struct KeepMountsPrivate {
  friend bool operator==(const KeepMountsPrivate&, const KeepMountsPrivate&) = default;
};

// Something of a folder that stays when the folder is replaced.
struct KeptPlace {
  std::string path;    // in the folder
  std::string source;  // without symbolic links; empty: an empty folder is made
  bool directory = false;
  bool read_only = true;
  bool runs = true;       // programs in it may be started
  bool devices = true;    // those in it may be opened
  bool there = false;     // in another one, where nothing has to be made for it
  std::string link = {};  // not empty: a symbolic link that leads there is made, and nothing else
  friend bool operator==(const KeptPlace&, const KeptPlace&) = default;
};

struct MountOver {
  enum class Kind : uint8_t {
    Root,          // "/": in memory, or if `kept` begins with it, itself; `kept` shows again
    EmptyFolder,   // an own one in memory, where `kept` shows again
    Processes,     // /proc of the process namespace
    Queues,        // POSIX message queues of the IPC namespace
    ReadOnly,      // itself, unchangeable
    Pinned,        // itself, so that it cannot be renamed
    HiddenFolder,  // an empty one that nobody can write
    HiddenFile,    // one that nobody can open
  };
  Kind kind = Kind::EmptyFolder;
  std::string path;  // without symbolic links
  std::vector<KeptPlace> kept = {};
  bool runs = true;  // EmptyFolder: programs in it may be started
  friend bool operator==(const MountOver&, const MountOver&) = default;
};
// The root before goes, after all that is taken from it.
struct LeaveRoot {
  bool seals = true;  // the new one, as far as it lies in memory
  friend bool operator==(const LeaveRoot&, const LeaveRoot&) = default;
};

// "make namespaces of its own: mounts, for `isolate tmp (site.seclude:4)`"
std::string to_string(const EnterNamespaces& step);
std::string to_string(const KeptPlace& kept);
std::string to_string(const MountOver& step);

}  // namespace seclude::sandbox
