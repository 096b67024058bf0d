// Whole files, their facts, and errors that name them.
#include "kernel/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "kernel/fd.h"
#include "support/folder.h"

namespace seclude::kernel {
namespace {

using test::Folder;

TEST(Fd, ClosesOnceAndMoves) {
  const int number = ::open("/dev/null", O_RDONLY);
  {
    Fd first(number);
    Fd second(std::move(first));
    EXPECT_EQ(second.number(), number);
    EXPECT_TRUE(descriptor_is_open(number));
  }
  EXPECT_FALSE(descriptor_is_open(number));
  Fd kept(::open("/dev/null", O_RDONLY));
  const int released = kept.release();
  { const Fd gone(std::move(kept)); }
  EXPECT_TRUE(descriptor_is_open(released));
  ::close(released);
}

TEST(Files, WhatIsWrittenIsRead) {
  const Folder folder;
  const std::string text = std::string(100000, 'x') + std::string("\0\n", 2);
  ASSERT_TRUE(write_file(folder.file("a"), text));
  EXPECT_EQ(read_file(folder.file("a")).value(), text);
  EXPECT_EQ(read_file(folder.file("a"), 17).value(), text.substr(0, 17));
  ASSERT_TRUE(write_file(folder.file("a"), "short"));
  EXPECT_EQ(read_file(folder.file("a")).value(), "short");
  EXPECT_FALSE(read_file("/proc/self/stat").value().empty());
}

TEST(Files, ErrorsNameTheCallAndThePath) {
  const auto missing = read_file("/nonexistent/file");
  ASSERT_FALSE(missing);
  EXPECT_EQ(to_string(missing.error()),
            "open /nonexistent/file: ENOENT (No such file or directory)");
  const auto folder = read_file("/");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().errno_value, EISDIR);
  EXPECT_EQ(write_file("/dev/full", "x").error().errno_value, ENOSPC);
}

TEST(Files, DescriptorsAreNeverAStandardStream) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (int number = 0; number < 3; ++number) ::close(number);
    const auto file = open_file("/dev/null", OpenFor::Both);
    ::_exit(file && file->number() > 2 && !descriptor_is_open(0) &&
                    ::fcntl(file->number(), F_GETFD) == FD_CLOEXEC
                ? 0
                : 1);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Files, FactsAreTheModeBits) {
  const Folder folder;
  const std::string file = folder.file("a");
  ASSERT_TRUE(write_file(file, ""));
  const auto with_mode = [&](mode_t mode) {
    EXPECT_EQ(::chmod(file.c_str(), mode), 0);
    return facts_of(file).value();
  };
  EXPECT_TRUE(with_mode(0644).regular);
  EXPECT_EQ(cannot_execute(file), EACCES);
  EXPECT_EQ(with_mode(04755).set_user_id, true);
  EXPECT_EQ(cannot_execute(file), 0);
  EXPECT_EQ(with_mode(02755).set_group_id, true);
  EXPECT_EQ(with_mode(02744).set_group_id, false);  // mandatory locking, once
  EXPECT_EQ(facts_of(file)->owner, ::geteuid());
  EXPECT_TRUE(facts_of(folder.path())->directory);
  EXPECT_EQ(facts_of("/nonexistent").error().errno_value, ENOENT);
}

TEST(Files, WritableIsAsked) {
  const Folder folder;
  EXPECT_EQ(cannot_write(folder.path()), 0);
  EXPECT_EQ(cannot_write(folder.file("missing")), ENOENT);
}

}  // namespace
}  // namespace seclude::kernel
