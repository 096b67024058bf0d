// Oddities: each kind is found where it is, and a sound filter has none.
#include "filter/inspection/oddities.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <variant>

#include "filter/compile.h"
#include "filter/lift.h"
#include "policy/load.h"

namespace seclude::filter {
namespace {

constexpr calls::Arch native[] = {calls::Arch::x86_64};
constexpr uint32_t audit = 0xc000003e, allow = 0x7fff0000, deny = 0x50001, kill = 0x80000000;

Program program_of(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  policy::Texts texts =
      policy::load({.name = "test", .text = text}, policy::built_in, sources, diagnostics);
  Settings settings;
  settings.archs = {calls::Arch::x86_64};
  Resolved resolved = resolve(texts, settings, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << render(diagnostics, sources);
  Store store;
  auto compiled = compile(store, resolved.phases.at(0).rules);
  EXPECT_TRUE(compiled.has_value());
  return compiled->program;
}

std::vector<Oddity> of(const Program& program) {
  Store store(1 << 20);
  auto lifted = lift(store, program);
  EXPECT_TRUE(std::holds_alternative<Decision>(lifted));
  return oddities(store, {program, std::get<Decision>(lifted), native});
}

const Oddity* find(const std::vector<Oddity>& all, std::string_view kind) {
  auto found =
      std::find_if(all.begin(), all.end(), [&](const Oddity& one) { return one.kind == kind; });
  return found == all.end() ? nullptr : &*found;
}

Instruction load(uint32_t offset) { return {op::ld_abs, 0, 0, offset}; }
Instruction equal(uint32_t k, uint8_t jt, uint8_t jf) { return {op::jeq_k, jt, jf, k}; }
Instruction answer(uint32_t ret) { return {op::ret_k, 0, 0, ret}; }
uint32_t number(std::string_view name) {
  return *calls::number_of(*calls::find_call(name), calls::Arch::x86_64);
}

bool concerns(const Oddity* oddity, std::string_view subject) {
  return oddity != nullptr &&
         std::count(oddity->subjects.begin(), oddity->subjects.end(), std::string(subject)) == 1;
}

TEST(Oddities, NoneInASoundFilter) {
  std::vector<Oddity> all =
      of(program_of("seclude 1\npolicy a\notherwise kill\nallow read, write where fd <= 2\n"
                    "allow mmap where prot lacks PROT_EXEC\nallow exit_group\n"));
  EXPECT_TRUE(all.empty()) << all.front().kind;
}

TEST(Oddities, CodeThatNothingReaches) {
  std::vector<Oddity> all =
      of({load(offset_arch), equal(audit, 0, 1), answer(kill), answer(kill), answer(allow)});
  EXPECT_TRUE(concerns(find(all, "unreachable"), "instruction 4"));
  EXPECT_EQ(find(all, "never-returned"), nullptr);
  // The second test contradicts the first: a jump leads to 4, no call does.
  all = of({load(offset_arch), equal(audit, 0, 3), equal(audit, 1, 0), answer(deny), answer(kill),
            answer(kill)});
  EXPECT_EQ(find(all, "unreachable"), nullptr);
  EXPECT_TRUE(concerns(find(all, "never-returned"), "instruction 3"));
  EXPECT_FALSE(concerns(find(all, "never-returned"), "instruction 4"));
}

TEST(Oddities, ArchitectureIsNotTested) {
  std::vector<Oddity> all =
      of({load(offset_number), equal(number("ptrace"), 0, 1), answer(deny), answer(allow)});
  const Oddity* oddity = find(all, "arch-check");
  ASSERT_NE(oddity, nullptr);
  ASSERT_TRUE(oddity->example);
  EXPECT_NE(oddity->example->arch, audit);
}

TEST(Oddities, X32NumbersOfRefusedCalls) {
  std::vector<Oddity> all = of({load(offset_arch), equal(audit, 0, 3), load(offset_number),
                                equal(number("setns"), 1, 0), answer(allow), answer(deny)});
  const Oddity* oddity = find(all, "x32");
  ASSERT_TRUE(concerns(oddity, "setns"));
  EXPECT_EQ(oddity->example->number, 0x40000000u | number("setns"));
  EXPECT_EQ(oddity->subjects.size(), 1u);
}

TEST(Oddities, BitsTheKernelDoesNotRead) {
  // Refuses ioctl(TIOCSTI) by all 64 bits, allows close(3) by all 64 bits.
  Program program = {load(offset_arch),
                     equal(audit, 0, 12),
                     load(offset_number),
                     equal(number("ioctl"), 0, 4),
                     load(28),
                     equal(0, 0, 7),
                     load(24),
                     equal(0x5412, 6, 5),
                     equal(number("close"), 0, 4),
                     load(20),
                     equal(0, 0, 3),
                     load(16),
                     equal(3, 0, 1),
                     answer(allow),
                     answer(deny)};
  std::vector<Oddity> all = of(program);
  const Oddity* bypass = find(all, "bypass");
  ASSERT_TRUE(concerns(bypass, "ioctl"));
  EXPECT_EQ(bypass->example->args[1] & 0xffffffff, 0x5412u);
  EXPECT_NE(bypass->example->args[1] >> 32, 0u);
  const Oddity* brittle = find(all, "unread-bits");
  ASSERT_TRUE(concerns(brittle, "close"));
  EXPECT_FALSE(concerns(brittle, "ioctl"));
}

TEST(Oddities, FakeSuccessSiblingsAndDeadlyRefusals) {
  Program program = {load(offset_arch),
                     equal(audit, 0, 7),
                     load(offset_number),
                     equal(number("setuid"), 5, 0),
                     equal(number("open"), 3, 0),
                     equal(number("rt_sigreturn"), 2, 0),
                     {op::jge_k, 1, 0, 0x40000000},
                     answer(allow),
                     answer(kill),
                     answer(0x50000)};
  std::vector<Oddity> all = of(program);
  EXPECT_TRUE(concerns(find(all, "fake-success"), "setuid"));
  EXPECT_TRUE(concerns(find(all, "deadly"), "rt_sigreturn"));
  EXPECT_FALSE(concerns(find(all, "deadly"), "exit_group"));
  EXPECT_TRUE(concerns(find(all, "siblings"), "open refused, creat permitted"));
}

// A function of more nodes than can be looked into for every call is named, not passed over.
TEST(Oddities, NamesWhatIsTooIntricate) {
  Program program = {load(offset_number),
                     equal(number("ioctl"), 1, 0),
                     answer(allow),
                     load(offset_args),
                     {op::and_k, 0, 0, 0x3fff},
                     {op::tax, 0, 0, 0},
                     load(offset_args + 8),
                     {op::and_k, 0, 0, 0x3fff},
                     {op::jeq_x, 0, 1, 0},
                     answer(allow),
                     answer(deny)};
  std::vector<Oddity> all = of(program);
  EXPECT_TRUE(concerns(find(all, "unexamined"), "ioctl"));
  EXPECT_FALSE(concerns(find(all, "unexamined"), "read"));
  EXPECT_NE(find(all, "arch-check"), nullptr);
}

TEST(Oddities, OfCodeAloneAreTheInstructionsNobodyReaches) {
  Program program = {answer(allow), answer(deny)};
  std::vector<Oddity> all = oddities_of_code(program);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(concerns(find(all, "unreachable"), "instruction 1"));
}

}  // namespace
}  // namespace seclude::filter
