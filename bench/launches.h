// Launches: the ways of starting a program that launch_bench compares.
//
// In: command lines, a plan. Out: how long each takes from the decision to start a program until
// its end is known. The bare way, vfork and execve and waitpid, is what all others are a multiple
// of. Neighbours: launch_bench.cc decides what is compared and reports.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "section.h"

namespace bench {

// One launch; false when it did not end with status 0.
using Launch = std::function<bool()>;

struct Way {
  std::string name;
  Launch launch;
  // Takes so long, and leaves the kernel so much to clean up, that it would slow down whoever comes
  // next: it is measured with pauses only.
  bool slow = false;
};

// vfork, execve, waitpid; what it says goes to /dev/null. `keep` stays open in the program.
Launch spawning(std::vector<std::string> words, int keep = -1);

// The absolute path of a program in PATH.
std::optional<std::string> find_program(const std::string& name);

// Takes turns, in another order each time, so that whatever else the machine does meets all alike.
// A way that fails once, or is not measured so, has no samples. In a row: each right behind the one
// before, without the slow ones. After pauses: each when nothing has happened for 30 ms, and the
// processors sleep.
enum class Turns { InARow, AfterPauses };
std::vector<Samples> take_turns(const std::vector<Way>& ways, size_t rounds, Turns turns);

// The same in several processes at once; the samples of all.
std::vector<Samples> take_turns_in(unsigned processes, const std::vector<Way>& ways, size_t rounds,
                                   Turns turns);

// Runs `work` in a child that owns and has touched this much memory.
std::vector<Samples> in_process_of_size(size_t bytes,
                                        const std::function<std::vector<Samples>()>& work);

}  // namespace bench
