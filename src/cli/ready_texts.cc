// Ready texts: see ready_texts.h.
#include "cli/ready_texts.h"

#include <algorithm>

namespace seclude::cli {

std::string_view ready_text(std::string_view name) {
  const auto all = ready_texts();
  const auto at = std::lower_bound(
      all.begin(), all.end(), name,
      [](const ReadyText& one, std::string_view wanted) { return one.name < wanted; });
  return at != all.end() && at->name == name ? at->parsed : std::string_view();
}

}  // namespace seclude::cli
