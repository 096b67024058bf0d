// Small pure helpers on strings; see text.h.
#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace seclude {

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < parts.size(); i++) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

namespace {

constexpr size_t longest_name = 64;  // no slip of the fingers is longer

// Optimal string alignment distance; `limit` + 1 when it is larger than `limit`. `a` is at most
// longest_name long, `limit` at most a third of that (or 1).
size_t distance(std::string_view a, std::string_view b, size_t limit) {
  if (a.size() > b.size() + limit || b.size() > a.size() + limit) return limit + 1;
  std::array<std::array<uint8_t, 2 * longest_name>, 3> rows;
  auto *before = rows[0].data(), *row = rows[1].data(), *next = rows[2].data();
  for (size_t j = 0; j <= b.size(); j++) row[j] = static_cast<uint8_t>(j);
  size_t least_before = 0;
  for (size_t i = 1; i <= a.size(); i++) {
    next[0] = static_cast<uint8_t>(i);
    size_t least = i;
    for (size_t j = 1; j <= b.size(); j++) {
      int edits = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        edits = std::min(edits, before[j - 2] + 1);
      next[j] = static_cast<uint8_t>(edits);
      least = std::min<size_t>(least, next[j]);
    }
    // Nothing below can be less than the least of two rows.
    if (std::min(least, least_before) > limit) return limit + 1;
    least_before = least;
    std::swap(before, row);
    std::swap(row, next);
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view name,
                                        std::span<const std::string_view> candidates) {
  if (name.size() > longest_name) return std::nullopt;
  size_t limit = std::max<size_t>(1, name.size() / 3);
  std::optional<std::string_view> best;
  for (std::string_view candidate : candidates) {
    size_t edits = distance(name, candidate, limit);
    if (edits <= limit && edits < std::max(name.size(), candidate.size())) {
      best = candidate;
      if (edits == 0) break;
      limit = edits - 1;
    }
  }
  return best;
}

std::optional<uint64_t> parse_integer(std::string_view text) {
  int base = 10;
  if (text.size() > 2 && text[0] == '0') {
    char kind = text[1];
    base = kind == 'x' || kind == 'X' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;
    if (base == 0) return std::nullopt;
    text.remove_prefix(2);
  } else if (text.size() == 2 && text[0] == '0') {
    return std::nullopt;  // "07": octal in C, decimal elsewhere
  }
  uint64_t value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (problem != std::errc() || end != text.data() + text.size() || text.empty())
    return std::nullopt;
  return value;
}

namespace {

// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none. Overlong forms,
// surrogates and C1 controls (which drive terminals too) count as invalid.
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  size_t length = lead < 0x80                   ? 1
                  : lead >= 0xc2 && lead < 0xe0 ? 2
                  : lead >= 0xe0 && lead < 0xf0 ? 3
                  : lead >= 0xf0 && lead < 0xf5 ? 4
                                                : 0;
  if (length == 0 || text.size() < length) return 0;
  uint32_t point = length == 1 ? lead : lead & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; i++) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3fu);
  }
  if (length == 2 && point < 0xa0) return 0;
  if (length == 3 && (point < 0x800 || (point >= 0xd800 && point < 0xe000))) return 0;
  if (length == 4 && (point < 0x10000 || point > 0x10ffff)) return 0;
  // Bidirectional controls reorder what the reader sees; separators of lines and paragraphs (0x2028
  // and 0x2029) break a line in two.
  if (point == 0x61c || point == 0x200e || point == 0x200f) return 0;
  if ((point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069)) return 0;
  return length;
}

}  // namespace

std::string escape(std::string_view text, size_t limit) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    std::string piece;
    unsigned char c = static_cast<unsigned char>(text[0]);
    size_t length = utf8_length(text);
    if (length == 0 || c < 0x20 || c == 0x7f || c == '\\') {
      piece = {'\\', 'x', digits[c >> 4], digits[c & 15]};
      length = 1;
    } else {
      piece = text.substr(0, length);
    }
    if (out.size() + piece.size() > limit) return out + "...";
    out += piece;
    text.remove_prefix(length);
  }
  return out;
}

std::string count(size_t number, std::string_view noun) {
  return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

}  // namespace seclude
