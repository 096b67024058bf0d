// Addresses, ports and names: what an end stands for, and which ends cover which.
#include "policy/ends.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "policy_support.h"

namespace seclude::policy {
namespace {

std::string shown(std::string_view text) {
  auto address = parse_address(text);
  return address ? print(*address) : "none";
}

TEST(Address, ReadsAndPrints) {
  EXPECT_EQ(shown("10.0.0.7"), "10.0.0.7");
  EXPECT_EQ(shown("::1"), "::1");
  EXPECT_EQ(shown("2001:DB8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  EXPECT_EQ(shown("::"), "::");
  EXPECT_EQ(shown("fe80::"), "fe80::");
  EXPECT_EQ(shown("1:2:3:4:5:6:7::"), "1:2:3:4:5:6:7:0");
  EXPECT_EQ(shown("::ffff:1.2.3.4"), "1.2.3.4");
  EXPECT_EQ(shown("::ffff:102:304"), "1.2.3.4");
  EXPECT_EQ(shown("64:ff9b::1.2.3.4"), "64:ff9b::102:304");
  for (const char* bad :
       {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.0x4", " 1.2.3.4", ":",
        ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "12345::", "g::", "1.2.3.4::", "::1.2.3", "1:2:3:4:5:6:7::8", "example.org"})
    EXPECT_EQ(shown(bad), "none") << bad;
}

TEST(Address, AgreesWithTheSystem) {
  std::mt19937 random(3);
  for (int i = 0; i < 2000; i++) {
    in6_addr raw;
    for (uint8_t& byte : raw.s6_addr) byte = random() % 3 == 0 ? static_cast<uint8_t>(random()) : 0;
    char text[INET6_ADDRSTRLEN];
    ASSERT_NE(inet_ntop(AF_INET6, &raw, text, sizeof text), nullptr);
    auto address = parse_address(text);
    ASSERT_TRUE(address.has_value()) << text;
    if (!address->is_v6) continue;  // mapped
    EXPECT_TRUE(std::equal(address->bytes.begin(), address->bytes.end(), raw.s6_addr)) << text;
    in6_addr again;
    ASSERT_EQ(inet_pton(AF_INET6, print(*address).c_str(), &again), 1) << print(*address);
    EXPECT_EQ(std::memcmp(&raw, &again, sizeof raw), 0) << text << " " << print(*address);
  }
}

TEST(Address, ReadsRanges) {
  auto range = parse_range("10.0.0.0/8");
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(print(range->high), "10.255.255.255");
  EXPECT_EQ(print(parse_range("2001:db8::/33")->high), "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(print(parse_range("0.0.0.0/0")->high), "255.255.255.255");
  EXPECT_EQ(print(parse_range("::ffff:10.0.0.0/104")->high), "10.255.255.255");
  EXPECT_EQ(parse_range("1.2.3.4/32"), parse_range("1.2.3.4"));
  for (const char* bad :
       {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "/8", "x/8"})
    EXPECT_FALSE(parse_range(bad).has_value()) << bad;
}

TEST(Hosts, AreNamesNotNumbers) {
  for (const char* good : {"localhost", "example.org", "1e100.net", "a-b.c_d", "example.org."})
    EXPECT_TRUE(is_host_name(good)) << good;
  for (const char* bad : {"", ".", "a..b", "-a", "a-", "10.0.0.256", "1", "0x7f.1", "1.0x7f", "a b",
                          "*.a", "a/b", "a:1"})
    EXPECT_FALSE(is_host_name(bad)) << bad;
  EXPECT_FALSE(is_host_name(std::string(64, 'a')));
}

EndPattern end(
    std::string text, const Bindings& bindings = [](auto) { return std::nullopt; }) {
  test::Parsed parsed("connect " + text);
  EXPECT_EQ(parsed.messages(), "");
  Diagnostics diagnostics;
  auto pattern = parse_end(parsed.body<Network>(0).ends.at(0), bindings, diagnostics);
  EXPECT_TRUE(pattern.has_value()) << text;
  return pattern.value_or(EndPattern{});
}

Coverage covered(std::initializer_list<const char*> ends, const char* asked) {
  std::vector<EndPattern> all;
  for (const char* text : ends) all.push_back(end(text));
  return covers(all, end(asked));
}

TEST(Ends, CoverNames) {
  EXPECT_EQ(covered({"tcp a.b:443"}, "tcp a.b:443"), Coverage::All);
  EXPECT_EQ(covered({"tcp A.b.:443"}, "tcp a.B:443"), Coverage::All);
  EXPECT_EQ(covered({"tcp a.b:443"}, "udp a.b:443"), Coverage::None);
  EXPECT_EQ(covered({"tcp *.b:443"}, "tcp a.b:443"), Coverage::All);
  EXPECT_EQ(covered({"tcp *.b:443"}, "tcp x.a.b:443"), Coverage::All);
  EXPECT_EQ(covered({"tcp *.b:443"}, "tcp b:443"), Coverage::None);
  EXPECT_EQ(covered({"tcp *.b:443"}, "tcp ab:443"), Coverage::None);
  EXPECT_EQ(covered({"tcp *.b:443"}, "tcp *.a.b:443"), Coverage::All);
  EXPECT_EQ(covered({"tcp *.a.b:443"}, "tcp *.b:443"), Coverage::Some);
  EXPECT_EQ(covered({"tcp x.b:443"}, "tcp *.b:443"), Coverage::Some);
  EXPECT_EQ(covered({"tcp x.b:443"}, "tcp *:443"), Coverage::Some);
  EXPECT_EQ(covered({"tcp *:443"}, "tcp x.b:443"), Coverage::All);
  EXPECT_EQ(covered({"tcp 10.0.0.1:443"}, "tcp x.b:443"), Coverage::None);
  EXPECT_EQ(covered({}, "tcp *:*"), Coverage::None);
}

TEST(Ends, AddUpAddresses) {
  EXPECT_EQ(covered({"tcp 10.0.0.0/9:1", "tcp 10.128.0.0/9:1"}, "tcp 10.0.0.0/8:1"), Coverage::All);
  EXPECT_EQ(covered({"tcp 10.0.0.0/9:1", "tcp 10.129.0.0/16:1"}, "tcp 10.0.0.0/8:1"),
            Coverage::Some);
  // Both edges are covered; the gap is in the middle.
  EXPECT_EQ(covered({"tcp 10.0.0.0/9:1", "tcp 10.192.0.0/10:1"}, "tcp 10.0.0.0/8:1"),
            Coverage::Some);
  EXPECT_EQ(covered({"tcp 10.0.0.0/8:1"}, "tcp [::ffff:10.1.2.3]:1"), Coverage::All);
  EXPECT_EQ(covered({"tcp [::]/0:1"}, "tcp 10.1.2.3:1"), Coverage::None);
  EXPECT_EQ(covered({"tcp 0.0.0.0/0:1"}, "tcp 255.255.255.255:1"), Coverage::All);
  EXPECT_EQ(covered({"tcp 0.0.0.0/0:1", "tcp [::]/0:1"}, "tcp *:1"), Coverage::Some);
  EXPECT_EQ(
      covered({"tcp [2001:db8::/33]:1", "tcp [2001:db8:8000::/33]:1"}, "tcp [2001:db8::/32]:1"),
      Coverage::All);
}

TEST(Ends, AddUpPorts) {
  EXPECT_EQ(covered({"tcp a.b:1..100", "tcp a.b:101..200"}, "tcp a.b:50..150"), Coverage::All);
  EXPECT_EQ(covered({"tcp a.b:1..100", "tcp a.b:102..200"}, "tcp a.b:50..150"), Coverage::Some);
  EXPECT_EQ(covered({"tcp a.b:1..65535"}, "tcp a.b:*"), Coverage::All);
  EXPECT_EQ(covered({"tcp a.b:80"}, "tcp a.b:*"), Coverage::Some);
  EXPECT_EQ(covered({"tcp a.b:80"}, "tcp a.b:81"), Coverage::None);
  // A square of addresses and ports, put together from two halves that overlap.
  EXPECT_EQ(covered({"tcp 10.0.0.0/9:1..60", "tcp 10.128.0.0/9:1..60", "tcp 10.0.0.0/8:50..100"},
                    "tcp 10.0.0.0/8:1..100"),
            Coverage::All);
}

TEST(Ends, KeepUnboundParametersApart) {
  EXPECT_EQ(covered({"tcp $h:$p"}, "tcp $h:$p"), Coverage::All);
  EXPECT_EQ(covered({"tcp $h:$p"}, "tcp $h:$q"), Coverage::None);
  EXPECT_EQ(covered({"tcp $h:1..9"}, "tcp $h:$q"), Coverage::None);
  EXPECT_EQ(covered({"tcp *:*"}, "tcp $h:$q"), Coverage::All);
  Bindings bindings = [](std::string_view name) -> std::optional<std::string> {
    return name == "h" ? "10.0.0.0/8" : "80..90";
  };
  EndPattern bound = end("tcp $h:$p", bindings);
  EXPECT_EQ(bound.kind, EndPattern::Kind::Addresses);
  EXPECT_EQ(bound.ports, (PortRange{80, 90}));
}

TEST(Ends, CoverUnixSockets) {
  EXPECT_EQ(covered({"unix /run/**"}, "unix /run/a/b"), Coverage::All);
  EXPECT_EQ(covered({"unix /run/*.sock"}, "unix /run/*"), Coverage::Some);
  EXPECT_EQ(covered({"unix @a"}, "unix @a"), Coverage::All);
  EXPECT_EQ(covered({"unix /a"}, "unix @a"), Coverage::None);
  EXPECT_EQ(covered({"unix @a"}, "unix /a"), Coverage::None);
}

}  // namespace
}  // namespace seclude::policy
