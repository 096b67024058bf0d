// Namespace supply: new namespaces for one run after the other.
//
// In: which of them every run wants. Out: for each run some that are there when it begins, with the
// first process of its process namespace. A process of its own ("seclude-spare"), which has little
// memory, begins those of the next run when the child of one is about to execute its program, and
// sleeps otherwise; so one set of them waits between runs.
// Mounts are not among them: those that were made long before a run are not what it would find.
// Neighbours: new_namespaces.h is what makes them; sandbox/launch.h has the runs.
#pragma once

#include <array>
#include <memory>

#include "kernel/gate.h"
#include "kernel/memory.h"
#include "kernel/new_namespaces.h"
#include "kernel/process.h"

namespace seclude::kernel {

class NamespaceSupply {
 public:
  // nullptr where new_namespaces.h begins nothing, where there can be no process for it, and for
  // programs without a process namespace. In a process of one thread, of whose memory there is a
  // copy for a moment (helper.h).
  static std::unique_ptr<NamespaceSupply> start(Namespaces wanted);
  NamespaceSupply(const NamespaceSupply&) = delete;
  NamespaceSupply& operator=(const NamespaceSupply&) = delete;
  // Ends the process, and what waits; in a copy of this process (fork), nothing. Where they may not
  // be sent signals any more, they end by themselves.
  ~NamespaceSupply();

  struct Share {
    NewNamespaces* namespaces = nullptr;  // nullptr: there are none this time
    Gate* wish = nullptr;                 // opened by the run's child, for the run after
  };
  // Where somebody has stopped the process, this takes 0.2 s and ends it.
  Share begin_run();
  // Whether the run's program got the namespaces that there were for it.
  bool run_is_over();
  // There will be no others: another supply can take its place.
  bool has_ended() const { return is_broken_ || spare_.has_ended(); }

 private:
  static constexpr size_t sets = 3;  // one run's, the next one's, and what is waited for
  using Sets = std::array<NewNamespaces, sets>;
  using Orders = std::array<NewNamespaces::Order, sets>;
  using Wishes = std::array<Gate, sets>;
  NamespaceSupply(Sets made, SharedPage<Wishes> wishes, Process spare);
  static int serve(const Orders& orders, const Wishes& wishes);

  Sets sets_;
  SharedPage<Wishes> wishes_;
  Process spare_;
  int maker_;
  bool is_broken_ = false;
  size_t taken_ = 0;  // by runs
  NewNamespaces* in_use_ = nullptr;
};

}  // namespace seclude::kernel
