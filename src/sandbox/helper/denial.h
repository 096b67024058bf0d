// Denial: one refused call of a confined program, as it was found; and all of a run.
//
// In: the supervisor makes it while the thread that asked still waits, or is about to exit. Out:
// raw facts; evidence/diagnose.h interprets them, report/ prints them. Every text in here was
// chosen by the confined program: print it escaped.
// Neighbours: capture.h reads the details, denial_log.h bounds and counts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "filter/input.h"
#include "filter/meaning.h"

namespace seclude::sandbox {

// What an argument that is a number stands for.
struct ArgDetail {
  enum class Kind : uint8_t {
    Path,        // the string it points at
    Socket,      // the address it points at, as text: "192.0.2.1:80", "unix:/run/x"
    File,        // what the descriptor refers to
    Binding,     // what the socket of the descriptor is bound to, in words
    Unreadable,  // the memory could not be read
    // Of a command line there is one for each word.
    Word,
    UnreadableWord,
    MoreWords,  // than are kept
  };
  size_t arg = 0;
  Kind kind = Kind::Path;
  std::string text = {};
  bool cut = false;  // there was more
  friend bool operator==(const ArgDetail&, const ArgDetail&) = default;
};

struct Denial {
  filter::Input call;
  filter::Verdict verdict;  // of the policy itself
  int process = 0;
  int thread = 0;
  std::string thread_name;
  std::string object;          // the file whose code made the call; empty: not known
  uint64_t object_offset = 0;  // where in that file the code is
  std::vector<ArgDetail> details;
  uint64_t times = 1;
};

// Refusals of one call that were only counted, because too many different ones came.
struct CallCount {
  uint32_t arch = 0, number = 0;
  uint64_t times = 0;
  friend bool operator==(const CallCount&, const CallCount&) = default;
};

struct Denials {
  std::vector<Denial> seen;        // in the order in which they came
  std::vector<CallCount> counted;  // further ones
  uint64_t uncounted = 0;          // and those of calls that do not fit even there
  bool saw_every_end = false;      // no process can have ended by the policy unseen
  uint64_t total() const;
};

}  // namespace seclude::sandbox
