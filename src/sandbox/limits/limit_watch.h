// Limit watch: keeps the limits that no kernel object keeps by itself, while a program runs, and
// says which limit ended it.
//
// In: a Running program and the steps of its plan. Out: what was reached first; how the run ended;
// what it used, of the whole tree where there is a group.
// Neighbours: watch.cc asks; relay.h passes output on.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/process.h"
#include "kernel/signals.h"
#include "policy/quantity.h"
#include "sandbox/outcome.h"
#include "sandbox/start.h"

namespace seclude::sandbox {

class LimitWatch {
 public:
  explicit LimitWatch(Running& running);

  // Nothing is limited that takes watching.
  bool idle() const;
  // Sleeps until something happens to the program (if `program`), to `inbox`, or a limit is
  // reached.
  [[nodiscard]] Result<std::optional<policy::Resource>> wait(const kernel::Fd* inbox,
                                                             std::optional<uint64_t> until,
                                                             bool program);
  // Ends the program and all it has started.
  void end_all();
  // Its output, as far as it has reached the pipes. A slow reader is waited for until somebody asks
  // the launcher to end.
  void pass_on_the_rest(kernel::SignalInbox* inbox);

  // The program has ended in this way; `by_us`: after this limit was reached.
  Ending judge(Ending ending, const kernel::ResourceUse& use,
               std::optional<policy::Resource> by_us) const;
  void complete(Usage& usage) const;
  // Something could not be started: there were as many processes and threads as there may be.
  bool refused_tasks() const;

 private:
  std::optional<policy::Resource> look(const kernel::Waited& alarm);
  std::optional<uint64_t> next_look() const;
  uint64_t cpu_time() const;

  Running& running_;
  uint64_t look_at_cpu_ = 0;  // kernel::now()
};

}  // namespace seclude::sandbox
