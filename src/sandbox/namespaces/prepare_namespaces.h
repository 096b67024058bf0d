// Prepare namespaces: the namespace steps of a plan made ready for a child that may not allocate.
//
// In: steps of namespace_steps.h. Out: steps of child.h, and a NamespaceParts that owns what they
// point at: texts of id maps, descriptors, the stack of the program's process.
// Neighbours: prepare.cc does the same for all other steps.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/fd.h"
#include "kernel/new_namespaces.h"
#include "kernel/process.h"
#include "sandbox/child.h"
#include "sandbox/namespaces/namespace_steps.h"

namespace seclude::sandbox {

// Not movable: the steps point into it.
class NamespaceParts {
 public:
  NamespaceParts() = default;
  NamespaceParts(const NamespaceParts&) = delete;
  NamespaceParts& operator=(const NamespaceParts&) = delete;

  using ChildSteps = std::vector<ChildStep>;
  // Those that `ahead` has are joined; where a network is among them, there is no loopback device
  // left to raise, and where processes are, no first one to begin.
  [[nodiscard]] ChildSteps of(const EnterNamespaces& step, kernel::NewNamespaces* ahead);
  [[nodiscard]] ChildSteps of(const RaiseLoopback& step) const;
  [[nodiscard]] Result<ChildSteps> of(const StartInit& step);
  [[nodiscard]] Result<ChildSteps> of(const MountOver& step);
  [[nodiscard]] ChildSteps of(const LeaveRoot& step) const;
  // What the child alone had a use for, once it has ended.
  void close_descriptors() { launcher_.reset(); }
  // Whether something was made ahead, or even the first process.
  bool has_joined() const { return kernel::flags_of(joined_) != 0; }
  bool has_init_ahead() const { return joined_.processes; }

 private:
  const char* own(std::string text);
  Result<ChildSteps> root(const MountOver& step);
  Result<ChildSteps> empty_folder(const MountOver& step);
  void show(const MountOver& step, int from, ChildSteps& steps);
  ChildStep showing(const KeptPlace& kept, const MountOver& in, int from);

  std::deque<std::string> texts_;  // whose elements stay where they are
  std::optional<kernel::Fd> launcher_, held_;
  std::optional<kernel::Fd> root_;  // the one outside, where there is one of its own
  kernel::ChildStack stack_;
  kernel::Namespaces joined_ = {};
  kernel::raw::Guarded* guarded_ = nullptr;  // of the first process that was made ahead
};

}  // namespace seclude::sandbox
