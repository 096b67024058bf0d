// Cgroups: see cgroups.h.
#include "kernel/cgroups.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "kernel/files.h"

namespace seclude::kernel {
namespace {

bool lists(std::string_view comma_list, std::string_view word) {
  const auto words = split(comma_list, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

struct Mount {
  std::string root;   // which group of the hierarchy is mounted
  std::string point;  // where
};

// A line of mountinfo: "31 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw".
std::optional<Mount> find_mount(const std::string& mounts, std::string_view controller) {
  for (const std::string_view line : split(mounts, '\n')) {
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 6 || after.size() < 3) continue;
    const bool wanted = controller.empty() ? after[0] == "cgroup2"
                                           : after[0] == "cgroup" && lists(after[2], controller);
    if (wanted) return Mount{std::string(before[3]), std::string(before[4])};
  }
  return std::nullopt;
}

// A line of membership: "4:memory:/user.slice" or "0::/user.slice".
std::optional<std::string> find_group(const std::string& membership, std::string_view controller) {
  for (const std::string_view line : split(membership, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view names = line.substr(first + 1, second - first - 1);
    const bool wanted = controller.empty() ? names.empty() : lists(names, controller);
    if (wanted) return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

CgroupTexts own_texts() {
  return {read_file("/proc/self/mountinfo").value_or(""),
          read_file("/proc/self/cgroup").value_or("")};
}

bool writable(const std::string& folder) {
  return !folder.empty() && cannot_write(folder) == 0 &&
         cannot_write(folder + "/cgroup.procs") == 0;
}

}  // namespace

std::string cgroup_folder(const CgroupTexts& texts, std::string_view controller) {
  const auto mount = find_mount(texts.mounts, controller);
  const auto group = find_group(texts.membership, controller);
  if (!mount || !group) return {};
  std::string_view below = *group;
  // In a container only a part of the hierarchy is mounted, and the group's name starts with it.
  if (mount->root != "/" && below.starts_with(mount->root)) below.remove_prefix(mount->root.size());
  while (below.ends_with('/')) below.remove_suffix(1);
  return mount->point + std::string(below);
}

CgroupAnswer find_cgroup2() {
  CgroupAnswer answer;
  answer.folder = cgroup_folder(own_texts(), "");
  answer.writable = writable(answer.folder);
  if (answer.folder.empty()) return answer;
  const std::string text = read_file(answer.folder + "/cgroup.controllers").value_or("");
  const std::string_view line = std::string_view(text).substr(0, text.find('\n'));
  for (const std::string_view name : split(line, ' ')) {
    if (!name.empty()) answer.controllers.emplace_back(name);
  }
  return answer;
}

std::vector<CgroupAnswer> find_cgroup1(const std::vector<std::string>& controllers) {
  const CgroupTexts texts = own_texts();
  std::vector<CgroupAnswer> answers;
  for (const std::string& controller : controllers) {
    const std::string folder = cgroup_folder(texts, controller);
    if (folder.empty()) continue;
    const auto same = std::find_if(answers.begin(), answers.end(),
                                   [&](const auto& answer) { return answer.folder == folder; });
    if (same != answers.end()) {
      same->controllers.push_back(controller);
    } else {
      answers.push_back({folder, writable(folder), {controller}});
    }
  }
  return answers;
}

}  // namespace seclude::kernel
