// Unlift: every policy's decision, written out as a new policy, means the same.
//
// In: random policies of one byte order. Out: the text that unlift makes of their decision says
// all of it; the compared decisions are exact, so nothing else needs to be tried. What no text can
// say (see unlift.h) does not occur in decisions of policies.
#include "filter/inspection/unlift.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "exhaustive/prepared.h"
#include "exhaustive/random.h"
#include "exhaustive/random_policy.h"
#include "filter/decide.h"
#include "filter/show.h"

namespace seclude::exhaustive {
namespace {

bool one_byte_order(const Spoken& policy) {
  return std::all_of(policy.archs.begin(), policy.archs.end(), [&](Arch arch) {
    return calls::info(arch).big_endian == calls::info(policy.archs.front()).big_endian;
  });
}

std::string said(const filter::Unlifted& unlifted) {
  std::string text = unlifted.problem + "\n" + unlifted.text;
  for (const filter::CallDifference& one : unlifted.unsaid)
    text += filter::show(one.example) + ": " + filter::to_string(one.left, Arch::x86_64) +
            " became " + filter::to_string(one.right, Arch::x86_64) + "\n";
  return text;
}

TEST(Unlift, SaysAllOfRandomPolicies) {
  uint64_t rounds = std::min<uint64_t>(from_environment("SECLUDE_ROUNDS", 3000), 100000);
  uint64_t first = from_environment("SECLUDE_SEED", 1);
  filter::Store store(1 << 18);
  size_t tried = 0, conditional = 0, left_out = 0;
  for (uint64_t seed = first; seed < first + rounds; seed++) {
    Spoken policy = random_policy(seed);
    if (policy.archs.empty() || !one_byte_order(policy)) continue;
    auto rules = rules_of(policy);
    ASSERT_TRUE(rules);
    store.clear();
    filter::Decision decision = filter::decide(store, *rules, filter::Mediated::AsAllow);
    filter::Unlifted unlifted =
        filter::unlift(store, decision, {.name = "random", .arch = policy.archs.front()});
    ASSERT_EQ(unlifted.problem, "") << "SECLUDE_SEED=" << seed << "\n"
                                    << text_of(policy) << unlifted.text;
    // What would take hundreds of comparisons is left out, and said so.
    left_out += !unlifted.left_out.empty();
    std::erase_if(unlifted.unsaid, [&](const filter::CallDifference& one) {
      return one.call && std::count(unlifted.left_out.begin(), unlifted.left_out.end(), *one.call);
    });
    // What a line says of a call for some arguments, it says of all inside socketcall and ipc,
    // where they are in memory; a decision that does not has no text.
    std::erase_if(unlifted.unsaid, [](const filter::CallDifference& one) {
      return one.call && calls::is_carrier(*one.call);
    });
    ASSERT_TRUE(unlifted.unsaid.empty()) << "SECLUDE_SEED=" << seed << "\n"
                                         << text_of(policy) << said(unlifted);
    tried++;
    conditional += unlifted.text.find(" where ") != std::string::npos;
  }
  std::printf("%zu policies written out, %zu with conditions, %zu not completely\n", tried,
              conditional, left_out);
  if (rounds > 100) {
    EXPECT_GT(conditional, rounds / 10);
    EXPECT_LT(left_out, rounds / 10);
  }
}

}  // namespace
}  // namespace seclude::exhaustive
