// Denial log: the refused calls of a run, each once, with how often it came.
//
// In: denials as they happen, at any rate. Out: whether one is new; in the end all of them. Memory
// is bounded whatever the confined program does: `most` different ones are kept, the rest is
// counted by call. Two denials are the same when call, arguments and what paths and socket
// addresses point at agree; addresses of memory do not count.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "sandbox/helper/denial.h"

namespace seclude::sandbox {

class DenialLog {
 public:
  static constexpr size_t most = 1000, most_counted = 500;

  // Counts it if it was seen before, or there is no room for another; true: it is new, add() it.
  bool count(const Denial& denial);
  // After count() said that it is new.
  const Denial& add(Denial denial);
  Denials all() const;

 private:
  std::unordered_map<std::string, size_t> places_;
  std::vector<Denial> seen_;
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> counted_;
  uint64_t uncounted_ = 0;
};

}  // namespace seclude::sandbox
