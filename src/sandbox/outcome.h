// Outcome: how a confined program ended, as a value.
//
// In: launch.h makes it. Out: report/ prints it, cli/ turns it into an exit status. A refused call
// or a killed program is not an error of ours: it is one of these endings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "policy/quantity.h"
#include "sandbox/helper/denial.h"

namespace seclude::sandbox {

struct Exited {
  int status = 0;
  friend bool operator==(const Exited&, const Exited&) = default;
};
struct Signalled {
  int signal = 0;
  bool core = false;  // wrote a core file
  // A key of the terminal (Ctrl-C, Ctrl-\) sent it to the launcher as well. Shells stop a loop or a
  // script only if what they waited for ends by that signal too.
  bool from_terminal = false;
  friend bool operator==(const Signalled&, const Signalled&) = default;
};
// SIGSYS ended it: the filter said kill, kill-thread or trap. (A SIGSYS somebody sends looks the
// same to a parent; only a supervisor that follows the program can tell.)
struct Denied {
  bool core = false;
  friend bool operator==(const Denied&, const Denied&) = default;
};
// The launcher ended it because its time was up.
struct TimeLimit {
  friend bool operator==(const TimeLimit&, const TimeLimit&) = default;
};
// Another limit of its policy ended it: memory, processor time, the size of a file, output.
struct OverLimit {
  policy::Resource resource = policy::Resource::Memory;
  friend bool operator==(const OverLimit&, const OverLimit&) = default;
};
// The program was never started.
struct SetupError {
  enum class Kind : uint8_t {
    NotFound,       // no such program
    NotExecutable,  // it is there, but cannot be executed
    NotWatchable,   // its policy takes several filters, which can have no helper
    Setup,          // something else that the launch needs
  };
  Kind kind = Kind::Setup;
  Error error = {};
  friend bool operator==(const SetupError&, const SetupError&) = default;
};

using Ending = std::variant<Exited, Signalled, Denied, TimeLimit, OverLimit, SetupError>;

// Of the program and of every process it waited for; where a control group measures, of all that it
// started. Nanoseconds and bytes.
struct Usage {
  uint64_t wall = 0;
  uint64_t user = 0;
  uint64_t system = 0;
  uint64_t peak_memory = 0;
  // Linux counts what the launcher occupied at the moment of execve as the program's own peak
  // (exec_mmap): a value that is not above that is only a bound.
  bool peak_memory_exact = false;
  std::optional<uint64_t> read = {}, written = {};  // of disks, where a control group tells
  friend bool operator==(const Usage&, const Usage&) = default;
};

// What was seen of the calls that were refused.
struct Observed {
  enum class How : uint8_t {
    Fatal,      // nobody looked: only the denial that ended the program shows
    Explained,  // a supervisor saw them
    Unwatched,  // there can be no listener: a filter outside has one, or refuses it
    Chained,    // there can be no listener: the policy takes several filters
    Lost,       // the supervisor died
    HeldUp,     // it was ended: the program kept it waiting for memory
  };
  How how = How::Fatal;
  Denials denials = {};
};

struct Outcome {
  Ending ending = {};
  Usage usage = {};
  Observed observed = {};
  // Something was not started because there were as many processes and threads as there may be.
  bool refused_tasks = false;
};

// The program's own; 128+n for a signal, also one that a limit
// sends; 159 killed by policy; 124 time; 125, 126, 127 not started.
int exit_status(const Ending& ending);

}  // namespace seclude::sandbox
