// Own root: see own_root.h.
#include "sandbox/paths/own_root.h"

#include <algorithm>

#include "kernel/landlock.h"

namespace seclude::sandbox {
namespace {

namespace right = kernel::file_right;

// The folder in which a place has to be shown.
std::string owner_of(const std::string& path, const RootContents& contents) {
  std::string owner = "/";
  for (const std::string& folder : contents.replaced)
    if (is_below(path, folder) && folder.size() > owner.size()) owner = folder;
  return owner;
}

bool is_replaced(const std::string& path, const RootContents& contents) {
  return std::find(contents.replaced.begin(), contents.replaced.end(), path) !=
         contents.replaced.end();
}

class Arranger {
 public:
  Arranger(const std::string& folder, const RootContents& contents, Lookup& lookup)
      : folder_(folder), contents_(contents), lookup_(lookup) {}

  std::vector<KeptPlace> arrange() {
    for (const PathRight& path : contents_.granted) want(path.path, false);
    for (const std::string& path : contents_.consulted)
      if (const auto real = lookup_.real(path)) want(*real, false);
    for (const std::string& path : contents_.started)
      if (const auto real = lookup_.real(path)) want(*real, true);
    want_alternatives();
    drop_what_is_shown();
    std::vector<KeptPlace> empty;
    if (mine(contents_.directory)) empty.push_back(nothing_at(contents_.directory));
    if (folder_ == "/")
      for (const std::string& folder : contents_.replaced) empty.push_back(nothing_at(folder));
    for (const auto* paths : {&contents_.started, &contents_.consulted, &contents_.named})
      for (const std::string& path : *paths) add_links(path, empty);
    add_usual_links(empty);
    std::erase_if(empty, [&](const KeptPlace& place) { return shows(place.path) != nullptr; });
    kept_.insert(kept_.end(), empty.begin(), empty.end());
    sort();
    return std::move(kept_);
  }

 private:
  static KeptPlace nothing_at(const std::string& path) {
    return {.path = path, .source = {}, .directory = true};
  }

  bool mine(const std::string& path) const {
    return path != folder_ && !is_replaced(path, contents_) && owner_of(path, contents_) == folder_;
  }

  // A line about a folder that is replaced, or about what is around it, means the new one.
  uint64_t rights_at(const std::string& path) const {
    uint64_t rights = 0;
    for (const PathRight& granted : contents_.granted)
      if (is_at_or_below(path, granted.path) && (folder_ == "/" || is_below(granted.path, folder_)))
        rights |= granted.rights;
    return rights;
  }

  // Links that programs take for granted, as far as they lead to what is listed: Landlock asks
  // where a link leads, not for the link.
  void add_usual_links(std::vector<KeptPlace>& to) const {
    for (const char* path : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/var/run"}) {
      const auto& real = lookup_.real(path);
      if (real && rights_at(*real) != 0) add_links(path, to);
    }
    // These lead through /proc/self.
    if (!concerns(contents_, "/proc")) return;
    for (const char* path : {"/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr"})
      if (lookup_.real(path)) add_links(path, to);
  }

  // Debian's commands lead through here. There are links in it, and nothing else.
  void want_alternatives() {
    constexpr const char* alternatives = "/etc/alternatives";
    const bool used = rights_at("/usr/bin") != 0 && rights_at(alternatives) == 0;
    if (used && folder_ == "/") want(alternatives, false);
  }

  void want(const std::string& path, bool started) {
    if (!mine(path) && !(path == "/" && folder_ == "/")) return;
    const auto facts = lookup_.facts(path);
    if (!facts) return;  // it has gone since it was listed; Landlock's rules will tell
    const uint64_t rights = rights_at(path);
    KeptPlace place = {.path = path, .source = path, .directory = facts->directory};
    place.read_only = (rights & right::write_file) == 0;
    place.runs = !contents_.runs || (rights & right::execute) != 0;
    // Only the launch lets it run: whoever may change its folder could make it anything.
    if (started && !place.runs) place.runs = place.read_only = true;
    // Writing to a device, a pipe or a socket is no change of the file system.
    const bool special = !facts->directory && !facts->regular;
    if (special) place.read_only = true;
    place.devices = special || path == "/" || is_at_or_below(path, "/dev");
    kept_.push_back(std::move(place));
  }

  void sort() {
    std::stable_sort(kept_.begin(), kept_.end(),
                     [](const KeptPlace& a, const KeptPlace& b) { return a.path < b.path; });
    const auto last = std::unique(kept_.begin(), kept_.end(),
                                  [](const auto& a, const auto& b) { return a.path == b.path; });
    kept_.erase(last, kept_.end());
  }

  // The innermost kept place that a path is at or in.
  const KeptPlace* shows(const std::string& path) const {
    const KeptPlace* found = nullptr;
    for (const KeptPlace& kept : kept_)
      if (!kept.source.empty() && is_at_or_below(path, kept.path) &&
          (found == nullptr || kept.path.size() > found->path.size()))
        found = &kept;
    return found;
  }

  // What the folder around it shows in the same way takes no mount.
  void drop_what_is_shown() {
    // One file may be granted and started: then it is as the launch needs it.
    std::stable_sort(kept_.begin(), kept_.end(), [](const KeptPlace& a, const KeptPlace& b) {
      return a.path != b.path ? a.path < b.path : a.runs && !b.runs;
    });
    std::vector<KeptPlace> all = std::move(kept_);
    kept_.clear();
    for (KeptPlace& place : all) {
      const KeptPlace* around = shows(place.path);
      if (around != nullptr && around->path == place.path) continue;
      if (around != nullptr && same(*around, place)) continue;
      place.there = around != nullptr;
      kept_.push_back(std::move(place));
    }
  }

  static bool same(const KeptPlace& around, const KeptPlace& place) {
    const bool special = place.devices && !place.directory && place.read_only;
    if (special) return around.devices;
    return around.read_only == place.read_only && around.runs == place.runs &&
           (around.devices || !place.devices);
  }

  void add_links(const std::string& path, std::vector<KeptPlace>& to) const {
    for (const LinkOnTheWay& link : lookup_.links_to(path))
      if (mine(link.path)) to.push_back({.path = link.path, .source = {}, .link = link.target});
  }

  const std::string& folder_;
  const RootContents& contents_;
  Lookup& lookup_;
  std::vector<KeptPlace> kept_;
};

}  // namespace

bool is_below(const std::string& path, const std::string& folder) {
  return folder == "/" ? path.size() > 1 : path.starts_with(folder + "/");
}

bool is_at_or_below(const std::string& path, const std::string& folder) {
  return path == folder || is_below(path, folder);
}

std::vector<KeptPlace> shown_in(const std::string& folder, const RootContents& contents,
                                Lookup& lookup) {
  return Arranger(folder, contents, lookup).arrange();
}

bool concerns(const RootContents& contents, const std::string& folder) {
  const auto meets = [&](const std::string& path) {
    return is_at_or_below(path, folder) || is_below(folder, path);
  };
  return std::any_of(contents.granted.begin(), contents.granted.end(),
                     [&](const PathRight& path) { return meets(path.path); }) ||
         std::any_of(contents.started.begin(), contents.started.end(),
                     [&](const std::string& path) { return is_below(path, folder); });
}

}  // namespace seclude::sandbox
