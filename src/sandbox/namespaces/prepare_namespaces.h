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
#include "kernel/memory.h"
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
  [[nodiscard]] Result<ChildSteps> of(const EnterNamespaces& step);
  [[nodiscard]] Result<ChildSteps> of(const StartInit& step);
  [[nodiscard]] Result<ChildSteps> of(const MountOver& step);
  [[nodiscard]] ChildSteps of(const LeaveRoot& step) const;
  // What StartInit has opened is of no more use once the child has ended.
  void close_launcher() { launcher_.reset(); }

 private:
  const char* own(std::string text);
  Result<ChildSteps> root(const MountOver& step);
  Result<ChildSteps> empty_folder(const MountOver& step);
  void show(const MountOver& step, int from, ChildSteps& steps);
  ChildStep showing(const KeptPlace& kept, const MountOver& in, int from);

  std::deque<std::string> texts_;  // whose elements stay where they are
  std::optional<kernel::Fd> launcher_, held_;
  std::optional<kernel::Fd> root_;  // the one outside, where there is one of its own
  std::optional<kernel::Stack> stack_;
};

}  // namespace seclude::sandbox
