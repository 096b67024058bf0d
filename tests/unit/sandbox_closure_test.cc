// Closure: what starting real programs of this machine takes.
#include "sandbox/paths/closure.h"

#include <gtest/gtest.h>
#include <link.h>

#include <algorithm>

#include "kernel/files.h"
#include "sandbox/paths/elf_needs.h"
#include "support/folder.h"

namespace seclude::sandbox {
namespace {

Closure closure_of(const ClosureQuery& query) {
  Lookup lookup;
  return sandbox::closure_of(query, lookup);
}

bool lists(const std::vector<std::string>& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

int add_name(dl_phdr_info* info, size_t, void* names) {
  const std::string name = info->dlpi_name;
  if (name.starts_with('/')) static_cast<std::vector<std::string>*>(names)->push_back(name);
  return 0;
}

// This program's own libraries, as its loader found them.
TEST(Closure, HasEveryLibraryThatTheLoaderLoads) {
  std::vector<std::string> loaded;
  ::dl_iterate_phdr(add_name, &loaded);
  ASSERT_FALSE(loaded.empty()) << "this test has to be linked dynamically";
  const Closure closure = closure_of({.program = "/proc/self/exe"});
  ASSERT_EQ(closure.executed.size(), 2u);
  for (const std::string& name : loaded) {
    const std::string real = *kernel::real_path(name);
    EXPECT_TRUE(lists(closure.libraries, real) || *kernel::real_path(closure.executed[1]) == real)
        << real;
  }
  EXPECT_TRUE(lists(closure.consulted, "/etc/ld.so.cache"));
}

TEST(Closure, FollowsScriptsToTheirInterpreters) {
  const test::Folder folder;
  const std::string script = folder.file("script");
  ASSERT_TRUE(kernel::write_file(script, "#!/bin/sh -e\ntrue\n"));
  const Closure closure = closure_of({.program = "script", .directory = folder.path()});
  ASSERT_EQ(closure.executed.size(), 3u);
  EXPECT_EQ(closure.executed[0], script);
  EXPECT_EQ(closure.executed[1], "/bin/sh");
}

TEST(Closure, PreloadedLibrariesAreNeeded) {
  const std::string libc = *kernel::real_path("/lib/x86_64-linux-gnu/libm.so.6");
  EXPECT_FALSE(lists(closure_of({.program = "/bin/true"}).libraries, libc));
  EXPECT_TRUE(
      lists(closure_of({.program = "/bin/true", .environment = {"LD_PRELOAD=libm.so.6"}}).libraries,
            libc));
}

TEST(Closure, WhatIsNoProgramNeedsNothing) {
  EXPECT_FALSE(elf_needs("/etc/hostname"));
  EXPECT_FALSE(elf_needs("/nowhere"));
  EXPECT_EQ(closure_of({.program = "/nowhere"}).libraries, std::vector<std::string>{});
}

}  // namespace
}  // namespace seclude::sandbox
