// The table of formats; see formats.h.
#include "formats/formats.h"

#include "formats/raw_bpf.h"

namespace seclude::formats {
namespace {

// In the order in which they are asked. What no other format knows is read as a policy, whose
// errors say best what is wrong with it.
constexpr Format table[] = {
    {"bpf", "raw struct sock_filter[]", Kind::Filter, is_raw_bpf},
    {"seclude", "the policy language", Kind::Policy, [](std::string_view) { return true; }},
};

}  // namespace

std::span<const Format> all_formats() { return table; }

const Format& format_of(std::string_view content) {
  for (const Format& format : table)
    if (format.recognises(content)) return format;
  return table[std::size(table) - 1];
}

}  // namespace seclude::formats
