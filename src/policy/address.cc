// Internet addresses as text; see ends.h.
#include <algorithm>
#include <charconv>
#include <vector>

#include "base/text.h"
#include "policy/ends.h"

namespace seclude::policy {

namespace {

constexpr std::array<uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<unsigned> parse_digits(std::string_view text, int base, unsigned most) {
  unsigned value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  bool whole = problem == std::errc() && end == text.data() + text.size();
  if (!whole || text.empty() || value > most) return std::nullopt;
  return value;
}

// Four decimal numbers; "010" is refused, because some read it as octal.
std::optional<Address> parse_v4(std::string_view text) {
  std::vector<std::string_view> parts = split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  Address address;
  for (size_t i = 0; i < 4; i++) {
    std::optional<unsigned> byte = parse_digits(parts[i], 10, 255);
    if (!byte || (parts[i].size() > 1 && parts[i][0] == '0') || parts[i].size() > 3)
      return std::nullopt;
    address.bytes[i] = static_cast<uint8_t>(*byte);
  }
  return address;
}

// Groups of an IPv6 address between colons, two bytes each; the very last perhaps as IPv4.
std::optional<std::vector<uint8_t>> parse_groups(std::string_view text, bool last_part) {
  std::vector<uint8_t> bytes;
  if (text.empty()) return bytes;
  std::vector<std::string_view> groups = split(text, ':');
  for (size_t i = 0; i < groups.size(); i++) {
    bool last = last_part && i + 1 == groups.size();
    if (last && groups[i].find('.') != std::string_view::npos) {
      std::optional<Address> tail = parse_v4(groups[i]);
      if (!tail) return std::nullopt;
      bytes.insert(bytes.end(), tail->bytes.begin(), tail->bytes.begin() + 4);
      continue;
    }
    std::optional<unsigned> group = parse_digits(groups[i], 16, 0xffff);
    if (!group || groups[i].size() > 4) return std::nullopt;
    bytes.push_back(static_cast<uint8_t>(*group >> 8));
    bytes.push_back(static_cast<uint8_t>(*group & 0xff));
  }
  return bytes;
}

std::optional<Address> parse_v6(std::string_view text) {
  size_t gap = text.find("::");
  bool has_gap = gap != std::string_view::npos;
  std::optional<std::vector<uint8_t>> front = parse_groups(text.substr(0, gap), !has_gap);
  std::optional<std::vector<uint8_t>> back =
      has_gap ? parse_groups(text.substr(gap + 2), true) : std::vector<uint8_t>();
  if (!front || !back) return std::nullopt;
  size_t given = front->size() + back->size();
  if (has_gap ? given > 14 : given != 16) return std::nullopt;
  Address address{.is_v6 = true, .bytes = {}};
  std::copy(front->begin(), front->end(), address.bytes.begin());
  std::copy(back->begin(), back->end(), address.bytes.end() - static_cast<ptrdiff_t>(back->size()));
  return address;
}

bool is_mapped(const Address& address) {
  return address.is_v6 &&
         std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.bytes.begin());
}

Address unmapped(const Address& address) {
  Address v4;
  std::copy(address.bytes.begin() + 12, address.bytes.end(), v4.bytes.begin());
  return v4;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return parse_v4(text);
  std::optional<Address> address = parse_v6(text);
  if (address && is_mapped(*address)) return unmapped(*address);
  return address;
}

std::optional<AddressRange> parse_range(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    std::optional<Address> address = parse_address(text);
    if (!address) return std::nullopt;
    return AddressRange{*address, *address};
  }
  std::string_view base = text.substr(0, slash);
  std::optional<Address> low =
      base.find(':') == std::string_view::npos ? parse_v4(base) : parse_v6(base);
  if (!low) return std::nullopt;
  unsigned width = low->is_v6 ? 128 : 32;
  std::optional<unsigned> prefix = parse_digits(text.substr(slash + 1), 10, width);
  if (!prefix) return std::nullopt;
  Address high = *low;
  for (unsigned bit = *prefix; bit < width; bit++) {
    uint8_t mask = static_cast<uint8_t>(0x80u >> (bit % 8));
    if ((low->bytes[bit / 8] & mask) != 0) return std::nullopt;
    high.bytes[bit / 8] |= mask;
  }
  // A range of mapped addresses is a range of IPv4 addresses.
  if (*prefix >= 96 && is_mapped(*low)) return AddressRange{unmapped(*low), unmapped(high)};
  return AddressRange{*low, high};
}

namespace {

std::string print_v4(const Address& address) {
  std::string text;
  for (size_t i = 0; i < 4; i++)
    text += (i > 0 ? "." : "") + std::to_string(static_cast<unsigned>(address.bytes[i]));
  return text;
}

}  // namespace

// RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as "::".
std::string print(const Address& address) {
  if (!address.is_v6) return print_v4(address);
  auto group = [&](size_t i) {
    return static_cast<unsigned>(address.bytes[2 * i] << 8 | address.bytes[2 * i + 1]);
  };
  size_t best = 8, best_length = 1;
  for (size_t i = 0; i < 8; i++) {
    size_t end = i;
    while (end < 8 && group(end) == 0) end++;
    if (end - i <= best_length) continue;
    best = i;
    best_length = end - i;
  }
  std::string text;
  for (size_t i = 0; i < 8; i++) {
    if (i == best) {
      text += "::";
      i += best_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    char digits[8];
    auto [end, problem] = std::to_chars(digits, digits + sizeof digits, group(i), 16);
    (void)problem;  // eight digits are enough for any group
    text.append(digits, end);
  }
  return text;
}

}  // namespace seclude::policy
