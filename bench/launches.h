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
  std::string note = {};
};

// vfork, execve, waitpid; what it says goes to /dev/null. `keep` stays open in the program.
Launch spawning(std::vector<std::string> words, int keep = -1);

// The absolute path of a program in PATH.
std::optional<std::string> find_program(const std::string& name);

// Takes turns, in another order each time, so that whatever else the machine does meets all alike.
// Behind one that takes more than 10 ms the kernel gets time to finish (it takes what runtimes make
// down for as long), and a launch of the first way is not counted. A way that fails once has no
// samples.
std::vector<Samples> take_turns(const std::vector<Way>& ways, size_t rounds);

// The same in several processes at once; the samples of all.
std::vector<Samples> take_turns_in_parallel(const std::vector<Way>& ways, size_t rounds,
                                            unsigned processes);

// Runs `work` in a child that owns and has touched this much memory.
std::vector<Samples> in_process_of_size(size_t bytes,
                                        const std::function<std::vector<Samples>()>& work);

}  // namespace bench
