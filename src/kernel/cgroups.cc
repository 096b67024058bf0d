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

std::vector<std::string> words_of(const std::string& file) {
  const std::string text = read_file(file).value_or("");
  std::vector<std::string> words;
  for (const std::string_view name : split(std::string_view(text).substr(0, text.find('\n')), ' '))
    if (!name.empty()) words.emplace_back(name);
  return words;
}

bool writable(const std::string& folder) {
  return !folder.empty() && cannot_write(folder) == 0 &&
         cannot_write(folder + "/cgroup.procs") == 0;
}

bool has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// What groups in a folder of version 2 have, or can be given.
struct Offer {
  GroupPlace place;
  bool memory = false, pids = false;
  int count() const { return int{memory} + int{pids}; }
};

std::optional<Offer> offer_of(const std::string& folder) {
  if (!writable(folder)) return std::nullopt;
  Offer offer{.place = {.folder = folder, .version2 = true}};
  const auto on = words_of(folder + "/cgroup.subtree_control");
  // Only the root of all, which has no type, may have processes and give controllers as well.
  const bool root = !facts_of(folder + "/cgroup.type");
  const auto there = root ? words_of(folder + "/cgroup.controllers") : on;
  offer.memory = has(there, "memory");
  offer.pids = has(there, "pids");
  for (const char* controller : {"memory", "pids"})
    if (has(there, controller) && !has(on, controller)) offer.place.enable.emplace_back(controller);
  return offer;
}

std::optional<Offer> best_offer(const std::string& own) {
  if (own.empty()) return std::nullopt;
  std::optional<Offer> best = offer_of(own);
  const std::string beside = own.substr(0, own.rfind('/'));
  if (best && best->count() == 2) return best;
  auto other = offer_of(beside);
  if (other && (!best || other->count() > best->count())) return other;
  return best;
}

// Like find_mount, but all of them.
std::vector<std::string> all_mounts(const std::string& mounts) {
  std::vector<std::string> points;
  for (const std::string_view line : split(mounts, '\n')) {
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos || !line.substr(dash + 3).starts_with("cgroup")) continue;
    const auto before = split(line.substr(0, dash), ' ');
    if (before.size() >= 6) points.emplace_back(before[4]);
  }
  return points;
}

}  // namespace

GroupPlaces group_places() {
  const CgroupTexts texts = own_texts();
  GroupPlaces places;
  places.mounts = all_mounts(texts.mounts);
  if (const auto offer = best_offer(cgroup_folder(texts, ""))) {
    places.unified = places.cpu = offer->place;
    if (offer->memory) places.memory = offer->place;
    if (offer->pids) places.pids = offer->place;
  }
  const auto version1 = [&](const char* controller) -> std::optional<GroupPlace> {
    const std::string folder = cgroup_folder(texts, controller);
    if (!writable(folder)) return std::nullopt;
    return GroupPlace{folder};
  };
  if (!places.memory) places.memory = version1("memory");
  if (!places.pids) places.pids = version1("pids");
  if (!places.cpu) places.cpu = version1("cpuacct");
  return places;
}

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

GroupAnswers group_answers() {
  const GroupPlaces places = group_places();
  const auto version = [](const std::optional<GroupPlace>& place) {
    return !place ? 0 : place->version2 ? 2 : 1;
  };
  return {.mounted = !places.mounts.empty(),
          .memory = version(places.memory),
          .tasks = version(places.pids),
          .cpu = version(places.cpu)};
}

}  // namespace seclude::kernel
