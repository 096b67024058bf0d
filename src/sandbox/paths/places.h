// Places: what the path and network lines of a policy ask for, and which of them can be held.
//
// In: a resolved policy, what `~` and relative parameters stand for. Out: paths and ports with the
// lines they come from, and every line that needs more than Landlock and mounts (the supervisor),
// with the reason. No file is looked at: that is path_rules.h, at launch.
// Lines that cannot be held whole are also there in a wider form, for --best-effort.
// Neighbours: unenforced.h judges all other lines; companion_rules.h closes what Landlock leaves.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "filter/resolve.h"
#include "policy/ends.h"
#include "sandbox/unenforced.h"

namespace seclude::sandbox {

struct Place {
  policy::PathVerb verb = policy::PathVerb::Read;
  std::string path;    // absolute
  bool below = false;  // and everything below it
  bool optional = false;
  bool unbound = false;  // begins with a parameter that has no value
  Span span = {};        // the pattern
  Span line = {};        // the statement's keyword
};

struct Port {
  policy::NetVerb verb = policy::NetVerb::Connect;
  policy::PortRange range;
  std::optional<policy::AddressRange> addresses = {};  // nullopt: all; only of `listen`
  Span line = {};                                      // the statement's keyword
};

struct Places {
  bool confines_paths = false;    // some line is about paths: what none lists is refused
  bool confines_network = false;  // the same for connections
  std::vector<Place> paths;
  std::vector<Port> ports;
  std::vector<Span> network_lines;
  std::vector<Unenforced> lacking;  // at most one of each line
  bool widens_network = false;      // a line that is lacking wants more than TCP
};

// What is known only where the policy is put to use.
struct Surroundings {
  std::optional<std::string> home;       // `~`
  std::optional<std::string> directory;  // where relative parameters start
};

Places places_of(const policy::Texts& texts, const filter::Settings& settings,
                 const filter::Resolved& resolved, const Surroundings& surroundings);

// A path, and whether everything below it is meant.
struct Tree {
  std::string path;
  bool below = false;
  bool special = false;  // a device, a pipe, a socket: nothing a loader could load
  bool directory = false;
};
bool contains(const Tree& tree, const Tree& other);  // all of it
bool overlap(const Tree& one, const Tree& other);

// Lines that take mounts beside Landlock: what is hidden, what is protected inside what may be
// changed, and programs beside files that may only be read. `trees` are where the places really
// are, in the same order.
std::vector<Unenforced> taking_mounts(const std::vector<Place>& places,
                                      const std::vector<Tree>& trees);

}  // namespace seclude::sandbox
