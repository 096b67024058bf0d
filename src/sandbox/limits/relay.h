// Relay: passes on what a program writes to its standard output and standard error, as long as it
// keeps within its limit.
//
// In: where the two lead. Out: the ends that the program gets; pump() moves what has arrived. What
// goes on is never more than the limit, and what leads to one place goes through one pipe, so that
// its order stays.
// Neighbours: start.cc makes one for a plan with RelayOutput; limit_watch.h pumps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/fd.h"
#include "kernel/stream.h"

namespace seclude::sandbox {

class Relay {
 public:
  // Descriptors; they have to stay open.
  struct Targets {
    int output = 1, error = 2;
  };
  [[nodiscard]] static Result<Relay> make(Targets targets, uint64_t bytes);

  int output_end() const { return lines_.front().program->number(); }
  int error_end() const { return lines_.back().program->number(); }
  // The program has its own copies by now; ours would keep a line from ending.
  void let_go();

  // What to wait for; at most two.
  std::vector<kernel::Waited> waiting() const;
  // Moves what can be moved without sleeping.
  void pump();
  // More came than may go on.
  bool over() const { return over_; }
  // Nothing is left to be passed on: of what has come, or, once `ended`, of what is in the pipes.
  bool empty() const;
  // Whoever is left may write no more; what is in the pipes is still passed on.
  void end() { ended_ = true; }

 private:
  struct Line {
    int target;
    std::optional<kernel::Fd> program, reading;
    std::string held = {};  // read and not yet written
  };
  void pump(Line& line);
  void read(Line& line);

  std::vector<Line> lines_;  // one or two
  uint64_t left_ = 0;
  bool over_ = false, ended_ = false;
};

}  // namespace seclude::sandbox
