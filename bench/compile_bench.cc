// Compile time by passes: from a text of the language to a proven filter, with Google Benchmark.
//
// usage: compile_bench [--policies FOLDER] [benchmark flags]
// Every iteration compiles another text (another call is left out), with nothing kept from the one
// before. `three` is a policy for three architectures. Neighbours: measure_filters.cc has the same
// figure next to libseccomp's.
#include <benchmark/benchmark.h>

#include <cstring>

#include "base/result.h"

#include "filter/compile.h"
#include "filter/decide.h"
#include "filter/lift.h"
#include "more_policies.h"
#include "policy/load.h"

namespace {

using namespace seclude;
using namespace seclude::bench;

// Text to proven program; `last` stops earlier.
enum class Last { Load, Resolve, Decide, Emit, Compile };

void run(const std::string& text, Last last) {
  SourceMap sources;
  Diagnostics diagnostics;
  const policy::Texts texts =
      policy::load({"reference", text}, policy::built_in, sources, diagnostics);
  if (last == Last::Load) return;
  filter::Resolved resolved = filter::resolve(texts, {}, diagnostics);
  CHECK(!diagnostics.has_errors());
  if (last == Last::Resolve) return;
  const filter::Rules& rules = resolved.phases.front().rules;
  filter::Store store;
  if (last == Last::Compile) {
    CHECK(filter::compile(store, rules).has_value());
    return;
  }
  filter::Decision decision = decide(store, rules, filter::Mediated::AsAllow);
  if (last == Last::Emit) benchmark::DoNotOptimize(emit(store, rules, decision));
}

void compile_texts(benchmark::State& state, const std::vector<std::string>& texts, Last last) {
  size_t next = 0;
  for (auto _ : state) run(texts[next++ % texts.size()], last);
}

std::vector<std::string> texts_of(const PolicyFile& policy, const std::string& archs) {
  std::vector<std::string> texts;
  for (const auto& [number, rules] : policy.rules) {
    if (rules.front().where.kind != filter::Condition::Kind::Always) continue;
    PolicyFile other = policy;
    other.rules.erase(number);
    std::string text = text_of(other, number);
    text.replace(text.find("x86_64"), std::strlen("x86_64"), archs);
    texts.push_back(std::move(text));
  }
  return texts;
}

void add(const std::string& name, const std::vector<std::string>& texts) {
  constexpr std::pair<const char*, Last> passes[] = {{"load", Last::Load},
                                                     {"resolve", Last::Resolve},
                                                     {"decide", Last::Decide},
                                                     {"emit", Last::Emit},
                                                     {"proven", Last::Compile}};
  for (auto [pass, last] : passes)
    benchmark::RegisterBenchmark((name + "/" + pass).c_str(), compile_texts, texts, last)
        ->Unit(benchmark::kMicrosecond)
        ->Repetitions(9)
        ->ReportAggregatesOnly(true);
}

}  // namespace

int main(int count, char** words) {
  std::string folder = "policies";
  if (count > 2 && std::strcmp(words[1], "--policies") == 0) {
    folder = words[2];
    words[2] = words[0], words += 2, count -= 2;
  }
  for (const char* name : {"docker", "allow60", "fc-vmm", "args20"})
    if (auto policy = read_policy(folder + "/" + name + ".txt")) {
      add(name, texts_of(*policy, "x86_64"));
      if (std::strcmp(name, "docker") == 0)
        add("docker on three", texts_of(*policy, "x86_64, x86, aarch64"));
    }
  benchmark::Initialize(&count, words);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
