// Domain: what the program may reach, as a value that Landlock can hold.
//
// In: path_rules.h makes it from a policy's places. Out: plan.h adds what the program itself takes
// (closure.h) and makes a step of it; companion_rules.h reads what the filter has to close beside.
// What Landlock cannot hold is `covered`, by mounts (isolation.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/source.h"
#include "policy/ends.h"

namespace seclude::sandbox {

// Rights as in kernel/landlock.h, on this path and all below it.
struct PathRight {
  std::string path;
  uint64_t rights = 0;
  friend bool operator==(const PathRight&, const PathRight&) = default;
};

struct PortRight {
  uint16_t low = 0, high = 0;  // inclusive
  uint64_t rights = 0;
  friend bool operator==(const PortRight&, const PortRight&) = default;
};

// What a socket that listens may be bound to.
struct ListenEnd {
  std::optional<policy::AddressRange> addresses = {};  // nullopt: all
  policy::PortRange ports = {};
  friend bool operator==(const ListenEnd&, const ListenEnd&) = default;
};

// A place that mounts cover: hidden, or protected inside what may be changed.
struct CoveredPlace {
  std::string path;  // real
  bool directory = false;
  bool hidden = false;
  std::vector<std::string> pinned = {};  // folders above it that the program could rename
  friend bool operator==(const CoveredPlace&, const CoveredPlace&) = default;
};

struct Domain {
  bool confines_paths = false;    // what `paths` does not list is refused
  bool confines_network = false;  // what `ports` does not list is refused
  bool runs = false;              // programs may be started
  bool listens = false;           // on TCP ports
  // The helper looks at each socket that shall listen (listening.h). Empty: it need not.
  std::vector<ListenEnd> listening = {};
  bool changes_all = false;  // every file there is may be changed
  bool lists_all = false;    // every directory may be read
  std::vector<PathRight> paths = {};
  std::vector<PortRight> ports = {};
  std::vector<CoveredPlace> covered = {};
  bool own_root = false;  // mounts hold paths as well: what is not listed is not there
  // And nothing leads to what they do not show: modes, owners, times and attributes can be left to
  // them.
  bool attributes_by_mounts = false;
  std::vector<Span> unheld = {};        // lines that take mounts, where there are none
  std::vector<std::string> named = {};  // `paths` that exist, as the lines name them; absolute
  friend bool operator==(const Domain&, const Domain&) = default;
};

}  // namespace seclude::sandbox
