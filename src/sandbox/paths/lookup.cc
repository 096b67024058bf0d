// Lookup: see lookup.h.
#include "sandbox/paths/lookup.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

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

// What is left of a path, name by name.
class Rest {
 public:
  explicit Rest(std::string path) : text_(std::move(path)) {}

  // Empty: there is no more. It stays until the next call of anything.
  std::string_view next() {
    for (;;) {
      at_ = std::min(text_.find_first_not_of('/', at_), text_.size());
      const size_t begin = std::exchange(at_, std::min(text_.find('/', at_), text_.size()));
      const std::string_view name = std::string_view(text_).substr(begin, at_ - begin);
      if (name != ".") return name;
    }
  }
  void put_in_front(const std::string& path) {
    text_ = path + "/" + text_.substr(at_);
    at_ = 0;
  }

 private:
  std::string text_;
  size_t at_ = 0;
};

// The name at the end of a place.
void append(std::string& place, std::string_view name) { (place += '/') += name; }
void remove_last(std::string& place) { place.erase(std::min(place.rfind('/'), place.size())); }

}  // namespace

const Result<std::optional<std::string>>& Lookup::target(const std::string& path) {
  const auto known = targets_.find(path);
  if (known != targets_.end()) return known->second;
  return targets_.emplace(path, kernel::link_target(path)).first->second;
}

const Result<std::string>& Lookup::real(const std::string& path) {
  const auto known = reals_.find(path);
  if (known != reals_.end()) return known->second;
  return reals_.emplace(path, find_real(path)).first->second;
}

Result<std::string> Lookup::find_real(const std::string& path) {
  if (!path.starts_with('/') || !is_plain(path)) return kernel::real_path(path);
  Rest rest(path);
  std::string place;  // without links; empty: the root
  int links = 0;
  for (std::string_view name = rest.next(); !name.empty(); name = rest.next()) {
    append(place, name);
    const auto& link = target(place);
    if (!link) return fail("find " + path, link.error().errno_value);
    if (!*link) continue;
    if (++links > most_links) return fail("find " + path, ELOOP);
    if (!is_plain(**link)) return kernel::real_path(path);
    remove_last(place);
    if ((*link)->starts_with('/')) place.clear();
    rest.put_in_front(**link);
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
  Rest rest(path);
  std::string place;  // without links; empty: the root
  while (links.size() < most_links) {
    const std::string_view name = rest.next();
    if (name.empty()) break;
    if (name == "..") {
      remove_last(place);
      continue;
    }
    append(place, name);
    const auto& link = target(place);
    if (!link || !*link) continue;
    links.push_back({place, **link});
    remove_last(place);
    if ((*link)->starts_with('/')) place.clear();
    rest.put_in_front(**link);
  }
  return links;
}

}  // namespace seclude::sandbox
