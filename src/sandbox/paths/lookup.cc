// Lookup: see lookup.h.
#include "sandbox/paths/lookup.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string_view>

#include "base/text.h"

namespace seclude::sandbox {
namespace {

constexpr int most_links = 40;  // as the kernel follows (MAXSYMLINKS)

// Nothing in it needs more than names looked up one after the other; `..` and a slash at the end
// ask whether something is a folder.
bool is_plain(std::string_view path) {
  if (path == "/") return true;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    const size_t end = path.find('/');
    const std::string_view name = path.substr(0, end);
    if (name.empty() || name == "." || name == "..") return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

void push_front(std::deque<std::string>& names, std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string_view name : split(path, '/'))
    if (!name.empty() && name != ".") parts.emplace_back(name);
  names.insert(names.begin(), parts.begin(), parts.end());
}

}  // namespace

const Result<std::optional<std::string>>& Lookup::target(const std::string& path) {
  const auto known = targets_.find(path);
  if (known != targets_.end()) return known->second;
  return targets_.emplace(path, kernel::link_target(path)).first->second;
}

Result<std::string> Lookup::real(const std::string& path) {
  const auto ask_the_kernel = [&]() -> Result<std::string> {
    const auto known = others_.find(path);
    if (known != others_.end()) return known->second;
    return others_.emplace(path, kernel::real_path(path)).first->second;
  };
  if (!path.starts_with('/') || !is_plain(path)) return ask_the_kernel();
  std::deque<std::string> names;
  push_front(names, path);
  std::string place;  // without links; empty: the root
  for (int links = 0; !names.empty();) {
    std::string next = place + "/" + names.front();
    names.pop_front();
    const auto& link = target(next);
    if (!link) return fail("find " + path, link.error().errno_value);
    if (!*link) {
      place = std::move(next);
      continue;
    }
    if (++links > most_links) return fail("find " + path, ELOOP);
    if (!is_plain(**link)) return ask_the_kernel();
    if ((*link)->starts_with('/')) place.clear();
    push_front(names, **link);
  }
  return place.empty() ? "/" : place;
}

const Result<kernel::FileFacts>& Lookup::facts(const std::string& path) {
  const auto known = facts_.find(path);
  if (known != facts_.end()) return known->second;
  return facts_.emplace(path, kernel::facts_of(path)).first->second;
}

std::vector<LinkOnTheWay> Lookup::links_to(const std::string& path) {
  std::vector<LinkOnTheWay> links;
  std::deque<std::string> names;
  push_front(names, path);
  std::string place;  // without links; empty: the root
  while (!names.empty() && links.size() < most_links) {
    const std::string name = std::move(names.front());
    names.pop_front();
    if (name == "..") {
      place.erase(std::min(place.rfind('/'), place.size()));
      continue;
    }
    std::string next = place + "/" + name;
    const auto& link = target(next);
    if (!link || !*link) {
      place = std::move(next);
      continue;
    }
    links.push_back({std::move(next), **link});
    if ((*link)->starts_with('/')) place.clear();
    push_front(names, **link);
  }
  return links;
}

}  // namespace seclude::sandbox
