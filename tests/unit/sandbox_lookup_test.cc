// Lookup: the same answers as the kernel's, however often and in whatever order it is asked.
#include "sandbox/paths/lookup.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/folder.h"

namespace seclude::sandbox {
namespace {

namespace fs = std::filesystem;

TEST(Lookup, SeesWhatTheKernelSees) {
  const test::Folder folder;
  const std::string root = *kernel::real_path(folder.path());
  fs::create_directories(root + "/a/b");
  ASSERT_TRUE(kernel::write_file(root + "/a/b/file", "text"));
  fs::create_symlink("a/b", root + "/relative");
  fs::create_symlink(root + "/relative", root + "/absolute");
  fs::create_symlink("../../absolute/file", root + "/a/b/upwards");
  fs::create_symlink("relative/", root + "/with-slash");
  fs::create_symlink("file/", root + "/a/b/file-with-slash");
  fs::create_symlink("loop", root + "/loop");
  fs::create_symlink("nowhere", root + "/dangling");
  fs::create_symlink("/", root + "/root");
  Lookup lookup;
  for (int round = 0; round < 2; ++round) {
    for (const std::string path : {"/",
                                   "/a",
                                   "/a/b/file",
                                   "/a/b/file/",
                                   "/a/b/file/more",
                                   "/relative",
                                   "/relative/file",
                                   "/absolute",
                                   "/absolute/file",
                                   "/absolute/upwards",
                                   "/a/../a/b",
                                   "/a/./b",
                                   "/a//b",
                                   "/a/b/file/..",
                                   "/with-slash",
                                   "/with-slash/file",
                                   "/a/b/file-with-slash",
                                   "/loop",
                                   "/loop/x",
                                   "/dangling",
                                   "/root",
                                   "/root/proc",
                                   "/missing",
                                   "/missing/more"}) {
      const auto expected = kernel::real_path(root + path);
      const auto found = lookup.real(root + path);
      ASSERT_EQ(found.has_value(), expected.has_value()) << path;
      if (found)
        EXPECT_EQ(*found, *expected) << path;
      else
        EXPECT_EQ(to_string(found.error()), to_string(expected.error())) << path;
    }
  }
  for (const std::string path : {"/", "/proc/self", "/proc/self/fd/0", "/dev/stdin", ".", ""}) {
    const auto expected = kernel::real_path(path);
    EXPECT_EQ(lookup.real(path).value_or("-"), expected.value_or("-")) << path;
  }
}

TEST(Lookup, TellsTheLinksOnTheWay) {
  const test::Folder folder;
  const std::string root = *kernel::real_path(folder.path());
  fs::create_directories(root + "/a");
  ASSERT_TRUE(kernel::write_file(root + "/a/file", "text"));
  fs::create_symlink("a", root + "/one");
  fs::create_symlink(root + "/one", root + "/two");
  const std::vector<LinkOnTheWay> expected = {{root + "/two", root + "/one"}, {root + "/one", "a"}};
  Lookup lookup;
  EXPECT_EQ(lookup.links_to(root + "/two/file"), expected);
  EXPECT_EQ(lookup.links_to(root + "/two/missing"), expected);
  EXPECT_TRUE(lookup.links_to(root + "/a/file").empty());
}

TEST(Lookup, KeepsToWhatItSawFirst) {
  const test::Folder folder;
  const std::string root = *kernel::real_path(folder.path());
  fs::create_directories(root + "/a");
  fs::create_symlink("a", root + "/link");
  Lookup lookup;
  EXPECT_EQ(*lookup.real(root + "/link"), root + "/a");
  EXPECT_TRUE(lookup.facts(root + "/a")->directory);
  fs::remove(root + "/link");
  fs::remove(root + "/a");
  EXPECT_EQ(*lookup.real(root + "/link"), root + "/a");
  EXPECT_TRUE(lookup.facts(root + "/a")->directory);
}

}  // namespace
}  // namespace seclude::sandbox
