// Text: small pure helpers on strings that every room needs.
//
// In: strings. Out: strings. Nothing here knows what the words mean.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seclude {

std::string join(std::span<const std::string> parts, std::string_view separator);
std::vector<std::string_view> split(std::string_view text, char separator);

// The candidate closest to `name` in Damerau-Levenshtein distance, when it is close enough to be a
// slip of the fingers (a third of the length, at least one edit); ties go to the first.
std::optional<std::string_view> nearest(std::string_view name,
                                        std::span<const std::string_view> candidates);

// Non-negative integers as the language writes them: 12, 0x1f, 0o17, 0b101; no sign, no suffix.
// nullopt when the text is not one or does not fit 64 bits.
std::optional<uint64_t> parse_integer(std::string_view text);

// The text with control characters, invalid UTF-8 and backslashes as \xNN, so that a hostile name
// cannot drive a terminal; cut to `limit` bytes with "..." at the end.
std::string escape(std::string_view text, size_t limit = SIZE_MAX);

// "3 errors", "1 error".
std::string count(size_t number, std::string_view noun);

}  // namespace seclude
