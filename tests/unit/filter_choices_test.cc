// Choices: rules that look at many words in many ways stay as long as what they say.
#include <gtest/gtest.h>

#include <random>

#include "filter/evaluate.h"
#include "support/policy_text.h"

namespace seclude::test {
namespace {

// Found by the random policies: 5,385 instructions when every word was asked before the next.
constexpr std::string_view tangled =
    "seclude 1\npolicy p\narchitectures x86_64\notherwise deny\n"
    "trap process_vm_writev where rvec has any ~(578712552150663169)\n"
    "trace process_vm_writev where riovcnt > 0x4000400008000 and riovcnt has all 0o111 and "
    "liovcnt has any 0x95f5f8a3\n"
    "deny process_vm_writev where liovcnt < 0x3b and pid & 0x8eb13476 has all 2385510470\n"
    "ask process_vm_writev where (not (pid > 0xffffffff) or (pid has any 0x1 or liovcnt has all "
    "190)) and ((lvec & 1549264663321249792 > 0o0 or lvec not in (0x4002..0o200001001000000000) "
    "or liovcnt has any 0b100000000000011) or rvec >= 0x450000084922104 or pid & 0o204040 >= 32) "
    "and flags has all 578712552150663168\n"
    "kill process_vm_writev where (riovcnt within 35184372088832 or rvec == 3 and lvec <= "
    "0o1000000000) and liovcnt >= 8\n"
    "ask process_vm_writev where liovcnt has 2\n";

TEST(Choices, RulesOnManyWordsDoNotMultiply) {
  PolicyText p{std::string(tangled)};
  ASSERT_FALSE(p.diagnostics.has_errors()) << p.messages();
  auto compiled = filter::compile(p.store, p.rules());
  ASSERT_TRUE(compiled) << compiled.error().message;
  EXPECT_LT(compiled->program.size(), 200u);
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; i++) {
    filter::Input input{.number = 311, .arch = 0xc000003e, .args = {}};
    for (uint64_t& arg : input.args) arg = random() & random() & random();
    ASSERT_EQ(filter::evaluate(compiled->program, input).ret,
              filter::meaning(p.rules(), input).action.ret);
  }
}

}  // namespace
}  // namespace seclude::test
