// Formats: the table of everything that can be read where a policy or a filter is expected.
//
// In: the content of a file. Out: which format it is. One row per format; a new one is a new file
// in this folder and a row in formats.cc.
#pragma once

#include <span>
#include <string_view>

namespace seclude::formats {

enum class Kind { Policy, Filter };

struct Format {
  std::string_view name;   // "bpf": as --from and --to call it
  std::string_view about;  // "raw struct sock_filter[]"
  Kind kind;
  bool (*recognises)(std::string_view content);
};

std::span<const Format> all_formats();

// The first that recognises the content; the language itself, which is last, takes everything.
const Format& format_of(std::string_view content);

}  // namespace seclude::formats
