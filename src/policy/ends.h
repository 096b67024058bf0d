// Ends: what the ends of network statements mean, without a network.
//
// In: ends as they are written (policy.h), and what their parameters stand for. Out: the same as
// ranges of addresses and ports, or names; and an exact answer to: do these ends cover all of that
// one, nothing of it, or some.
// ::ffff:1.2.3.4 is 1.2.3.4. Names and addresses are different things here: which addresses a name
// has is known only when it is resolved. Only `*` covers both. Neighbours: paths.h, for unix
// sockets.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/diagnostic.h"
#include "policy/paths.h"
#include "policy/policy.h"

namespace seclude::policy {

// An IPv4 or IPv6 address; its bytes in network order (IPv4: the first four).
struct Address {
  bool is_v6 = false;
  std::array<uint8_t, 16> bytes = {};
  friend auto operator<=>(const Address&, const Address&) = default;
};

// "10.0.0.7", "2001:db8::1", "::ffff:10.0.0.7" (which is IPv4). nullopt when it is none.
std::optional<Address> parse_address(std::string_view text);
std::string print(const Address& address);

// Inclusive; both of the same family.
struct AddressRange {
  Address low, high;
  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};
// "10.0.0.0/8", or a single address; nullopt when it is neither. Bits after the prefix must be 0.
std::optional<AddressRange> parse_range(std::string_view text);

struct PortRange {
  uint16_t low = 0, high = UINT16_MAX;
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

// What an end stands for.
struct EndPattern {
  enum class Kind : uint8_t {
    Any,       // "*": every name and every address
    Host,      // one name, in lower case; or an unbound $parameter
    Subhosts,  // "*.example.org": every name that ends in ".example.org", not that one itself
    Addresses,
    UnixPath,
    UnixName,  // abstract, without the @
  };
  End::Protocol protocol = End::Protocol::Tcp;
  Kind kind = Kind::Any;
  std::string name;    // Host, Subhosts (without "*."), UnixName
  AddressRange range;  // Addresses
  Glob path;           // UnixPath
  PortRange ports;
  // The port is a parameter without a known value: equal only to itself.
  std::optional<std::string> port_parameter;
};

// nullopt after errors for what is no host, address or port.
std::optional<EndPattern> parse_end(const End& end, const Bindings& bindings,
                                    Diagnostics& diagnostics);
// Whether the text can be the name of a host: labels of letters, digits, `-` and `_`.
bool is_host_name(std::string_view text);

// How much of `asked` the ends cover together. A name in `asked` that no end names is not covered,
// whatever addresses it may have.
Coverage covers(std::span<const EndPattern> ends, const EndPattern& asked);

}  // namespace seclude::policy
