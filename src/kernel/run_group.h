// Run group: the control groups of one run, in every hierarchy it takes.
//
// In: where they are to be made and what they hold (places come from cgroups.h). Out: a RunGroup,
// which owns them: a child joins through its descriptors, all inside can be ended at once, what was
// used can be read. When it goes away, everything inside is ended and the groups are removed.
// A launcher that is killed cannot do that. So, if asked, a guardian process waits for its end and
// does it (raw_group.h); and groups that a killed launcher and a killed guardian left behind are
// removed when the next group is made: each is locked as long as its launcher lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/fd.h"
#include "kernel/memory.h"
#include "kernel/raw_group.h"
#include "kernel/stream.h"

namespace seclude::kernel {

struct GroupSetting {
  std::string file;       // "memory.max"
  std::string value;      // "536870912"
  bool optional = false;  // not every kernel has the file
  friend bool operator==(const GroupSetting&, const GroupSetting&) = default;
};

// In one hierarchy.
struct GroupPart {
  std::string folder;  // in which the group is made
  bool version2 = false;
  std::vector<std::string> enable = {};  // version 2: controllers for the groups in there
  std::vector<GroupSetting> settings = {};
  bool memory = false, tasks = false, cpu = false;  // what it holds or measures
  friend bool operator==(const GroupPart&, const GroupPart&) = default;
};

struct GroupUse {
  std::optional<uint64_t> user, system;   // nanoseconds
  std::optional<uint64_t> peak_memory;    // bytes
  std::optional<uint64_t> read, written;  // bytes, of disks
};

class RunGroup {
 public:
  enum class Guard : uint8_t { Guardian, None };
  [[nodiscard]] static Result<RunGroup> make(const std::vector<GroupPart>& parts, Guard guard);
  RunGroup(RunGroup&& other) noexcept;
  RunGroup& operator=(RunGroup&&) = delete;
  ~RunGroup();

  // Writing "0" to each puts the writer in.
  const std::vector<Fd>& joining() const { return joining_; }
  void end_all() const { raw::end_group(*folders_); }
  // Something happened to its memory, if it rings; nothing is ready where it holds none.
  Waited alarm() const;
  // Whether that was that memory has run out.
  bool alarm_rings() const;

  uint64_t cpu_time() const;  // nanoseconds, of all that were in there
  bool killed_for_memory() const;
  bool refused_tasks() const;
  GroupUse use() const;

 private:
  RunGroup() = default;
  Result<void> create(const std::vector<GroupPart>& parts);
  void start_guardian();
  void name_folders(const std::vector<GroupPart>& parts);
  std::string read(const std::string& file, bool GroupPart::*which) const;
  Result<void> watch_memory();

  std::vector<GroupPart> parts_;
  std::vector<std::string> groups_;       // full paths, as parts_
  raw::GroupFolders* folders_ = nullptr;  // in memory that the guardian shares, with all its texts
  std::optional<Stack> stack_;
  int guardian_ = 0;
  std::optional<Fd> launcher_;
  std::vector<Fd> joining_, locks_;
  std::optional<Fd> alarm_;
  bool alarm_is_event_ = false;  // version 1's
};

}  // namespace seclude::kernel
