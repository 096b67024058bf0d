// Namespace supply: new namespaces for one run after the other.
//
// In: which of them every run wants. Out: for each run some that are there when it begins, and the
// first process of a process namespace, which costs a large launcher nothing: a process of its own
// with hardly any memory begins those of the next run when the child of one is about to execute its
// program, and sleeps otherwise. It ends with this process.
// Mounts are not among them: those that were made long before a run are not what it would find.
// Neighbours: new_namespaces.h is what makes them; sandbox/launch.h has the runs.
#pragma once

#include <array>
#include <optional>

#include "kernel/gate.h"
#include "kernel/memory.h"
#include "kernel/new_namespaces.h"

namespace seclude::kernel {

class NamespaceSupply {
 public:
  // nullopt where new_namespaces.h begins nothing, where there can be no process for it, and for
  // programs without a process namespace. Of the memory of this process there is a copy for a
  // moment (fork).
  static std::optional<NamespaceSupply> start(Namespaces wanted);
  NamespaceSupply(NamespaceSupply&& other) noexcept;
  NamespaceSupply& operator=(NamespaceSupply&&) = delete;
  ~NamespaceSupply();

  struct Share {
    NewNamespaces* namespaces = nullptr;  // nullptr: nobody has wished for any
    Gate* wish = nullptr;                 // opened by the run's child, for the run after
  };
  Share begin_run();
  void run_is_over();
  // Whether somebody has ended the process; then there will be no others.
  bool has_ended() const;

 private:
  static constexpr size_t places = 3;  // one run's, the next one's, and what is waited for
  struct Wishes {
    Gate wished[places] = {};
  };
  using Places = std::array<NewNamespaces, places>;
  NamespaceSupply(Places some, SharedPage<Wishes> wishes, int process);
  static int serve(const std::array<NewNamespaces::Order, places>& orders, const Wishes& wishes);

  Places places_;
  SharedPage<Wishes> wishes_;
  int process_;       // 0: another one's
  size_t taken_ = 0;  // by runs
  NewNamespaces* in_use_ = nullptr;
};

}  // namespace seclude::kernel
