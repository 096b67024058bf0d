// Supervisor: a helper process that answers a program's refused calls, so that they can be
// explained at once.
//
// In: the rules that are enforced. Out: each new denial described on standard error while its
// thread still waits; all of them when the run is over. The program gets the same answers, signals
// and exit statuses as without it:
// - `deny` waits on the filter's listener and is answered with the policy's errno, also when a
// signal
//   arrives before the supervisor has taken the notification: a call of a followed thread (below)
//   is then answered at the signal's delivery. Of others, such a signal ends the call with EINTR,
//   or restarts it, as for any call that waits.
// - kill, kill-thread and trap stay in the filter; the supervisor follows the tree with ptrace and
//   looks when a thread exits by SIGSYS. If the policy lets the program trace, nobody follows it.
// - When the program has ended but processes it left behind have not, the supervisor stays for
//   them, silent. When the launcher dies, it ends, and with it everything it follows.
// - `listen` is done by the supervisor where `listen` lines name ends.
// - When it dies itself, everything it follows is killed, and refused calls fail with ENOSYS.
// - A program can keep it waiting for memory that never comes (userfaultfd); after some seconds of
//   that, it dies.
// One helper can serve many runs, one after the other (Launcher in launch.h): each ends with
// finish(). Neighbours: start.h makes the child that joins; answering.h is what runs in the
// helper.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "base/result.h"
#include "kernel/fd.h"
#include "kernel/memory.h"
#include "kernel/new_namespaces.h"
#include "sandbox/helper/briefing.h"
#include "sandbox/helper/denial.h"
#include "sandbox/kept_rules.h"
#include "sandbox/paths/domain.h"
#include "sandbox/rules/notifying_rules.h"

namespace seclude::sandbox {

struct Supervision {
  Supervise how = Supervise::Explain;
  // What to print for a new denial; empty: nothing is printed.
  std::function<std::string(const Denial&)> describe = {};
  size_t printed_at_most = 20;            // for each run
  std::vector<ListenEnd> listening = {};  // where sockets may listen (listening.h)
  // For a helper that was begun early: what its `describe` gets to know in place of this one's.
  std::function<std::string()> texts = {};
};

// What the launch needs to bring the child and the supervisor together.
struct Joining {
  int socket = -1;     // the child's end
  int supervisor = 0;  // process id
  unsigned flags = 0;  // for loading the filter
  // Supervisor::tell, to be called before this process waits for a child that may ask.
  std::function<void()> tell = {};
};

class Supervisor {
 public:
  enum class Serves : uint8_t { OneRun, ManyRuns };
  // Call it before there is a child or a second thread.
  [[nodiscard]] static Result<Supervisor> start(const KeptRules& rules,
                                                const Supervision& supervision,
                                                Serves serves = Serves::OneRun);
  // The same for one run before anything is known of it, when there is little to copy (briefing.h).
  // `describe` is used in the helper; of `texts` it gets what Supervision::texts made of them.
  using DescribeFrom = std::function<std::string(const Denial&, std::string_view texts)>;
  // The helper first begins `ahead`, if there is something to begin.
  [[nodiscard]] static Result<Supervisor> begin(const DescribeFrom& describe,
                                                kernel::NewNamespaces* ahead = nullptr);
  // Then it has to be told: before there is a child, and before somebody waits for the child.
  void engage(const KeptRules& rules, const Supervision& supervision);
  void tell(const KeptRules& rules, const Supervision& supervision);

  Supervisor(Supervisor&& other) noexcept;
  Supervisor& operator=(Supervisor&&) = delete;
  ~Supervisor() { abandon(); }

  Joining joining() const;
  // The program has ended; what was refused until now.
  enum class Gone : uint8_t { Died, HeldUp };
  [[nodiscard]] tl::expected<Denials, Gone> finish();
  // It ends, and with it all it follows.
  void abandon();
  // Whether another run can join. Not when it stays for processes that the last one left behind.
  bool ready() const { return process_ != 0; }

 private:
  enum class Knows : uint8_t { Everything, Nothing, Terms };
  struct Ends {
    kernel::Fd launcher, child;
  };
  using Work = std::function<int(Ends)>;
  static Result<Supervisor> fork(Serves serves, Knows knows, const Work& work,
                                 const std::function<void()>& first = {});
  Supervisor(int process, Serves serves, Knows knows, kernel::Fd control, kernel::Fd child_end)
      : process_(process),
        serves_(serves),
        knows_(knows),
        control_(std::move(control)),
        child_end_(std::move(child_end)) {}
  int process_;  // 0: nothing to end
  Serves serves_;
  Knows knows_;
  uint8_t run_ = 0;  // counted on both sides
  kernel::Fd control_, child_end_;
  std::optional<kernel::SharedPage<SharedTerms>> terms_;  // of a helper that was begun early
};

}  // namespace seclude::sandbox
