// Own root: what a root directory shows that holds nothing but what a policy lists.
//
// In: the paths that lines grant, and those that starting the program takes. Out: for the root, and
// for each folder that something else is mounted over, the places of outside that show again, with
// what mounts can hold of their rights: read-only, no programs, no devices; and the symbolic links
// on the way to them. Where lines overlap, a place has the rights of all that contain it, as in
// Landlock. Neighbours: isolation.h puts the root together with other mounts.
#pragma once

#include <string>
#include <vector>

#include "sandbox/namespaces/namespace_steps.h"
#include "sandbox/paths/domain.h"
#include "sandbox/paths/lookup.h"

namespace seclude::sandbox {

bool is_below(const std::string& path, const std::string& folder);
bool is_at_or_below(const std::string& path, const std::string& folder);

struct RootContents {
  std::vector<PathRight> granted = {};  // by lines; real
  // Files that starting the program takes, as whoever opens them names them; absolute. What no line
  // lets run stays unchangeable.
  std::vector<std::string> started = {};
  std::vector<std::string> consulted = {};  // by loaders; nobody changes them
  std::vector<std::string> named = {};      // as lines name what they grant; absolute
  std::string directory = {};               // where the program starts; real
  bool runs = false;                        // programs only where a right says so
  std::vector<std::string> replaced = {};   // other things are mounted there
};

// What shows in a folder: "/", or one of `replaced`. From the root down; "/" itself comes first.
std::vector<KeptPlace> shown_in(const std::string& folder, const RootContents& contents,
                                Lookup& lookup);

// Whether anything at or around the folder is listed.
bool concerns(const RootContents& contents, const std::string& folder);

}  // namespace seclude::sandbox
