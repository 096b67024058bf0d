// Child: what runs between clone and exec.
//
// In: a list of ready steps (numbers, pointers to memory the parent keeps) and a page shared with
// the parent. Out: the target program, or the step that failed and its errno in the page. No
// allocation, no lock, no library that might: see kernel/raw.h. Neighbours: prepare.h makes the
// list from a plan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "filter/program.h"
#include "kernel/gate.h"
#include "kernel/raw.h"
#include "kernel/raw_namespaces.h"

namespace seclude::sandbox {

struct ChildStep {
  enum class Kind : uint8_t {
    DieWithLauncher,  // number: the launcher's pid; 0 where it has none
    LeaveNamespaces,  // bits: CLONE_NEW*
    JoinNamespaces,   // from: a pidfd of who makes them; bits: CLONE_NEW*; gate
    MapIds,           // text: of uid_map, other: of gid_map
    StartInit,        // from: a pidfd of the launcher, or -1 where there is a first process; stack:
                      // of the process that does the rest
    TellInit,         // guarded, or nullptr where the child has begun it
    SetHostName,      // text
    RaiseLoopback,
    JoinNewKeyring,
    KeepMountsPrivate,
    BeginRoot,   // number: a descriptor that is open already; shows_old; bits: attributes
    LeaveRoot,   // from: the root before; bits: attributes
    HoldPlace,   // text: path; number: a descriptor that is open already
    MountNew,    // other: file system; bits: attributes; option; text: path
    MountBound,  // from: held place or -1, other: source; bits: attributes; text: path
    MakeFolder,  // text
    MakeFile,    // text
    MakeLink,    // other: where to; text
    AllowPath,   // from: the ruleset; text: path; bits: rights
    JoinGroup,   // from: its file of processes
    NewSession,
    PlaceDescriptor,   // from, number
    KeepDescriptor,    // number
    CloseDescriptors,  // first..last
    ChangeDirectory,   // text
    SetFileMask,       // bits
    ResetSignals,      // bits: what stays ignored
    SetLimit,          // number: resource; bits: value
    NoNewPrivileges,
    KeepSignalsInside,
    EnterDomain,  // from: the ruleset
    LockPrivileges,
    GiveUpCapabilities,  // bits: which
    TellSupervisor,      // from: socket; number: its process id
    HearSupervisor,      // from: socket
    WaitForInit,
    WaitForFilter,         // gate
    WishForNamespaces,     // wish
    UseProcessors,         // processors
    LoadFilter,            // programs, key
    LoadFilterSupervised,  // programs: the only one, first: flags, from: socket, key
    Execute,               // text, argv, environment, key
  };
  Kind kind = Kind::NewSession;
  int number = 0;
  int from = 0;
  bool shows_old = false;
  unsigned first = 0, last = 0;
  uint64_t bits = 0;
  const char* text = nullptr;
  const char* other = nullptr;
  const char* key_of_option = nullptr;
  const char* option = nullptr;
  void* stack = nullptr;  // its upper end
  const kernel::Gate* gate = nullptr;
  kernel::Gate* wish = nullptr;
  kernel::raw::Guarded* guarded = nullptr;
  const std::vector<filter::Program>* programs = nullptr;  // ready once the gate is open
  const kernel::ProcessorSet* processors = nullptr;
  char* const* argv = nullptr;
  char* const* environment = nullptr;
  const kernel::raw::LaunchKey* key = nullptr;
  size_t plan_step = 0;  // which step of the plan it belongs to
};

// Lives in memory shared with the parent. `failed` is written last.
struct ChildReport {
  // Processes in a process namespace, as the launcher counts: its first, and the program's. 0:
  // none.
  int init = 0, program = 0;
  kernel::raw::Guarded guarded = {};
  size_t step = 0;  // of the child's list
  int errno_value = 0;
  bool failed = false;
};

struct ChildWork {
  const ChildStep* steps = nullptr;
  size_t count = 0;
  ChildReport* report = nullptr;
};

// The entry of kernel::spawn; `work` is a ChildWork. Comes back only in the sense that it ends the
// process.
int child_main(void* work);

}  // namespace seclude::sandbox
