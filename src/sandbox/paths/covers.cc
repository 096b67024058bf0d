// Covers: see covers.h.
#include "sandbox/paths/covers.h"

#include <algorithm>

#include "kernel/landlock.h"
#include "sandbox/paths/own_root.h"

namespace seclude::sandbox {
namespace {

using policy::PathVerb;

bool changes(PathVerb verb) { return verb == PathVerb::Write || verb == PathVerb::Create; }

constexpr uint64_t unchanging =
    kernel::file_right::read_file | kernel::file_right::read_dir | kernel::file_right::execute;

void hide(const Tree& hidden, Domain& domain) {
  const auto is_hidden = [&](const PathRight& path) {
    return is_at_or_below(path.path, hidden.path);
  };
  std::erase_if(domain.paths, is_hidden);
  domain.covered.push_back({.path = hidden.path, .directory = hidden.directory, .hidden = true});
}

// Between the outermost folder in which names may be changed, and the place.
std::vector<std::string> folders_to_pin(const Tree& place, const std::vector<Place>& places,
                                        const std::vector<Tree>& trees) {
  const std::string* outermost = nullptr;
  for (size_t i = 0; i < places.size(); ++i) {
    const bool around = places[i].verb == PathVerb::Create && is_below(place.path, trees[i].path);
    if (around && (outermost == nullptr || trees[i].path.size() < outermost->size()))
      outermost = &trees[i].path;
  }
  std::vector<std::string> folders;
  if (outermost == nullptr) return folders;
  const size_t start = *outermost == "/" ? 1 : outermost->size() + 1;
  for (size_t at = start; (at = place.path.find('/', at)) != std::string::npos; ++at)
    folders.push_back(place.path.substr(0, at));
  return folders;
}

void protect(const Tree& place, std::vector<std::string> pinned, Domain& domain) {
  for (PathRight& path : domain.paths)
    if (place.below ? is_at_or_below(path.path, place.path) : path.path == place.path)
      path.rights &= unchanging;
  domain.covered.push_back(
      {.path = place.path, .directory = place.directory, .pinned = std::move(pinned)});
}

}  // namespace

void cover(const std::vector<Place>& places, const std::vector<Tree>& trees, Domain& domain) {
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i].verb == PathVerb::Hide) hide(trees[i], domain);
    if (places[i].verb != PathVerb::Protect) continue;
    bool changed = false;
    for (size_t j = 0; j < places.size(); ++j)
      changed = changed || (changes(places[j].verb) && overlap(trees[i], trees[j]));
    if (changed) protect(trees[i], folders_to_pin(trees[i], places, trees), domain);
  }
}

}  // namespace seclude::sandbox
