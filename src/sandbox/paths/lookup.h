// Lookup: where paths lead, each name on the way asked about once.
//
// In: paths, many of which share their folders: what a program starts with lies in a few. Out: the
// same paths without symbolic links, the links on the way to them, and facts. What was found is
// kept, so one Lookup sees one state of the file system: make one for each plan.
// Neighbours: closure.h and own_root.h ask.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "kernel/files.h"

namespace seclude::sandbox {

// A symbolic link that looking up an absolute path comes through.
struct LinkOnTheWay {
  std::string path, target;
  friend bool operator==(const LinkOnTheWay&, const LinkOnTheWay&) = default;
};

class Lookup {
 public:
  // As kernel::real_path.
  [[nodiscard]] const Result<std::string>& real(const std::string& path);
  // As kernel::facts_of.
  [[nodiscard]] const Result<kernel::FileFacts>& facts(const std::string& path);
  // Of an absolute path; as far as it leads to anything.
  std::vector<LinkOnTheWay> links_to(const std::string& path);

 private:
  Result<std::string> find_real(const std::string& path);
  // Where the link at a path leads, whose folder has no links in it; nullopt: it is none.
  const Result<std::optional<std::string>>& target(const std::string& path);

  std::unordered_map<std::string, Result<std::optional<std::string>>> targets_;
  std::unordered_map<std::string, Result<kernel::FileFacts>> facts_;
  std::unordered_map<std::string, Result<std::string>> reals_;
};

}  // namespace seclude::sandbox
