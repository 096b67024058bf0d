// Agree: random policies, and whether everybody understands them alike.
//
// In: seeds (SECLUDE_SEED, SECLUDE_ROUNDS); each is compiled with one optimisation, with
// SECLUDE_EVERY_MODE=1 with all. Out: for each policy and each boundary input the answer
// of four voices: the generator's own reading of the text, filter::meaning on the rules, the
// decision, and the compiled program run as the kernel would. They must be the same, and no policy
// may be refused.
// A failure prints the policy and the seed that makes it again: SECLUDE_SEED=N SECLUDE_ROUNDS=1.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>

#include "exhaustive/boundary_inputs.h"
#include "exhaustive/own_meaning.h"
#include "exhaustive/prepared.h"
#include "exhaustive/random_policy.h"
#include "filter/check.h"
#include "filter/compile.h"
#include "filter/evaluate.h"
#include "filter/meaning.h"

namespace seclude::exhaustive {
namespace {

using filter::Input;

struct Counts {
  uint64_t inputs = 0, instructions = 0, allowed = 0, refused = 0;
};

// One policy at every stage; says what is wrong, empty when all agree.
class Round {
 public:
  Round(uint64_t seed, filter::Store& store, Counts& counts)
      : seed_(seed), store_(store), counts_(counts), spoken_(random_policy(seed)) {}

  std::string run(bool with_checks) {
    store_.clear();
    SourceMap sources;
    Diagnostics diagnostics;
    policy::Texts texts = policy::load({.name = "random.seclude", .text = text_of(spoken_)},
                                       no_other_text, sources, diagnostics);
    filter::Settings settings{.native = Arch::x86_64, .archs = {}, .parameters = {}};
    filter::Resolved resolved = filter::resolve(texts, settings, diagnostics);
    if (with_checks && !diagnostics.has_errors())
      filter::check(store_, texts, settings, resolved, diagnostics);
    if (diagnostics.has_errors())
      return "refused: " + render(diagnostics, sources, {.plain = true});
    rules_ = &resolved.phases.at(0).rules;
    ask();
    std::string problem;
    for (size_t mode = 0; mode < mode_count && problem.empty(); ++mode)
      if (every_mode_ || mode == seed_ % mode_count) problem = compile_and_compare(mode);
    return problem;
  }
  std::string text() const { return text_of(spoken_); }

 private:
  struct Asked {
    Input input;
    uint32_t answer, oracle;
  };

  // Each optimisation, for kernels with and without the bitmap.
  static constexpr size_t mode_count = 6;

  std::string compile_and_compare(size_t mode) {
    using filter::Optimise;
    filter::EmitOptions options;
    options.optimise = std::array{Optimise::Size, Optimise::Balanced, Optimise::Speed}[mode / 2];
    options.kernel_has_bitmap = mode % 2 == 0;
    store_.clear();
    auto compiled = filter::compile(store_, *rules_, options);
    if (compiled) return compare(*compiled);
    std::string why = "not compiled: " + compiled.error().message;
    if (compiled.error().witness) why += ": " + show(compiled.error().witness->input);
    return why;
  }

  // The boundary inputs, and what the text and its rules say of each: the same for all modes.
  void ask() {
    Random random(seed_ ^ 0x5eed);
    OwnMeaning own(spoken_);
    for (const AskedCall& asked : boundary_inputs(spoken_, random)) {
      Input input{.number = asked.number,
                  .arch = asked.audit,
                  .instruction_pointer = random.next(),
                  .args = asked.args};
      asked_.push_back({input, own.answer(asked), filter::meaning(*rules_, input).action.ret});
    }
  }

  std::string compare(const filter::Compiled& compiled) {
    for (const auto& [input, answer, oracle] : asked_) {
      uint32_t decided = store_.evaluate(compiled.decision.at(input.arch, input.number), input);
      auto run = filter::evaluate(compiled.program, input, compiled.big_endian);
      counts_.inputs++;
      counts_.instructions += run.executed;
      (filter::Action{answer}.refuses() ? counts_.refused : counts_.allowed)++;
      if (answer == oracle && answer == decided && answer == run.ret) continue;
      auto name = [](uint32_t ret) { return to_string(filter::Action{ret}, Arch::x86_64); };
      return show(input) + "\nthe text says " + name(answer) + ", meaning " + name(oracle) +
             ", the decision " + name(decided) + ", the program " + name(run.ret);
    }
    return "";
  }

  static std::string show(const Input& input) {
    char text[200];
    std::snprintf(text, sizeof text,
                  "arch 0x%x number %u (0x%x) args 0x%llx 0x%llx 0x%llx 0x%llx "
                  "0x%llx 0x%llx",
                  input.arch, input.number, input.number,
                  static_cast<unsigned long long>(input.args[0]),
                  static_cast<unsigned long long>(input.args[1]),
                  static_cast<unsigned long long>(input.args[2]),
                  static_cast<unsigned long long>(input.args[3]),
                  static_cast<unsigned long long>(input.args[4]),
                  static_cast<unsigned long long>(input.args[5]));
    return text;
  }

  uint64_t seed_;
  filter::Store& store_;
  Counts& counts_;
  Spoken spoken_;
  const filter::Rules* rules_ = nullptr;
  std::vector<Asked> asked_;
  const bool every_mode_ = from_environment("SECLUDE_EVERY_MODE", 0) != 0;
};

TEST(Agree, RandomPolicies) {
  uint64_t rounds = from_environment("SECLUDE_ROUNDS", 100000);
  uint64_t first = from_environment("SECLUDE_SEED", 1);
  filter::Store store;
  Counts counts;
  auto start = std::chrono::steady_clock::now();
  int failures = 0;
  for (uint64_t seed = first; seed < first + rounds && failures < 5; seed++) {
    Round round(seed, store, counts);
    std::string problem = round.run(seed % 8 == 0 || rounds == 1);
    if (problem.empty()) continue;
    failures++;
    ADD_FAILURE() << problem << "\nSECLUDE_SEED=" << seed << " SECLUDE_ROUNDS=1\n" << round.text();
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%llu policies from seed %llu, %llu inputs (%llu refused, %llu not), %.1f s\n",
              static_cast<unsigned long long>(rounds), static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(counts.inputs),
              static_cast<unsigned long long>(counts.refused),
              static_cast<unsigned long long>(counts.allowed), seconds);
  // The generator must not have become one-sided.
  EXPECT_GT(counts.refused, counts.inputs / 20);
  EXPECT_GT(counts.allowed, counts.inputs / 20);
}

}  // namespace
}  // namespace seclude::exhaustive
