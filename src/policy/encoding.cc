// The bytes of a text, checked once before it is read; see encoding.h.
#include "policy/encoding.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace seclude::policy {

namespace {

constexpr size_t most_reports = 10;
constexpr size_t largest_text = 16 << 20;  // spans are 32 bits wide; no real policy comes near

bool is_plain(unsigned char c) { return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t'; }

// The first byte that is not plain. Eight are looked at together while none may be another.
const char* find_other(const char* at, const char* end) {
  constexpr uint64_t each = 0x0101010101010101;
  for (;;) {
    for (; end - at >= 8; at += 8) {
      uint64_t bytes;
      std::memcpy(&bytes, at, sizeof bytes);
      uint64_t suspect = bytes | (bytes - 0x20 * each) | ((bytes ^ 0x7f * each) - each);
      if ((suspect & 0x80 * each) != 0) break;
    }
    const char* next = at + std::min<ptrdiff_t>(8, end - at);
    for (; at < next; at++)
      if (!is_plain(static_cast<unsigned char>(*at))) return at;
    if (at == end) return end;
  }
}

bool is_bidirectional_control(uint32_t point) {
  return point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069);
}

struct Sequence {
  size_t length = 0;  // 0: not UTF-8
  uint32_t point = 0;
};

Sequence decode(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  Sequence sequence;
  if (lead >= 0xc2 && lead < 0xe0) sequence = {2, lead & 0x1fu};
  if (lead >= 0xe0 && lead < 0xf0) sequence = {3, lead & 0x0fu};
  if (lead >= 0xf0 && lead < 0xf5) sequence = {4, lead & 0x07u};
  if (sequence.length == 0 || text.size() < sequence.length) return {};
  for (size_t i = 1; i < sequence.length; i++) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    sequence.point = sequence.point << 6 | (byte(i) & 0x3fu);
  }
  bool overlong = (sequence.length == 3 && sequence.point < 0x800) ||
                  (sequence.length == 4 && sequence.point < 0x10000);
  bool surrogate = sequence.point >= 0xd800 && sequence.point < 0xe000;
  return overlong || surrogate || sequence.point > 0x10ffff ? Sequence{} : sequence;
}

std::string hexadecimal(unsigned char c) {
  static constexpr char digits[] = "0123456789abcdef";
  return {'0', 'x', digits[c >> 4], digits[c & 15]};
}

// What is wrong with the character at the start of `text`, and how long it is.
struct Verdict {
  size_t length;
  const char* message = nullptr;  // nullptr: nothing is wrong
  std::string label = {};
};

Verdict judge(std::string_view text) {
  unsigned char c = static_cast<unsigned char>(text[0]);
  if (c == '\r' && text.size() > 1 && text[1] == '\n') return {1};
  if (c < 0x80) return {1, "control character in a policy", "this byte is " + hexadecimal(c)};
  Sequence sequence = decode(text);
  if (sequence.length == 0)
    return {1, "this is not UTF-8", "the byte " + hexadecimal(c) + " starts no character"};
  if (sequence.point < 0xa0) return {sequence.length, "control character in a policy", ""};
  if (is_bidirectional_control(sequence.point)) {
    return {sequence.length, "invisible control character in a policy",
            "it changes the order in which this line is shown"};
  }
  return {sequence.length};
}

}  // namespace

size_t valid_utf8(std::string_view text) {
  Sequence sequence = decode(text);
  bool fine =
      sequence.length > 0 && sequence.point >= 0xa0 && !is_bidirectional_control(sequence.point);
  return fine ? sequence.length : 0;
}

bool check_encoding(std::string_view text, uint32_t source, Diagnostics& diagnostics) {
  if (text.size() > largest_text) {
    diagnostics.error({source, 0, 0}, "this text is too long for a policy", "more than 16 MiB");
    return false;
  }
  const char *begin = text.data(), *end = begin + text.size();
  const char* at = find_other(begin, end);
  if (at == end) return true;
  size_t nul = text.find('\0');
  if (nul != std::string_view::npos) {
    uint32_t place = static_cast<uint32_t>(nul);
    diagnostics.error({source, place, place + 1}, "this is not a policy but binary data",
                      "a NUL byte");
    return false;
  }
  size_t reports = 0;
  size_t position = static_cast<size_t>(at - begin);
  while (position < text.size() && reports < most_reports) {
    Verdict verdict = judge(text.substr(position));
    if (verdict.message != nullptr) {
      uint32_t place = static_cast<uint32_t>(position);
      diagnostics.error({source, place, place + static_cast<uint32_t>(verdict.length)},
                        verdict.message, std::move(verdict.label));
      reports++;
    }
    position += verdict.length;
    position = static_cast<size_t>(find_other(begin + position, end) - begin);
  }
  return true;
}

}  // namespace seclude::policy
