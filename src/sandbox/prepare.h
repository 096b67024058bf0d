// Prepare: a plan made ready for a child that may not allocate.
//
// In: a Plan. Out: a Prepared, which owns what the child's steps point at: opened files, the
// compiled filter, argument and environment arrays. Everything that can fail with an explanation
// fails here.
// Neighbours: child.h walks the steps; start.cc calls both.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "filter/program.h"
#include "kernel/fd.h"
#include "kernel/namespace_supply.h"
#include "kernel/raw.h"
#include "sandbox/child.h"
#include "sandbox/helper/supervisor.h"
#include "sandbox/namespaces/prepare_namespaces.h"
#include "sandbox/outcome.h"
#include "sandbox/plan.h"

namespace seclude::sandbox {

// Compiles and proves the filter for all launches of a plan, with and without a helper that
// explains; each launch puts its own key in (filter/pattern.h). Call it in the process that
// launches.
[[nodiscard]] Result<void> compile_filter(Plan& plan);

// The files that a plan's PlaceFile steps name, in their order. Opening one may take for ever (a
// FIFO that nobody has at its other end), so it comes first, while signals still end this process.
[[nodiscard]] tl::expected<std::vector<kernel::Fd>, SetupError> open_files(const Plan& plan);

// What a plan with limits takes from the launcher; the descriptors stay the launcher's.
struct LimitEnds {
  std::vector<int> groups = {};  // RunGroup::joining
  int output = -1, error = -1;   // of a relay
};

// Whether the child begins before all is ready, and waits for the filter.
enum class Begins : uint8_t { WhenReady, Before };

// What one launch has besides its plan.
struct LaunchParts {
  // Of open_files, to be kept until the child has executed the program.
  std::span<const kernel::Fd> files;
  // The child meets the supervisor and hands it the filter's listener.
  const std::optional<Joining>& joining;
  const LimitEnds& ends;
  Begins begins = Begins::WhenReady;
  kernel::NamespaceSupply::Share ahead = {};  // made, or on their way
};

// Not movable: the steps point into it.
class Prepared {
 public:
  Prepared() = default;
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared();  // forgets the key

  [[nodiscard]] tl::expected<void, SetupError> fill(const Plan& plan, const LaunchParts& parts);
  // What takes longest, and what no step before the filter needs. Afterwards the gate can be
  // opened.
  [[nodiscard]] tl::expected<void, SetupError> compile(const Plan& plan,
                                                       const std::optional<Joining>& joining);
  kernel::Gate& gate() { return gate_; }
  // That a child which begins before may use once the gate is open.
  void give_back(const kernel::ProcessorSet& set) { processors_ = set; }
  const NamespaceParts& namespaces() const { return namespaces_; }
  // In a process namespace, once the child has ended: room for another descriptor.
  void make_room() { namespaces_.close_descriptors(); }
  const std::vector<ChildStep>& steps() const { return steps_; }

 private:
  friend struct Preparation;
  std::vector<ChildStep> steps_;
  std::optional<kernel::Fd> ruleset_;
  NamespaceParts namespaces_;
  std::vector<filter::Program> programs_;
  kernel::Gate gate_;
  kernel::ProcessorSet processors_ = {};
  kernel::raw::LaunchKey key_ = {};
  std::vector<char*> arguments_, environment_;
};

}  // namespace seclude::sandbox
