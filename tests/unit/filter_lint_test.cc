// Lint: what it warns about, and where it keeps silent.
#include "filter/proof/lint.h"

#include <gtest/gtest.h>

#include <string>

#include "base/diagnostic.h"
#include "policy/load.h"

namespace seclude::filter {
namespace {

std::string warnings(const std::string& lines,
                     std::vector<calls::Arch> archs = {calls::Arch::x86_64}) {
  SourceMap sources;
  Diagnostics diagnostics;
  policy::Texts texts = policy::load({.name = "t", .text = "seclude 1\npolicy a\n" + lines},
                                     policy::built_in, sources, diagnostics);
  Settings settings;
  settings.archs = std::move(archs);
  Resolved resolved = resolve(texts, settings, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << render(diagnostics, sources);
  Diagnostics found;
  Store store;
  lint(store, texts, resolved, found);
  std::string text;
  for (const Diagnostic& one : found.all()) {
    EXPECT_EQ(one.severity, Severity::Warning);
    text += sources.where(one.span) + ": " + one.message + "\n";
  }
  return text;
}

TEST(Lint, DangerousCallsAtTheirNames) {
  EXPECT_EQ(warnings("otherwise kill\nallow read, ptrace\nallow bpf\n"),
            "t:4:13: `ptrace` is dangerous to allow\nt:5:7: `bpf` is dangerous to allow\n");
  EXPECT_EQ(warnings("otherwise kill\nallow ptrace because \"a debugger\"\n"), "");
  EXPECT_EQ(warnings("otherwise kill\nask ptrace\ndeny bpf\n"), "") << "someone is asked";
  EXPECT_EQ(warnings("otherwise kill\nuse container\n"), "") << "not the root's own";
}

TEST(Lint, DangerousArguments) {
  EXPECT_EQ(warnings("otherwise kill\nallow mmap\n"), "t:4:7: `mmap` is dangerous to allow\n");
  EXPECT_EQ(warnings("otherwise kill\nallow mmap where prot lacks PROT_EXEC\n"), "");
  EXPECT_EQ(warnings("otherwise kill\n"
                     "allow mprotect where prot lacks PROT_WRITE or prot lacks PROT_EXEC\n"),
            "");
  EXPECT_NE(warnings("otherwise kill\nallow ioctl\n").find("`ioctl` is dangerous"),
            std::string::npos);
  EXPECT_EQ(warnings("otherwise kill\nallow ioctl\ndeny ioctl where cmd in (TIOCSTI, TIOCLINUX)\n"),
            "");
  EXPECT_EQ(warnings("otherwise kill\nallow ioctl where cmd == TCGETS\n"), "");
  EXPECT_NE(warnings("otherwise kill\nallow seccomp\n").find("`seccomp`"), std::string::npos);
  EXPECT_EQ(warnings("otherwise kill\nallow personality where personality == 0\n"), "");
}

TEST(Lint, SetsAndOtherwiseAreWarnedAboutOnce) {
  std::string text = warnings("otherwise allow\ndeny ptrace\n");
  EXPECT_EQ(text.find("t:3:1: this line allows dangerous calls: "), 0u) << text;
  EXPECT_NE(text.find("`bpf`"), std::string::npos);
  EXPECT_EQ(text.find("`ptrace`"), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST(Lint, OtherFormsOfACall) {
  EXPECT_EQ(warnings("otherwise kill\nallow open\n"),
            "t:4:7: `open` is allowed, its other form `openat` is refused\n");
  EXPECT_EQ(warnings("otherwise kill\nallow open because \"old\"\n"), "");
  EXPECT_EQ(warnings("otherwise kill\nallow open, openat\n"), "");
  EXPECT_EQ(warnings("otherwise kill\nallow open\ndeny openat with ENOSYS\n"), "")
      << "libcs fall back";
  EXPECT_EQ(warnings("otherwise kill\nallow poll\n"), "") << "no x86_64 libc uses ppoll for it";
  EXPECT_EQ(warnings("otherwise kill\nallow poll\n", {calls::Arch::aarch64}),
            "t:4:7: `poll` is allowed, its other form `ppoll` is refused\n");
  EXPECT_EQ(warnings("otherwise kill\nallow open\n", {calls::Arch::riscv64}),
            "t:4:7: `open` is allowed, its other form `openat` is refused\n");
  EXPECT_EQ(warnings("otherwise kill\nallow ppoll\n", {calls::Arch::arm}),
            "t:4:7: `ppoll` is allowed, its other form `ppoll_time64` is refused\n");
  EXPECT_EQ(warnings("otherwise kill\nallow sendmsg\n"),
            "t:4:7: `sendmsg` is allowed, its other form `sendmmsg` is refused\n");
  EXPECT_EQ(warnings("otherwise kill\nallow kill\n"),
            "t:4:7: `kill` is allowed, its other form `tgkill` is refused\n");
  EXPECT_EQ(warnings("otherwise kill\nallow mount because \"old\"\n"), "");
}

}  // namespace
}  // namespace seclude::filter
