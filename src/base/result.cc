// Prints errors of the world; see result.h.
#include "base/result.h"

#include <cstring>
#include <system_error>

namespace seclude {

std::string to_string(const Error& error) {
  if (error.errno_value == 0) return error.doing;
  std::string text = error.doing;
  text += ": ";
  if (const char* name = strerrorname_np(error.errno_value)) {
    text += name;
    text += " (";
    text += std::generic_category().message(error.errno_value);
    text += ")";
  } else {
    text += "errno ";
    text += std::to_string(error.errno_value);
  }
  return text;
}

}  // namespace seclude
