// Listening: which sockets `listen` lines name, and from what the kernel chooses.
#include "sandbox/helper/listening.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "kernel/other_socket.h"
#include "kernel/socket.h"

namespace seclude::sandbox {
namespace {

std::string v4(const char* text, uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET, text, &address.sin_addr), 1);
  return {reinterpret_cast<const char*>(&address), sizeof address};
}

std::string v6(const char* text, uint16_t port) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET6, text, &address.sin6_addr), 1);
  return {reinterpret_cast<const char*>(&address), sizeof address};
}

TEST(Listening, EndsNamePortsAndAddresses) {
  const ListenEnd port = {.ports = {80, 81}};
  const ListenEnd here = {.addresses = policy::parse_range("127.0.0.0/8"), .ports = {90, 90}};
  const ListenEnd ends[] = {port, here};
  EXPECT_TRUE(may_listen(ends, v4("0.0.0.0", 80), false));
  EXPECT_TRUE(may_listen(ends, v6("::", 81), true));
  EXPECT_FALSE(may_listen(ends, v4("0.0.0.0", 82), false));
  EXPECT_TRUE(may_listen(ends, v4("127.0.0.1", 90), false));
  EXPECT_TRUE(may_listen(ends, v6("::ffff:127.9.9.9", 90), true));
  EXPECT_FALSE(may_listen(ends, v4("0.0.0.0", 90), false));
  EXPECT_FALSE(may_listen(ends, v4("128.0.0.0", 90), false));
  EXPECT_FALSE(may_listen(ends, v6("::1", 90), true));
  EXPECT_FALSE(may_listen(ends, v6("::", 90), true));
}

TEST(Listening, WhatIsNotBoundIsNotNamed) {
  const ListenEnd any_port[] = {{.addresses = policy::parse_range("0.0.0.0/0"), .ports = {}}};
  EXPECT_FALSE(may_listen(any_port, v4("0.0.0.0", 0), false));
  EXPECT_TRUE(may_listen(any_port, v4("0.0.0.0", 1), false));
  EXPECT_FALSE(may_listen(any_port, std::string(2, '\0'), false));
  EXPECT_FALSE(may_listen(any_port, {}, false));
}

TEST(Listening, ASocketOfBothFamiliesTakesEndsOfBoth) {
  const ListenEnd six[] = {{.addresses = policy::parse_range("::/0"), .ports = {80, 80}}};
  EXPECT_TRUE(may_listen(six, v6("::", 80), false));
  EXPECT_FALSE(may_listen(six, v6("::", 80), true));
  const ListenEnd both[] = {six[0],
                            {.addresses = policy::parse_range("0.0.0.0"), .ports = {80, 80}}};
  EXPECT_TRUE(may_listen(both, v6("::", 80), true));
}

TEST(Listening, TheKernelChoosesFromWhatItIsGiven) {
  for (const int family : {AF_INET, AF_INET6}) {
    // A free port of those that the kernel gives away.
    const kernel::Fd other(::socket(family, SOCK_STREAM, 0));
    ASSERT_TRUE(kernel::listen_on(other, 5));
    sockaddr_in6 at = {};  // the port is at the same place in sockaddr_in
    const std::string bound = kernel::binding_of(other)->address;
    std::memcpy(&at, bound.data(), bound.size());
    const uint16_t port = ntohs(at.sin6_port);

    const kernel::Fd socket(::socket(family, SOCK_STREAM, 0));
    ASSERT_TRUE(kernel::set_chosen_ports(socket, {port, port}));
    EXPECT_EQ(kernel::chosen_ports(socket)->low, port);
    EXPECT_EQ(kernel::chosen_ports(socket)->high, port);
    const auto refused = kernel::listen_on(socket, 5);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().errno_value, EADDRINUSE);
    kernel::shut_down(other);
    ASSERT_TRUE(kernel::listen_on(socket, 5));
    EXPECT_EQ(kernel::binding_of(socket)->address, bound);
  }
}

}  // namespace
}  // namespace seclude::sandbox
