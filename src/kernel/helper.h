// Helper: a second process of our own that runs code of this program beside it.
//
// In: what it shall do, the descriptors it needs. Out: its process id. It is a copy of this process
// at the moment of the call (fork): call it while there is one thread. It has its own session, so
// that no terminal stops it and no signal for this process' group reaches it; nobody can trace it;
// of the descriptors it has only those listed and standard error, and it stands in `/`.
// Neighbours: sandbox/helper/supervisor.h is what runs there. process.h makes the confined child.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/fd.h"

namespace seclude::kernel {

struct HelperTask {
  std::function<void()> first = {};  // before it is all that is said above, but it cannot be traced
  std::function<int()> work;         // returns the exit status
};
[[nodiscard]] Result<int> start_helper(std::vector<int> descriptors, const HelperTask& task);
// Waits for a helper that has ended or is about to. Whether its Deadline ended it.
bool collect_helper(int process);
// One that goes on by itself; it is collected when the next one is started after its end.
void leave_helper(int process);

// Ends it, whatever it waits for, and everything that it traces.
void end_helper(int process);
// What it sleeps for it looks at again (SIGCHLD, which it takes for a followed process).
void wake_helper(int process);

// For the helper itself: it does not end any more when its parent does.
void outlive_parent();
// What it does while this lives may take so many milliseconds; after that it is ended, by SIGALRM.
// Whoever waits for memory that its owner never provides (userfaultfd) is reached by nothing but a
// signal that kills.
class Deadline {
 public:
  explicit Deadline(int milliseconds);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline();
};
// Nothing more goes to standard error.
void let_go_of_standard_error();
// Writes what fits to standard error, waiting at most `patience` milliseconds each time it is full;
// returns how many bytes went, nullopt: nobody reads there any more.
std::optional<size_t> offer_to_standard_error(std::string_view text, int patience);

// Sleeps until one of the descriptors has something to read or is closed on the other side; with
// `only_look`, does not sleep.
struct Ready {
  int descriptor = -1;    // -1: not asked
  bool at_end = false;    // what is there can wait until the other side says nothing more
  bool readable = false;  // answer
  bool closed = false;    // answer
};
[[nodiscard]] Result<void> wait_until_ready(std::span<Ready> items, bool only_look);

}  // namespace seclude::kernel
