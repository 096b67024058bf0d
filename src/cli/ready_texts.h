// Ready texts: the built-in profiles and sets, parsed when the program was built.
//
// In: a built-in text's name. Out: what the parser made of it (policy/policy_wire.h).
// Neighbours: make_ready_profiles.cc makes them; session.cc loads policies with them; a test holds
// them against the texts.
#pragma once

#include <span>
#include <string_view>

namespace seclude::cli {

// Empty: there is no such text.
std::string_view ready_text(std::string_view name);

struct ReadyText {
  std::string_view name;
  std::string_view parsed;
};
// Sorted by name; defined in generated code.
std::span<const ReadyText> ready_texts();

}  // namespace seclude::cli
