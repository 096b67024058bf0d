// Expect: a proof must hold on every call anyone can think of, and fail only where one is wrong.
//
// In: random policies with a random `expect` line at the end. Out: where the checker says that it
// holds, every boundary input it speaks of gets that verdict by the generator's own reading; where
// it says that it fails, some input does not (nearly always found among the boundary inputs).
// Siblings (open for openat) are judged in tests/unit/filter_check_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "exhaustive/boundary_inputs.h"
#include "exhaustive/own_meaning.h"
#include "exhaustive/prepared.h"
#include "exhaustive/random_policy.h"
#include "exhaustive/random_predicate.h"
#include "filter/check.h"

namespace seclude::exhaustive {
namespace {

std::string_view word_of(uint32_t ret) {
  switch (ret & 0xffff0000) {
    case 0x80000000:
      return "kill";
    case 0x00000000:
      return "kill-thread";
    case 0x00030000:
      return "trap";
    case 0x00050000:
      return "deny";
    case 0x7fc00000:
      return "ask";
    case 0x7ff00000:
      return "trace";
    case 0x7ffc0000:
      return "log";
    default:
      return "allow";
  }
}

bool refused(std::string_view word) {
  return word == "deny" || word == "trap" || word.starts_with("kill");
}

// What the line says.
struct Expectation {
  CallId call = 0;
  std::string_view word;  // "refused", or an action
  std::optional<Pred> where;
  std::vector<Arch> archs;

  std::string text() const {
    std::string line = "expect " + std::string(word) + " " + std::string(calls::name_of(call));
    if (where) line += " where " + text_of(*where);
    if (archs.size() == 1) line += " on " + std::string(calls::info(archs[0]).name);
    return line + "\n";
  }
  bool meets(uint32_t ret) const {
    return word == "refused" ? refused(word_of(ret)) : word == word_of(ret);
  }
};

class Round {
 public:
  explicit Round(uint64_t seed) : random_(seed ^ 0xe8), spoken_(random_policy(seed)) {}

  bool draw() {
    std::vector<const Line*> rules;
    for (const Line& line : spoken_.lines)
      if (line.kind == Line::Kind::Rule && !line.calls.empty()) rules.push_back(&line);
    if (rules.empty()) return false;
    const Line& line = *random_.pick(rules);
    expect_.call = random_.pick(line.calls);
    bool narrow = line.on || random_.chance(30);
    expect_.archs = spoken_.archs;
    if (narrow) expect_.archs = {line.on ? *line.on : random_.pick(spoken_.archs)};
    std::erase_if(expect_.archs, [&](Arch arch) { return !exists(arch); });
    if (expect_.archs.empty() || (!narrow && expect_.archs != spoken_.archs)) return false;
    if (random_.chance(50))
      expect_.where = line.where;
    else if (random_.chance(60))
      add_condition();
    inputs_ = boundary_inputs(spoken_, random_, {.per_tested_call = 150, .per_other_number = 4});
    std::erase_if(inputs_, [&](const AskedCall& asked) { return !spoken_of(asked, false); });
    if (inputs_.empty()) return false;
    expect_.word = random_.chance(40) ? "refused" : word_of(own_.answer(random_.pick(inputs_)));
    return true;
  }

  // Whether the checker says that it holds.
  bool proven(filter::Store& store) const {
    store.clear();
    SourceMap sources;
    Diagnostics diagnostics;
    policy::Texts texts = policy::load({.name = "random.seclude", .text = text()}, no_other_text,
                                       sources, diagnostics);
    filter::Settings settings{.native = Arch::x86_64, .archs = {}, .parameters = {}};
    filter::Resolved resolved = filter::resolve(texts, settings, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << text() << render(diagnostics, sources);
    filter::check(store, texts, settings, resolved, diagnostics);
    for (const Diagnostic& one : diagnostics.all()) {
      if (one.severity != Severity::Error) continue;
      EXPECT_TRUE(one.message.starts_with("expectation failed") ||
                  one.message.starts_with("this expectation is about no call"))
          << one.message << "\n"
          << text();
    }
    return !diagnostics.has_errors();
  }

  // An input that the expectation speaks of and that gets something else.
  std::optional<AskedCall> counterexample() {
    Random random(spoken_.seed ^ 0xce);
    for (const AskedCall& asked :
         boundary_inputs(spoken_, random, {.per_tested_call = 300, .per_other_number = 20}))
      if (spoken_of(asked, expect_.word == "refused") && !expect_.meets(own_.answer(asked)))
        return asked;
    return std::nullopt;
  }

  bool about_itself_only() const { return expect_.word != "refused"; }
  std::string text() const { return text_of(spoken_) + expect_.text(); }

 private:
  bool exists(Arch arch) const { return calls::number_of(expect_.call, arch).has_value(); }

  void add_condition() {
    for (Arch arch : expect_.archs)
      if (calls::args(expect_.call, arch).empty()) return;
    expect_.where =
        random_predicate(random_, {{expect_.call}, expect_.archs, &numbers_, &spoken_.lets});
  }

  // `every_way`: also by the call's other forms, whose arguments are in memory.
  bool spoken_of(const AskedCall& asked, bool every_way) const {
    bool x32 = asked.number >> 30 == 1;
    for (Arch arch : expect_.archs) {
      if (calls::info(arch).audit != asked.audit) continue;
      if (arch == Arch::x86_64 && x32) continue;
      if (calls::number_of(expect_.call, arch) == asked.number) return matches(arch, asked);
      if (every_way && other_form(arch, asked)) return true;
    }
    return false;
  }
  bool matches(Arch arch, const AskedCall& asked) const {
    if (!expect_.where || !calls::place_of(expect_.call, arch, 0)) return true;
    return holds(*expect_.where, expect_.call, arch, asked.args);
  }
  bool other_form(Arch arch, const AskedCall& asked) const {
    for (CallId twin : calls::opaque_twins(expect_.call))
      if (calls::number_of(twin, arch) == asked.number) return true;
    auto form = calls::multiplexed(expect_.call, arch);
    return form && calls::number_of(form->carrier, arch) == asked.number &&
           (asked.args[0] & form->mask) == form->code;
  }

  Random random_;
  Spoken spoken_;
  OwnMeaning own_{spoken_};
  Expectation expect_;
  std::vector<uint64_t> numbers_;
  std::vector<AskedCall> inputs_;
};

TEST(Expect, HoldsOnEveryInputOrFailsOnOne) {
  uint64_t rounds = from_environment("SECLUDE_ROUNDS", 10000);
  uint64_t first = from_environment("SECLUDE_SEED", 1);
  filter::Store store;
  uint64_t held = 0, failed = 0, unconfirmed = 0;
  for (uint64_t seed = first; seed < first + rounds; seed++) {
    Round round(seed);
    if (!round.draw()) continue;
    bool proven = round.proven(store);
    auto wrong = round.counterexample();
    (proven ? held : failed)++;
    if (!proven && round.about_itself_only()) unconfirmed += !wrong;
    ASSERT_FALSE(proven && wrong) << "number " << wrong->number << " args " << std::hex
                                  << wrong->args[0] << " " << wrong->args[1] << " "
                                  << wrong->args[2] << " " << wrong->args[3] << " "
                                  << wrong->args[4] << " " << wrong->args[5] << std::dec
                                  << "\nSECLUDE_SEED=" << seed << " SECLUDE_ROUNDS=1\n"
                                  << round.text();
    ASSERT_FALSE(::testing::Test::HasFailure()) << "SECLUDE_SEED=" << seed;
  }
  std::printf("%llu expectations held, %llu failed (%llu without a boundary input that shows it)\n",
              static_cast<unsigned long long>(held), static_cast<unsigned long long>(failed),
              static_cast<unsigned long long>(unconfirmed));
  if (rounds < 1000) return;
  EXPECT_GT(held, rounds / 20);
  EXPECT_GT(failed, rounds / 20);
  EXPECT_LT(unconfirmed, failed / 10);
}

}  // namespace
}  // namespace seclude::exhaustive
