// Policy wire: what the parser makes of one text, as bytes.
//
// In: a Policy without a problem, and its text; or their bytes. Out: the other. A built-in text is
// parsed when the program is built; every policy that uses it would otherwise do that again.
// Neighbours: load.h reads them; cli/make_ready_profiles.cc writes them; base/wire.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/policy.h"

namespace seclude::policy {

std::string to_wire(const Policy& policy, std::string_view text);

// `source`: the index of the text. nullopt: the bytes are cut, too long or of something else.
std::optional<Policy> from_wire(std::string_view bytes, uint32_t source, std::string_view text);

}  // namespace seclude::policy
