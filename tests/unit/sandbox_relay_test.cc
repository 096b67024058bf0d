// What goes through a relay: order, amounts, readers that are slow or gone.
#include "sandbox/limits/relay.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>

namespace seclude::sandbox {
namespace {

// The reader's end does not sleep.
struct Reader {
  kernel::Pipe pipe = std::move(*kernel::make_pipe());

  std::string read() {
    std::array<char, 65536> buffer;
    std::string text;
    while (const auto got = kernel::read_now(pipe.reading.number(), buffer)) {
      if (*got == 0) break;
      text.append(buffer.data(), *got);
    }
    return text;
  }
};

void write(int descriptor, const std::string& text) {
  ASSERT_EQ(::write(descriptor, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

Relay make(int output, int error, uint64_t bytes) {
  return std::move(*Relay::make({output, error}, bytes));
}

TEST(Relay, WhatLeadsToOnePlaceKeepsItsOrder) {
  Reader reader;
  Relay relay = make(reader.pipe.writing.number(), reader.pipe.writing.number(), 1000);
  EXPECT_EQ(relay.output_end(), relay.error_end());
  write(relay.output_end(), "one ");
  write(relay.error_end(), "two ");
  write(relay.output_end(), "three");
  relay.pump();
  EXPECT_EQ(reader.read(), "one two three");
  EXPECT_FALSE(relay.over());
}

TEST(Relay, BothCountTogether) {
  Reader one, other;
  Relay relay = make(one.pipe.writing.number(), other.pipe.writing.number(), 10);
  EXPECT_NE(relay.output_end(), relay.error_end());
  write(relay.output_end(), "123456");
  write(relay.error_end(), "7890");
  relay.pump();
  EXPECT_FALSE(relay.over());
  write(relay.error_end(), "x");
  relay.pump();
  EXPECT_TRUE(relay.over());
  EXPECT_EQ(one.read(), "123456");
  EXPECT_EQ(other.read(), "7890");
}

TEST(Relay, NothingBeyondTheLimitGoesOn) {
  Reader reader;
  Relay relay = make(reader.pipe.writing.number(), reader.pipe.writing.number(), 4);
  write(relay.output_end(), "123456");
  relay.pump();
  write(relay.output_end(), "789");
  relay.pump();
  EXPECT_TRUE(relay.over());
  EXPECT_EQ(reader.read(), "1234");
}

TEST(Relay, ASlowReaderGetsAll) {
  Reader reader;
  Relay relay = make(reader.pipe.writing.number(), reader.pipe.writing.number(), 1 << 20);
  const std::string piece(4096, 'x');
  std::string got;
  for (int i = 0; i < 64; ++i) {
    write(relay.output_end(), piece);
    relay.pump();
    if (i % 8 == 7) got += reader.read();
  }
  relay.let_go();
  relay.end();
  while (!relay.empty()) {
    relay.pump();
    got += reader.read();
  }
  EXPECT_EQ(got.size(), piece.size() * 64);
}

TEST(Relay, AReaderThatLeftEndsTheLineAndNotThisProcess) {
  Relay relay = [] {
    Reader reader;
    const int copy = ::fcntl(reader.pipe.writing.number(), F_DUPFD_CLOEXEC, 3);
    return make(copy, copy, 1000);
  }();
  write(relay.output_end(), "lost");
  relay.pump();
  EXPECT_TRUE(relay.waiting().empty());
  relay.end();
  EXPECT_TRUE(relay.empty());
}

TEST(Relay, TwoDescriptionsOfAFileAreTwoLines) {
  char name[] = "/tmp/seclude-relay-XXXXXX";
  const kernel::Fd one(::mkstemp(name));
  const kernel::Fd other(::open(name, O_WRONLY | O_CLOEXEC));
  const kernel::Fd copy(::dup(one.number()));
  EXPECT_TRUE(kernel::same_stream(one.number(), copy.number()));
  EXPECT_FALSE(kernel::same_stream(one.number(), other.number()));
  ::unlink(name);
}

}  // namespace
}  // namespace seclude::sandbox
