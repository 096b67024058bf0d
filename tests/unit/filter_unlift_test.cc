// Unlift: what a decision says, said by a policy; profiles survive the way there and back.
#include "filter/inspection/unlift.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <variant>

#include "filter/decide.h"
#include "filter/lift.h"
#include "filter/resolve.h"
#include "policy/load.h"

namespace seclude::filter {
namespace {

using calls::Arch;

std::optional<Decision> decided(Store& store, Source source, const std::vector<Arch>& archs) {
  SourceMap sources;
  Diagnostics diagnostics;
  policy::Texts texts = policy::load(std::move(source), policy::built_in, sources, diagnostics);
  Settings settings;
  settings.archs = archs;
  Resolved resolved = resolve(texts, settings, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  return decide(store, resolved.phases.at(0).rules, Mediated::AsAllow);
}

// Our own text, lifted; the lines that matter.
std::string lines_of(const std::string& lines) {
  Store store(1 << 18);
  auto decision =
      decided(store, {.name = "test", .text = "seclude 1\npolicy a\n" + lines}, {Arch::x86_64});
  EXPECT_TRUE(decision);
  Unlifted unlifted = unlift(store, *decision, {.name = "a"});
  EXPECT_EQ(unlifted.problem, "");
  EXPECT_TRUE(unlifted.unsaid.empty());
  std::string head = "seclude 1\npolicy a\n\narchitectures x86_64\n";
  EXPECT_TRUE(unlifted.text.starts_with(head)) << unlifted.text;
  return unlifted.text.substr(std::min(head.size(), unlifted.text.size()));
}

TEST(Unlift, EveryProfileSurvives) {
  const std::vector<Arch> lists[] = {
      {Arch::x86_64},
      {Arch::aarch64},
      {Arch::s390x},
      {Arch::x86_64, Arch::x32, Arch::x86, Arch::aarch64, Arch::arm, Arch::riscv64}};
  size_t survived = 0;
  for (std::string_view name : policy::profile_names())
    for (const std::vector<Arch>& archs : lists) {
      auto source = policy::built_in(
          {.kind = policy::Wanted::Kind::Profile, .name = std::string(name), .nearby = ""});
      ASSERT_TRUE(source);
      Store store(1 << 20);
      auto decision = decided(store, *source, archs);
      if (!decision) continue;  // it needs parameters, or does not hold there
      Unlifted unlifted = unlift(store, *decision, {.name = "lifted", .arch = archs.front()});
      EXPECT_EQ(unlifted.problem, "") << name;
      EXPECT_TRUE(unlifted.unsaid.empty()) << name << "\n" << unlifted.text;
      auto again = decided(store, {.name = "lifted", .text = unlifted.text}, {});
      ASSERT_TRUE(again);
      EXPECT_EQ(*again, *decision) << name;
      survived++;
    }
  EXPECT_GT(survived, 60u);
}

TEST(Unlift, WritesWhatAPersonWouldWrite) {
  EXPECT_EQ(lines_of("otherwise kill\nallow read, write where fd <= 2\n"
                     "allow mmap where prot lacks PROT_EXEC and flags has MAP_ANONYMOUS\n"
                     "allow exit_group\n"),
            "otherwise kill\n\nallow exit_group\nallow read, write where fd <= 2\n"
            "allow mmap where prot lacks PROT_EXEC and flags has MAP_ANONYMOUS\n");
  EXPECT_EQ(lines_of("otherwise deny\nallow socket where family in (AF_UNIX, AF_INET, AF_INET6)\n"
                     "deny ptrace with ENOSYS\n"),
            "otherwise deny with EPERM\n\n"
            "allow socket where family in (AF_UNIX, AF_INET, AF_INET6)\n"
            "deny ptrace with ENOSYS\n");
  EXPECT_EQ(lines_of("otherwise kill\nallow ioctl\ndeny ioctl with ENOTTY where cmd == TIOCSTI\n"),
            "otherwise kill\n\nallow ioctl\ndeny ioctl with ENOTTY where cmd == TIOCSTI\n");
  EXPECT_EQ(lines_of("otherwise kill\nallow kill where pid > 0 and sig in (SIGTERM, SIGINT)\n"
                     "allow lseek where offset >= -5\n"),
            "otherwise kill\n\nallow lseek where offset >= -5\n"
            "allow kill where pid >= 1 and sig in (SIGINT, SIGTERM)\n");
}

TEST(Unlift, SaysWhatTheLanguageCannot) {
  auto instruction = [](uint16_t code, uint8_t jt, uint8_t jf, uint32_t k) {
    return Instruction{code, jt, jf, k};
  };
  // Kills the thread on other architectures and refuses rt_sigreturn.
  Program program = {instruction(op::ld_abs, 0, 0, offset_arch),
                     instruction(op::jeq_k, 0, 4, 0xc000003e),
                     instruction(op::ld_abs, 0, 0, offset_number),
                     instruction(op::jge_k, 2, 0, 0x40000000),
                     instruction(op::jeq_k, 1, 0, 15),
                     instruction(op::ret_k, 0, 0, 0x7fff0000),
                     instruction(op::ret_k, 0, 0, 0)};
  Store store(1 << 18);
  auto lifted = lift(store, program);
  Unlifted unlifted = unlift(store, std::get<Decision>(lifted), {});
  EXPECT_EQ(unlifted.problem, "");
  EXPECT_EQ(unlifted.archs, std::vector<Arch>{Arch::x86_64}) << "x32 is refused";
  auto says = [&](auto&& test) {
    return std::any_of(unlifted.unsaid.begin(), unlifted.unsaid.end(), test);
  };
  EXPECT_TRUE(says([](const CallDifference& one) {
    return one.call && calls::name_of(*one.call) == "rt_sigreturn" && one.left.refuses();
  }));
  EXPECT_TRUE(says([](const CallDifference& one) { return !one.audit && one.everything; }));
  EXPECT_FALSE(says([](const CallDifference& one) {
    return one.call && calls::name_of(*one.call) == "read" && one.arch == Arch::x86_64;
  }));
}

// Comparing the low bits of two arguments is a small decision and a very long sentence.
TEST(Unlift, LeavesOutWhatNobodyWouldRead) {
  for (uint32_t bits : {0xffu, 0xfffu}) {
    Program program = {
        {op::ld_abs, 0, 0, offset_args},     {op::and_k, 0, 0, bits},   {op::tax, 0, 0, 0},
        {op::ld_abs, 0, 0, offset_args + 8}, {op::and_k, 0, 0, bits},   {op::jeq_x, 0, 1, 0},
        {op::ret_k, 0, 0, 0x7fff0000},       {op::ret_k, 0, 0, 0x50001}};
    Store store(1 << 20);
    auto lifted = lift(store, program);
    ASSERT_TRUE(std::holds_alternative<Decision>(lifted));
    Unlifted unlifted = unlift(store, std::get<Decision>(lifted), {});
    EXPECT_EQ(unlifted.problem, "");
    auto ioctl = *calls::find_call("ioctl");
    EXPECT_TRUE(std::count(unlifted.left_out.begin(), unlifted.left_out.end(), ioctl));
    EXPECT_TRUE(std::any_of(unlifted.unsaid.begin(), unlifted.unsaid.end(),
                            [&](const CallDifference& one) { return one.call == ioctl; }));
  }
}

TEST(Unlift, RefusesArithmeticOnNumbers) {
  Program program = {{op::ld_abs, 0, 0, offset_number},
                     {op::jset_k, 0, 1, 1},
                     {op::ret_k, 0, 0, 0x7fff0000},
                     {op::ret_k, 0, 0, 0}};
  Store store(1 << 18);
  auto lifted = lift(store, program);
  EXPECT_NE(unlift(store, std::get<Decision>(lifted), {}).problem, "");
}

}  // namespace
}  // namespace seclude::filter
