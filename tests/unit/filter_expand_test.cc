// Expand: no set, let or use is left, and the meaning is the same.
#include "filter/expand.h"

#include <gtest/gtest.h>

#include "support/policy_text.h"

namespace seclude::test {
namespace {

// Expands, reads the result again, and compares all decisions.
std::string round_trip(PolicyText& p) {
  EXPECT_EQ(p.messages(), "");
  std::string text = filter::expand(p.texts, p.settings, p.resolved, p.sources);
  PolicyText again(text, {}, p.settings);
  EXPECT_EQ(again.messages(), "") << text;
  EXPECT_EQ(again.resolved.phases.size(), p.resolved.phases.size());
  for (size_t phase = 0; phase < p.resolved.phases.size(); phase++)
    EXPECT_EQ(filter::decide(p.store, again.rules(phase), filter::Mediated::Kept),
              filter::decide(p.store, p.rules(phase), filter::Mediated::Kept))
        << text;
  return text;
}

TEST(Expand, SetsLetsAndUsesAreGone) {
  PolicyText p(
      "seclude 1\npolicy p\narchitectures x86_64, aarch64, x86\nkernel 5.10\n"
      "let bits = PROT_WRITE | PROT_EXEC\nset @mine = @network-io without listen\n"
      "use ./a.seclude without write\notherwise deny with EIO for @mine\notherwise kill for bind\n"
      "otherwise deny\nallow mprotect where prot & ~(bits) == 0\nallow @mine\nallow @process\n"
      "deny clone with EIO where flags has CLONE_NEWUSER\n"
      "on x86_64 {\n allow arch_prctl where code == ARCH_SET_FS\n}\n",
      {{"./a.seclude",
        "seclude 1\nlet bits = PROT_READ\nallow read, write\notherwise kill\n"
        "deny mprotect with EACCES where prot has bits\n"}});
  std::string text = round_trip(p);
  EXPECT_EQ(text.find("\nset "), std::string::npos);
  EXPECT_EQ(text.find("\nuse "), std::string::npos);
  EXPECT_EQ(text.find("\nlet "), std::string::npos);
  EXPECT_NE(text.find("a.seclude:3"), std::string::npos) << text;
  EXPECT_NE(text.find("deny clone3 with ENOSYS"), std::string::npos) << text;
}

TEST(Expand, PhasesAndPathsStay) {
  PolicyText p(
      "seclude 1\npolicy p\notherwise kill\nallow exit_group\n"
      "phase a {\n read /data/**\n allow write\n}\nphase b {\n allow write where fd == 1\n}\n");
  std::string text = round_trip(p);
  EXPECT_NE(text.find("phase a {"), std::string::npos);
  EXPECT_NE(text.find("read /data/**"), std::string::npos);
}

}  // namespace
}  // namespace seclude::test
