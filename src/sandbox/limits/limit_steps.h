// Limit steps: what a launch does so that a program keeps within its limits. Plain values, parts of
// a Plan (plan.h).
//
// In: limits.h makes them from `limit` lines. Out: start.cc makes groups and pipes of them,
// limit_watch.h keeps what only time shows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/run_group.h"

namespace seclude::sandbox {

enum class LimitedResource : uint8_t {
  CpuTime,
  FileSize,
  OpenFiles,
  Processes,
  AddressSpace,
  CoreFile,
  Data,
  Stack,
};
std::string_view name_of(LimitedResource resource);

// Soft and hard at once; what the program may not raise again.
struct ResourceLimit {
  LimitedResource resource = LimitedResource::CoreFile;
  uint64_t value = 0;  // seconds of CpuTime, bytes, or a number of things
  friend bool operator==(const ResourceLimit&, const ResourceLimit&) = default;
};

// Control groups of this run alone, which the program's process joins before anything else of it is
// done, and which end and go with the run.
struct JoinGroup {
  std::vector<kernel::GroupPart> parts;
  bool guarded = false;  // more than the program's own process may be in there
  friend bool operator==(const JoinGroup&, const JoinGroup&) = default;
};

// The launcher ends the run when one of them is used up. Nanoseconds.
struct WatchTime {
  std::optional<uint64_t> wall, processor;
  friend bool operator==(const WatchTime&, const WatchTime&) = default;
};

// Standard output and standard error of the program are pipes, which the launcher passes on.
struct RelayOutput {
  uint64_t bytes = 0;  // of both together
  friend bool operator==(const RelayOutput&, const RelayOutput&) = default;
};

// Of one launch.
struct LimitSteps {
  std::optional<JoinGroup> group = {};
  std::optional<WatchTime> time = {};
  std::optional<RelayOutput> output = {};
  std::vector<ResourceLimit> rlimits = {};
  bool any() const { return group || time || output || !rlimits.empty(); }
  friend bool operator==(const LimitSteps&, const LimitSteps&) = default;
};

std::string to_string(const JoinGroup& step);
std::string to_string(const WatchTime& step);
std::string to_string(const RelayOutput& step);

}  // namespace seclude::sandbox
