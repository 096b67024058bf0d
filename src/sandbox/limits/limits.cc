// Limits: see limits.h.
#include "sandbox/limits/limits.h"

#include <algorithm>

#include "kernel/capabilities.h"
#include "kernel/files.h"
#include "kernel/landlock.h"
#include "kernel/namespaces.h"
#include "sandbox/rules/limit_rules.h"

namespace seclude::sandbox {
namespace {

using policy::Resource;

constexpr uint64_t milliseconds = 1'000'000;  // in nanoseconds

bool is_at_or_below(const std::string& path, const std::string& folder) {
  return path == folder || folder == "/" ||
         (path.starts_with(folder) && path[folder.size()] == '/');
}

// No granted place has the hierarchy in it, or is in there, for more than reading.
bool domain_keeps_out(const Domain& domain, const std::vector<std::string>& mounts) {
  if (!domain.confines_paths || domain.changes_all) return false;
  constexpr uint64_t reading =
      kernel::file_right::read_file | kernel::file_right::read_dir | kernel::file_right::execute;
  return std::none_of(domain.paths.begin(), domain.paths.end(), [&](const PathRight& path) {
    if ((path.rights & ~reading) == 0) return false;
    return std::any_of(mounts.begin(), mounts.end(), [&](const std::string& mount) {
      return is_at_or_below(mount, path.path) || is_at_or_below(path.path, mount);
    });
  });
}

// One folder that all are in, if it is the usual one.
std::vector<std::string> covering(const std::vector<std::string>& mounts) {
  const std::string usual = "/sys/fs/cgroup";
  std::vector<std::string> places;
  for (const std::string& mount : mounts)
    if (!is_at_or_below(mount, usual)) places.push_back(mount);
  if (places.size() != mounts.size()) places.push_back(usual);
  return places;
}

std::string group_fix() {
  if (!kernel::facts_of("/proc/self/mountinfo"))
    return "groups are found by /proc, which is not there: mount -t proc proc /proc";
  if (kernel::own_user() == 0)
    return "as root: mount -t cgroup2 none /sys/fs/cgroup, and start it outside of a container "
           "that mounts it read-only";
  return "start it in a delegated group: systemd-run --user --scope -p Delegate=yes -- seclude run "
         "...; `seclude doctor` says what this user has";
}

class Holder {
 public:
  explicit Holder(const LimitQuery& query)
      : query_(query),
        one_process_(!may_start_processes(query.rules)),
        one_thread_(one_process_ && !may_start_threads(query.rules)) {
    for (const LimitLine& line : query.lines) {
      auto& amount = amounts_[static_cast<size_t>(line.resource)];
      amount = std::min(amount.value_or(UINT64_MAX), line.amount);
    }
    sealed_ = !may_write_files(query.rules) ||
              (query.domain != nullptr && domain_keeps_out(*query.domain, query.places.mounts));
  }

  HeldLimits hold() {
    hold_open_files();
    hold_file_size();
    hold_output();
    hold_memory();
    hold_tasks();
    hold_cpu_time();
    hold_time();
    finish_group();
    return std::move(held_);
  }

 private:
  using Amount = std::optional<uint64_t>;
  using Place = std::optional<kernel::GroupPlace>;

  const Amount& amount(Resource resource) const { return amounts_[static_cast<size_t>(resource)]; }

  void held_by(Resource resource, std::string layer) {
    held_.resources.push_back({.resource = resource, .layer = std::move(layer)});
  }
  void not_held(Resource resource, std::string why, std::string layer = {}) {
    held_.resources.push_back({.resource = resource,
                               .layer = std::move(layer),
                               .why = std::move(why),
                               .fix = group_fix(),
                               .held = false});
  }
  void limit(LimitedResource resource, uint64_t value) {
    held_.steps.rlimits.push_back({resource, value});
  }
  WatchTime& clock() {
    if (!held_.steps.time) held_.steps.time.emplace();
    return *held_.steps.time;
  }
  std::string version_of(const kernel::GroupPlace& place) const {
    return place.version2 ? "cgroup v2" : "cgroup v1";
  }

  // The part of a hierarchy; there is one for each.
  kernel::GroupPart& part_in(const kernel::GroupPlace& place) {
    if (!held_.steps.group) held_.steps.group.emplace();
    auto& parts = held_.steps.group->parts;
    for (kernel::GroupPart& part : parts)
      if (part.folder == place.folder) return part;
    parts.push_back({.folder = place.folder, .version2 = place.version2});
    return parts.back();
  }
  static void enable(kernel::GroupPart& part, const kernel::GroupPlace& place,
                     std::string_view controller) {
    const auto& names = place.enable;
    if (std::find(names.begin(), names.end(), controller) != names.end())
      part.enable.emplace_back(controller);
  }

  void hold_open_files() {
    const Amount& number = amount(Resource::OpenFiles);
    if (!number) return;
    limit(LimitedResource::OpenFiles, *number);
    held_by(Resource::OpenFiles, "rlimit");
  }

  void hold_file_size() {
    const Amount& bytes = amount(Resource::FileSize);
    if (!bytes) return;
    limit(LimitedResource::FileSize, *bytes);
    held_by(Resource::FileSize, "rlimit");
  }

  void hold_output() {
    const Amount& bytes = amount(Resource::Output);
    if (!bytes) return;
    held_.steps.output = RelayOutput{*bytes};
    held_by(Resource::Output, "launcher");
  }

  void hold_memory() {
    const Amount& bytes = amount(Resource::Memory);
    if (!bytes) return;
    const Place& place = query_.places.memory;
    // A group tells how the program ended and what it used; without a wish for that, and without
    // second processes, the rlimit is as exact and costs nothing.
    const bool by_group = place && (!one_process_ || (query_.accounts && sealed_));
    if (by_group) return hold_memory_in(*place, *bytes);
    if (one_process_) {
      limit(LimitedResource::AddressSpace, *bytes);
      return held_by(Resource::Memory, "rlimit");
    }
    limit(LimitedResource::Data, *bytes);
    not_held(Resource::Memory,
             "the program may start processes, and no control group with the memory controller can "
             "be made here: each process alone could be held to it, not all together",
             "rlimit");
  }

  void hold_memory_in(const kernel::GroupPlace& place, uint64_t bytes) {
    kernel::GroupPart& part = part_in(place);
    const std::string value = std::to_string(bytes);
    part.memory = true;
    if (place.version2) {
      enable(part, place, "memory");
      part.settings.push_back({"memory.max", value});
      part.settings.push_back({"memory.swap.max", "0", true});
    } else {
      part.settings.push_back({"memory.limit_in_bytes", value});
      part.settings.push_back({"memory.memsw.limit_in_bytes", value, true});
      part.settings.push_back({"memory.swappiness", "0", true});
    }
    held_by(Resource::Memory, version_of(place));
  }

  // The kernel counts processes and threads together: so many of both there may be.
  void hold_tasks() {
    Amount most;
    if (amount(Resource::Processes)) {
      if (one_process_)
        held_by(Resource::Processes, "seccomp");
      else
        most = amount(Resource::Processes);
    }
    if (amount(Resource::Threads)) {
      if (one_thread_)
        held_by(Resource::Threads, "seccomp");
      else
        most = std::min(most.value_or(UINT64_MAX), *amount(Resource::Threads));
    }
    if (!most) return;
    const Place& place = query_.places.pids;
    if (place) {
      kernel::GroupPart& part = part_in(*place);
      part.tasks = true;
      enable(part, *place, "pids");
      part.settings.push_back({"pids.max", std::to_string(*most)});
    }
    for (const Resource resource : {Resource::Processes, Resource::Threads}) {
      const bool by_rules = resource == Resource::Processes ? one_process_ : one_thread_;
      if (!amount(resource) || by_rules) continue;
      if (place)
        held_by(resource, version_of(*place));
      else
        not_held(resource, "no control group with the pids controller can be made here");
    }
  }

  void hold_cpu_time() {
    const Amount& time = amount(Resource::CpuTime);
    if (!time) return;
    clock().processor = *time * milliseconds;
    // Should the launcher be stopped: the kernel counts whole seconds, of each process.
    limit(LimitedResource::CpuTime, (*time + 999) / 1000 + 1);
    if (one_process_) return held_by(Resource::CpuTime, "launcher and rlimit");
    const Place& place = query_.places.cpu;
    if (!place)
      return not_held(Resource::CpuTime,
                      "the program may start processes, and no control group can be made here that "
                      "counts their time: each process alone could be held to it, not all together",
                      "launcher and rlimit");
    part_in(*place).cpu = true;
    held_by(Resource::CpuTime, "launcher, " + version_of(*place) + " and rlimit");
  }

  void hold_time() {
    const Amount& time = amount(Resource::Time);
    if (!time) return;
    clock().wall = *time * milliseconds;
    if (one_process_) return held_by(Resource::Time, "launcher");
    if (query_.isolates_processes) return held_by(Resource::Time, "launcher and namespaces");
    const Place& place = ending_place();
    if (place) {
      (void)part_in(*place);
      return held_by(Resource::Time, "launcher and " + version_of(*place));
    }
    not_held(Resource::Time,
             "the program may start processes that go on without it, and no control group can be "
             "made here to end them with: only the program itself could be ended",
             "launcher");
    held_.resources.back().fix = "add `isolate processes`, or: " + group_fix();
  }

  const Place& ending_place() const {
    return query_.places.unified ? query_.places.unified : query_.places.pids;
  }

  // More than one process in a group: something has to end them all at once.
  void finish_group() {
    auto& group = held_.steps.group;
    if (!group) return;
    group->guarded = !one_process_;
    if (!one_process_ && !query_.isolates_processes)
      if (const Place& place = ending_place()) {
        kernel::GroupPart& part = part_in(*place);
        if (!place->version2) part.tasks = true;  // kept from starting more
        if (place->version2) part.cpu = true;     // it measures for nothing
      }
    if (!sealed_) held_.covered = covering(query_.places.mounts);
  }

  const LimitQuery& query_;
  bool one_process_, one_thread_, sealed_ = false;
  Amount amounts_[8] = {};
  HeldLimits held_;
};

}  // namespace

std::vector<LimitLine> limit_lines(const policy::Texts& texts, const SourceMap& sources) {
  std::vector<LimitLine> lines;
  for (const policy::Policy& text : texts.policies) {
    for (const policy::Statement& statement : text.statements) {
      const auto* limit = std::get_if<policy::Limit>(&statement.body);
      if (limit == nullptr) continue;
      Diagnostics ignored;  // what is wrong has been said when the policy was read
      const auto quantity = policy::parse_quantity(*limit, ignored);
      if (!quantity) continue;
      const std::string where = sources.where(statement.span);
      lines.push_back({.resource = quantity->resource,
                       .amount = quantity->amount,
                       .span = statement.keyword.known() ? statement.keyword : statement.span,
                       .text = "limit " + limit->resource.text + " " + limit->quantity + " (" +
                               where.substr(0, where.rfind(':')) + ")"});
    }
  }
  return lines;
}

HeldLimits hold_limits(const LimitQuery& query) { return Holder(query).hold(); }

const HeldResource* find(const HeldLimits& held, Resource resource) {
  const auto found = std::find_if(held.resources.begin(), held.resources.end(),
                                  [&](const auto& one) { return one.resource == resource; });
  return found == held.resources.end() ? nullptr : &*found;
}

const char* layer_of(Resource resource) {
  switch (resource) {
    case Resource::Memory:
      return "cgroup or rlimit";
    case Resource::Processes:
    case Resource::Threads:
      return "cgroup or seccomp";
    case Resource::CpuTime:
      return "launcher, cgroup and rlimit";
    case Resource::Time:
      return "launcher, cgroup or namespaces";
    case Resource::FileSize:
    case Resource::OpenFiles:
      return "rlimit";
    case Resource::Output:
      return "launcher";
  }
  return "launcher";
}

}  // namespace seclude::sandbox
