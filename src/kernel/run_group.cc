// Run group: see run_group.h.
#include "kernel/run_group.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/text.h"
#include "kernel/files.h"
#include "kernel/memory.h"
#include "kernel/process.h"
#include "kernel/random.h"

namespace seclude::kernel {
namespace {

constexpr std::string_view prefix = "seclude-";
constexpr size_t shared_size = 65536;
constexpr int attempts = 8;
constexpr int patience = 5000;  // milliseconds

// What the guardian reads after the launcher has ended lies in a mapping of its own.
struct Shared {
  raw::GroupFolders folders;
  raw::GroupGuardian guardian;
  size_t used = 0;
  char texts[shared_size - sizeof(raw::GroupFolders) - sizeof(raw::GroupGuardian) - 64];

  const char* keep(const std::string& text) {
    CHECK(used + text.size() < sizeof texts);
    char* place = texts + used;
    std::memcpy(place, text.c_str(), text.size() + 1);
    used += text.size() + 1;
    return place;
  }
};
static_assert(sizeof(Shared) <= shared_size);

Shared& shared_of(raw::GroupFolders* folders) { return *reinterpret_cast<Shared*>(folders); }

__attribute__((no_sanitize("address"))) int guardian_main(void* argument) {
  raw::guard_group(*static_cast<const raw::GroupGuardian*>(argument));
}

Result<Fd> open_folder(const std::string& path) {
  const int number = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) return fail("open " + path, errno);
  return Fd(number);
}

bool lock(const Fd& folder) { return ::flock(folder.number(), LOCK_EX | LOCK_NB) == 0; }

raw::GroupFolder folder_of(Shared& shared, const GroupPart& part, const std::string& group) {
  return {.folder = shared.keep(group),
          .processes = shared.keep(group + "/cgroup.procs"),
          .kill = part.version2 ? shared.keep(group + "/cgroup.kill") : nullptr,
          .tasks_at_most = part.tasks ? shared.keep(group + "/pids.max") : nullptr};
}

// "seclude-812-9c0ffe21": whose launcher is gone. One whose number was given out again is found
// another time.
bool may_be_stale(const char* name) {
  if (!std::string_view(name).starts_with(prefix)) return false;
  const auto words = split(std::string_view(name).substr(prefix.size()), '-');
  const auto pid = words.size() == 2 ? parse_integer(words[0]) : std::nullopt;
  return pid && *pid > 0 && *pid <= INT32_MAX && ::kill(static_cast<pid_t>(*pid), 0) != 0 &&
         errno == ESRCH;
}

// Of launchers that were killed together with their guardians.
void sweep(const GroupPart& part) {
  DIR* folder = ::opendir(part.folder.c_str());
  if (folder == nullptr) return;
  while (const dirent* entry = ::readdir(folder)) {
    if (!may_be_stale(entry->d_name)) continue;
    const std::string group = part.folder + "/" + entry->d_name;
    const auto opened = open_folder(group);
    if (!opened || !lock(*opened)) continue;
    const std::string processes = group + "/cgroup.procs", kill = group + "/cgroup.kill",
                      tasks = group + "/pids.max";
    raw::GroupFolders one;
    one.count = 1;
    one.list[0] = {.folder = group.c_str(),
                   .processes = processes.c_str(),
                   .kill = part.version2 ? kill.c_str() : nullptr,
                   .tasks_at_most = part.tasks ? tasks.c_str() : nullptr};
    raw::end_group(one);
    (void)raw::remove_group(one, 100);
  }
  ::closedir(folder);
}

// The value after a key: "oom_kill 3\n".
std::optional<uint64_t> value_after(std::string_view text, std::string_view key) {
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() >= 2 && words[0] == key) return parse_integer(words[1]);
  }
  return std::nullopt;
}

std::optional<uint64_t> only_number(std::string_view text) {
  return parse_integer(text.substr(0, text.find('\n')));
}

std::optional<uint64_t> times(std::optional<uint64_t> number, uint64_t factor) {
  if (number) *number *= factor;
  return number;
}

// Lines "8:0 rbytes=1 wbytes=2 rios=...".
std::optional<uint64_t> sum_of(std::string_view text, std::string_view key) {
  std::optional<uint64_t> sum;
  for (const std::string_view line : split(text, '\n'))
    for (const std::string_view word : split(line, ' '))
      if (word.starts_with(key))
        sum = sum.value_or(0) + parse_integer(word.substr(key.size())).value_or(0);
  return sum;
}

// Somebody else swept it away before it was locked.
bool gone(int reason) { return reason == ENOENT || reason == ENODEV || reason == EWOULDBLOCK; }

}  // namespace

RunGroup::RunGroup(RunGroup&& other) noexcept
    : parts_(std::move(other.parts_)),
      groups_(std::move(other.groups_)),
      folders_(std::exchange(other.folders_, nullptr)),
      stack_(std::move(other.stack_)),
      guardian_(std::exchange(other.guardian_, 0)),
      launcher_(std::move(other.launcher_)),
      joining_(std::move(other.joining_)),
      locks_(std::move(other.locks_)),
      alarm_(std::move(other.alarm_)),
      alarm_is_event_(other.alarm_is_event_) {}

Result<RunGroup> RunGroup::make(const std::vector<GroupPart>& parts, Guard guard) {
  CHECK(!parts.empty() && parts.size() <= raw::GroupFolders::most);
  for (const GroupPart& part : parts) sweep(part);
  for (int attempt = 1;; ++attempt) {
    RunGroup group;
    group.folders_ = static_cast<raw::GroupFolders*>(TRY(map_shared(shared_size)));
    group.name_folders(parts);
    if (guard == Guard::Guardian) {
      group.launcher_ = TRY(own_pidfd());
      group.start_guardian();
    }
    const Result<void> made = group.create(parts);
    if (made) return group;
    if (attempt == attempts || !gone(made.error().errno_value))
      return tl::unexpected<Error>(made.error());
  }
}

void RunGroup::name_folders(const std::vector<GroupPart>& parts) {
  Shared& shared = *new (folders_) Shared;
  uint32_t chance = 0;
  char bytes[sizeof chance] = {};
  if (::getentropy(bytes, sizeof bytes) == 0) std::memcpy(&chance, bytes, sizeof chance);
  const std::string name =
      std::string(prefix) + std::to_string(own_pid()) + "-" + std::to_string(chance);
  parts_ = parts;
  for (const GroupPart& part : parts_) {
    groups_.push_back(part.folder + "/" + name);
    shared.folders.list[shared.folders.count++] = folder_of(shared, part, groups_.back());
  }
}

// It is there before the first folder. It shares this memory instead of copying it, which would
// take long in a large process.
void RunGroup::start_guardian() {
  Shared& shared = shared_of(folders_);
  shared.guardian = {shared.folders, launcher_->number()};
  auto stack = Stack::make();
  if (!stack) return;  // then the next launch removes what a killed launcher leaves
  stack_.emplace(std::move(*stack));
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const int made = ::clone(guardian_main, stack_->upper_end(), CLONE_VM, &shared.guardian);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (made > 0) guardian_ = made;
}

Result<void> RunGroup::create(const std::vector<GroupPart>& parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const GroupPart& part = parts[i];
    for (const std::string& controller : part.enable)
      TRY_VOID(write_file(part.folder + "/cgroup.subtree_control", "+" + controller));
    if (::mkdir(groups_[i].c_str(), 0755) != 0)
      return fail("make the control group " + groups_[i], errno);
    locks_.push_back(TRY(open_folder(groups_[i])));
    if (!lock(locks_.back())) return fail("lock the control group " + groups_[i], errno);
    for (const GroupSetting& setting : part.settings) {
      const Result<void> set = write_file(groups_[i] + "/" + setting.file, setting.value);
      if (!set && !setting.optional) return set;
    }
    joining_.push_back(
        TRY(open_file(groups_[i] + (part.version2 ? "/cgroup.procs" : "/tasks"), OpenFor::Both)));
  }
  return watch_memory();
}

// Version 1 tells through an eventfd that is registered, version 2 through the file itself.
Result<void> RunGroup::watch_memory() {
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (!parts_[i].memory) continue;
    if (parts_[i].version2) {
      alarm_ = TRY(open_file(groups_[i] + "/memory.events", OpenFor::Reading));
      char text[256];
      (void)!::pread(alarm_->number(), text, sizeof text, 0);  // from here on changes count
      continue;
    }
    const Fd control = TRY(open_file(groups_[i] + "/memory.oom_control", OpenFor::Reading));
    Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (event.number() < 0) return fail("make an eventfd", errno);
    TRY_VOID(write_file(groups_[i] + "/cgroup.event_control",
                        std::to_string(event.number()) + " " + std::to_string(control.number())));
    alarm_ = std::move(event);
    alarm_is_event_ = true;
  }
  return {};
}

Waited RunGroup::alarm() const {
  if (!alarm_) return {};
  return {alarm_->number(), alarm_is_event_ ? Waited::For::Reading : Waited::For::Change};
}

bool RunGroup::alarm_rings() const {
  char text[512];
  const ssize_t got = alarm_is_event_ ? ::read(alarm_->number(), text, sizeof text)
                                      : ::pread(alarm_->number(), text, sizeof text, 0);
  if (got <= 0) return false;
  if (alarm_is_event_) return true;
  return value_after({text, static_cast<size_t>(got)}, "oom_kill").value_or(0) > 0;
}

RunGroup::~RunGroup() {
  if (folders_ == nullptr) return;
  end_all();
  (void)raw::remove_group(*folders_, patience);
  if (guardian_ > 0) {
    ::kill(guardian_, SIGKILL);
    while (::waitpid(guardian_, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  }
  unmap(folders_, shared_size);
}

std::string RunGroup::read(const std::string& file, bool GroupPart::*which) const {
  for (size_t i = 0; i < parts_.size(); ++i)
    if (parts_[i].*which)
      if (auto text = read_file(groups_[i] + "/" + file)) return std::move(*text);
  return {};
}

uint64_t RunGroup::cpu_time() const {
  if (const auto unified = value_after(read("cpu.stat", &GroupPart::cpu), "usage_usec"))
    return *unified * 1000;
  return only_number(read("cpuacct.usage", &GroupPart::cpu)).value_or(0);
}

bool RunGroup::killed_for_memory() const {
  for (const char* file : {"memory.events", "memory.oom_control"})
    if (value_after(read(file, &GroupPart::memory), "oom_kill").value_or(0) > 0) return true;
  return false;
}

bool RunGroup::refused_tasks() const {
  return value_after(read("pids.events", &GroupPart::tasks), "max").value_or(0) > 0;
}

GroupUse RunGroup::use() const {
  GroupUse use;
  const std::string cpu = read("cpu.stat", &GroupPart::cpu);
  use.user = times(value_after(cpu, "user_usec"), 1000);
  use.system = times(value_after(cpu, "system_usec"), 1000);
  if (!use.user) use.user = only_number(read("cpuacct.usage_user", &GroupPart::cpu));
  if (!use.system) use.system = only_number(read("cpuacct.usage_sys", &GroupPart::cpu));
  use.peak_memory = only_number(read("memory.peak", &GroupPart::memory));
  if (!use.peak_memory)
    use.peak_memory = only_number(read("memory.max_usage_in_bytes", &GroupPart::memory));
  const std::string disks = read("io.stat", &GroupPart::cpu);
  use.read = sum_of(disks, "rbytes=");
  use.written = sum_of(disks, "wbytes=");
  return use;
}

}  // namespace seclude::kernel
