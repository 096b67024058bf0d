// Built-in texts: the profiles and sets that are compiled into the program.
//
// In: profiles/*.seclude and profiles/sets/*.seclude, embedded by tools/embed.py when the program
// is built. Out: their names and texts, sorted by name. Neighbours: load.h hands them out.
#pragma once

#include <span>
#include <string_view>

namespace seclude::policy {

struct BuiltInText {
  std::string_view name;  // "strict"; sets with their "@"
  std::string_view text;
};

// Defined in generated code. Sets sort before profiles: "@" comes before letters.
std::span<const BuiltInText> built_in_texts();

}  // namespace seclude::policy
