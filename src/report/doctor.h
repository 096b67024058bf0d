// Doctor: what the kernel's answers mean for policies, and how to mend each lack.
//
// In: Features (kernel/features.h). Out: one Finding per facility: whether it is there, what it is
// needed for, and when it is missing the exact thing to do; as text and as JSON.
// Neighbours: cli/doctor.cc prints them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/features.h"

namespace seclude::report {

struct Finding {
  enum class State : uint8_t {
    Good,
    Lacking,  // some policies cannot be enforced, or not explained
    Missing,  // nothing can be enforced
    Note,     // neither good nor bad
  };
  std::string name;  // "Landlock"
  State state = State::Good;
  std::string detail;  // "ABI 6", "ENOSYS"
  std::string needed_for;
  std::string fix;  // empty when there is nothing to mend
  friend bool operator==(const Finding&, const Finding&) = default;
};

std::vector<Finding> findings(const kernel::Features& features);

// True when nothing is Lacking or Missing.
bool all_good(const std::vector<Finding>& findings);

std::string to_text(const std::vector<Finding>& findings);
std::string to_json(const std::vector<Finding>& findings);

}  // namespace seclude::report
