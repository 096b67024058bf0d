// Measures what emit() makes of reference policies: size, instructions per call over recorded
// mixes.
//
// usage: measure_filters MIX_DIR POLICY.txt...
// One row per policy and setting: instructions / mean executed per allowed call, over all mixes and
// over those the default weights never saw (gcc, python, redis) / on argument-checked calls /
// calls the kernel's bitmap answers of those the policy allows unconditionally / converted length /
// microseconds to decide and to emit.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "filter/decide.h"
#include "filter/emit.h"
#include "filter/evaluate.h"
#include "reference.h"

namespace {

using namespace seclude;
using filter::Program;

struct Setting {
  const char* name;
  filter::EmitOptions options;
};

struct Means {
  double allowed = 0, unseen = 0, checked = 0;
};

bool has_argument_check(const filter::Rules& rules, uint32_t number) {
  const filter::ArchRules& arch = rules.archs[0];
  for (const filter::NumberRules& listed : arch.numbers)
    if (listed.number == number)
      return listed.end_rule > listed.first_rule &&
             arch.rules[listed.first_rule].where.kind != filter::Condition::Kind::Always;
  return false;
}

Means means_of(const Program& program, const filter::Rules& rules,
               const std::vector<bench::Mix>& mixes) {
  std::vector<filter::WeightedInput> allowed, unseen, checked;
  for (const bench::Mix& mix : mixes) {
    double total = 0;
    for (const filter::WeightedInput& call : mix.calls) total += call.weight;
    bool is_unseen = mix.name == "gcc" || mix.name == "python" || mix.name == "redis";
    for (filter::WeightedInput call : mix.calls) {
      if (evaluate(program, call.input).ret != filter::Action::allow_) continue;
      if (has_argument_check(rules, call.input.number)) checked.push_back(call);
      if (std::getenv("PER_MIX")) call.weight /= total;
      allowed.push_back(call);
      if (is_unseen) unseen.push_back(call);
    }
  }
  return {expected_instructions(program, allowed), expected_instructions(program, unseen),
          expected_instructions(program, checked)};
}

double microseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

void measure(const std::string& path, const Setting& setting,
             const std::vector<bench::Mix>& mixes) {
  std::optional<filter::Rules> rules = bench::read_policy(path);
  if (!rules) return void(std::fprintf(stderr, "%s: cannot read\n", path.c_str()));
  filter::Store store;
  Program program;
  std::vector<double> decide_times, emit_times;
  for (int i = 0; i < 200; ++i) {
    store.clear();
    auto start = std::chrono::steady_clock::now();
    filter::Decision decision = decide(store, *rules, filter::Mediated::AsAllow);
    decide_times.push_back(microseconds_since(start));
    start = std::chrono::steady_clock::now();
    program = emit(store, *rules, decision, setting.options);
    emit_times.push_back(microseconds_since(start));
  }
  std::sort(decide_times.begin(), decide_times.end());
  std::sort(emit_times.begin(), emit_times.end());
  if (std::getenv("DUMP")) std::puts(disassemble(program, calls::Arch::x86_64).c_str());
  Means means = means_of(program, *rules, mixes);
  std::printf(
      "%-8s %-14s %4zu  %5.2f (%5.2f)  %5.2f  bitmap %3zu  converted %4zu  load %4.0f  "
      "%4.0f + %4.0f us\n",
      std::filesystem::path(path).stem().c_str(), setting.name, program.size(), means.allowed,
      means.unseen, means.checked, constant_allows(program, calls::Arch::x86_64).size(),
      converted_length(program), estimated_load_microseconds(program, calls::Arch::x86_64),
      decide_times[decide_times.size() / 2], emit_times[emit_times.size() / 2]);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: measure_filters MIX_DIR POLICY.txt...\n"), 2;
  std::vector<bench::Mix> mixes;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    if (entry.path().string().ends_with(".args.tsv"))
      if (std::optional<bench::Mix> mix = bench::read_mix(entry.path().string()))
        mixes.push_back(*mix);
  using filter::Optimise;
  const std::array<Setting, 4> settings = {{{"default", {}},
                                            {"size", {Optimise::Size, true, {}}},
                                            {"before 5.11", {Optimise::Balanced, false, {}}},
                                            {"speed, before", {Optimise::Speed, false, {}}}}};
  for (int i = 2; i < argc; ++i)
    for (const Setting& setting : settings) measure(argv[i], setting, mixes);
  return 0;
}
