// Ends as they are written, and what they cover; see ends.h. Addresses are in address.cc.
#include "policy/ends.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace seclude::policy {

bool is_host_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);  // fully qualified
  if (text.empty() || text.size() > 253) return false;
  bool letter = false;  // in the last label: a name that ends in a number is a broken address
  for (std::string_view label : split(text, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
      return false;
    letter = false;
    for (char c : label) {
      bool alphabetic = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      letter |= alphabetic;
      if (!alphabetic && !(c >= '0' && c <= '9') && c != '-' && c != '_') return false;
    }
  }
  std::string_view last = text.substr(text.rfind('.') + 1);
  // Resolvers read 0x7f.1 as 127.0.0.1.
  return letter && !last.starts_with("0x") && !last.starts_with("0X");
}

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (out.ends_with('.')) out.pop_back();
  return out;
}

std::nullopt_t fail(Diagnostics& diagnostics, Span span, std::string message, std::string help) {
  Diagnostic& problem = diagnostics.error(span, std::move(message));
  if (!help.empty()) problem.helps.push_back(std::move(help));
  return std::nullopt;
}

std::optional<uint16_t> port_number(std::string_view text) {
  std::optional<uint64_t> number = parse_integer(text);
  if (!number || *number == 0 || *number > UINT16_MAX) return std::nullopt;
  return static_cast<uint16_t>(*number);
}

bool parse_ports(const End& end, const Bindings& bindings, EndPattern& pattern,
                 Diagnostics& diagnostics) {
  std::string text = end.port;
  if (text == "*") return true;
  if (text.starts_with('$')) {
    std::optional<std::string> value = bindings(std::string_view(text).substr(1));
    if (!value) {
      pattern.port_parameter = text.substr(1);
      return true;
    }
    text = *value;
  }
  size_t dots = text.find("..");
  std::optional<uint16_t> low = port_number(std::string_view(text).substr(0, dots));
  std::optional<uint16_t> high = low;
  if (dots != std::string::npos) high = port_number(std::string_view(text).substr(dots + 2));
  if (!low || !high) {
    fail(diagnostics, end.span,
         text.empty() ? "the port is missing" : "`" + escape(text, 40) + "` is no port",
         "ports are 1 to 65535: `443`, `8000..8080`, `$parameter`, or `*` for all");
    return false;
  }
  if (*low > *high) {
    fail(diagnostics, end.span, "this range of ports is empty",
         "write `" + std::to_string(*high) + ".." + std::to_string(*low) + "`");
    return false;
  }
  pattern.ports = {*low, *high};
  return true;
}

bool parse_where(std::string_view host, const End& end, EndPattern& pattern,
                 Diagnostics& diagnostics) {
  using Kind = EndPattern::Kind;
  if (host == "*") return true;  // Kind::Any
  bool subhosts = host.starts_with("*.");
  if (is_host_name(subhosts ? host.substr(2) : host)) {
    pattern.kind = subhosts ? Kind::Subhosts : Kind::Host;
    pattern.name = lower(subhosts ? host.substr(2) : host);
    return true;
  }
  if (std::optional<AddressRange> range = parse_range(host)) {
    pattern.kind = Kind::Addresses;
    pattern.range = *range;
    return true;
  }
  std::string help = "write a name, `*.NAME`, an address, a range such as `10.0.0.0/8`, or `*`";
  size_t slash = host.find('/');
  if (slash != std::string_view::npos && parse_address(host.substr(0, slash)))
    help = "the prefix must fit the address, and the bits after it must be 0";
  else if (host.find('*') != std::string_view::npos)
    help = "`*` stands alone, or as the first label: `*.example.org`";
  fail(
      diagnostics, end.span,
      host.empty() ? "the host is missing" : "`" + escape(host, 80) + "` is no host and no address",
      help);
  return false;
}

std::optional<EndPattern> parse_unix(const End& end, const Bindings& bindings,
                                     Diagnostics& diagnostics) {
  EndPattern pattern;
  pattern.protocol = End::Protocol::Unix;
  if (end.host.starts_with('@')) {
    pattern.kind = EndPattern::Kind::UnixName;
    pattern.name = end.host.substr(1);
    if (!pattern.name.empty() && pattern.name.size() <= 107) return pattern;
    return fail(diagnostics, end.span, "this is no name of a socket", "1 to 107 bytes after the @");
  }
  PathPattern path;
  path.text = end.host;
  path.span = end.span;
  std::optional<Glob> glob = parse_glob(path, bindings, diagnostics);
  if (!glob) return std::nullopt;
  pattern.kind = EndPattern::Kind::UnixPath;
  pattern.path = std::move(*glob);
  return pattern;
}

}  // namespace

std::optional<EndPattern> parse_end(const End& end, const Bindings& bindings,
                                    Diagnostics& diagnostics) {
  if (end.protocol == End::Protocol::Unix) return parse_unix(end, bindings, diagnostics);
  EndPattern pattern;
  pattern.protocol = end.protocol;
  if (!parse_ports(end, bindings, pattern, diagnostics)) return std::nullopt;
  std::string host = end.host;
  if (host.starts_with('$')) {
    std::optional<std::string> value = bindings(std::string_view(host).substr(1));
    if (!value) {
      pattern.kind = EndPattern::Kind::Host;
      pattern.name = host;
      return pattern;
    }
    host = *value;
  }
  if (!parse_where(host, end, pattern, diagnostics)) return std::nullopt;
  return pattern;
}

// ---- coverage -----------------------------------------------------------------------------------

namespace {

using Kind = EndPattern::Kind;

bool is_below(std::string_view name, std::string_view domain) {
  return name.size() > domain.size() + 1 && name.ends_with(domain) &&
         name[name.size() - domain.size() - 1] == '.';
}

// How much of the hosts of `asked` one end covers, ports aside. Ranges of addresses add up and are
// left to covers_addresses.
Coverage covers_host(const EndPattern& end, const EndPattern& asked) {
  if (end.kind == Kind::Any) return Coverage::All;
  if (asked.kind == Kind::Any) return Coverage::Some;
  if (asked.kind == Kind::Host) {
    bool named = (end.kind == Kind::Host && end.name == asked.name) ||
                 (end.kind == Kind::Subhosts && is_below(asked.name, end.name));
    return named ? Coverage::All : Coverage::None;
  }
  if (asked.kind != Kind::Subhosts) return Coverage::None;
  if (end.kind == Kind::Host)
    return is_below(end.name, asked.name) ? Coverage::Some : Coverage::None;
  if (end.kind != Kind::Subhosts) return Coverage::None;
  if (end.name == asked.name || is_below(asked.name, end.name)) return Coverage::All;
  return is_below(end.name, asked.name) ? Coverage::Some : Coverage::None;
}

Address after(Address address) {
  for (size_t i = address.is_v6 ? 16 : 4; i-- > 0;)
    if (++address.bytes[i] != 0) break;
  return address;
}

// How much of one range of addresses the others cover together.
Coverage covers_addresses(std::vector<AddressRange> ranges, const AddressRange& asked) {
  std::sort(ranges.begin(), ranges.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.low < b.low; });
  Address due = asked.low;  // the first address not known to be covered
  bool some = false;
  for (const AddressRange& range : ranges) {
    if (range.low.is_v6 != asked.low.is_v6 || range.high < asked.low || asked.high < range.low)
      continue;
    some = true;
    if (due < range.low) return Coverage::Some;
    if (range.high < due) continue;
    if (!(range.high < asked.high)) return Coverage::All;
    due = after(range.high);
  }
  return some ? Coverage::Some : Coverage::None;
}

bool same_port(const EndPattern& end, const EndPattern& asked, uint16_t port) {
  if (end.port_parameter) return end.port_parameter == asked.port_parameter;
  if (asked.port_parameter) return end.ports == PortRange{};  // only `*` covers what is not known
  return end.ports.low <= port && port <= end.ports.high;
}

// At one port, at which all ends either cover or do not.
Coverage covers_at(std::span<const EndPattern> ends, const EndPattern& asked, uint16_t port) {
  Coverage best = Coverage::None;
  std::vector<AddressRange> ranges;
  for (const EndPattern& end : ends) {
    if (end.protocol != asked.protocol || !same_port(end, asked, port)) continue;
    if (end.kind == Kind::Addresses) ranges.push_back(end.range);
    if (end.kind == Kind::Addresses && asked.kind == Kind::Addresses) continue;
    best = std::max(best, covers_host(end, asked));
  }
  if (asked.kind == Kind::Addresses) best = std::max(best, covers_addresses(ranges, asked.range));
  return best;
}

Coverage covers_unix(std::span<const EndPattern> ends, const EndPattern& asked) {
  std::vector<PathRule> rules;
  for (const EndPattern& end : ends) {
    if (end.kind == asked.kind && asked.kind == Kind::UnixName && end.name == asked.name)
      return Coverage::All;
    if (end.kind == Kind::UnixPath) rules.push_back({PathVerb::Read, end.path});
  }
  if (asked.kind == Kind::UnixName) return Coverage::None;
  return decide_paths(rules, asked.path, Access::Read).coverage;
}

}  // namespace

Coverage covers(std::span<const EndPattern> ends, const EndPattern& asked) {
  if (asked.protocol == End::Protocol::Unix) return covers_unix(ends, asked);
  // Between two neighbouring bounds nothing changes: one port of each piece speaks for all.
  std::vector<uint16_t> starts = {std::max<uint16_t>(asked.ports.low, 1)};  // nobody is at port 0
  for (const EndPattern& end : ends) {
    starts.push_back(end.ports.low);
    if (end.ports.high < UINT16_MAX) starts.push_back(static_cast<uint16_t>(end.ports.high + 1));
  }
  bool all = true, none = true;
  for (uint16_t port : starts) {
    if (port < asked.ports.low || port > asked.ports.high) continue;
    Coverage here = covers_at(ends, asked, port);
    all &= here == Coverage::All;
    none &= here == Coverage::None;
  }
  return all ? Coverage::All : none ? Coverage::None : Coverage::Some;
}

}  // namespace seclude::policy
