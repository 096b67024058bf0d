// Denial wire: the denials of a run as bytes, from the supervisor to the launcher.
//
// In: Denials, or bytes. Out: the other. Both sides are the same program on the same machine; still
// nothing is read beyond the bytes that came.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/helper/denial.h"

namespace seclude::sandbox {

std::string to_wire(const Denials& denials);
std::optional<Denials> from_wire(std::string_view bytes);

}  // namespace seclude::sandbox
