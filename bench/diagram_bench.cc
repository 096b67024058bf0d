// Diagram bench: how long the proof takes, that is, deciding a policy and lifting a program.
//
// usage: diagram_bench [--benchmark_...] (run from anywhere; policies are found in the source tree)
// Per reference policy: decide, lift of our own program, clear + decide + lift + compare as compile
// does it. Per foreign shape: a linear filter of many numbers, the same for three architectures
// with the number loaded again after arguments, and one that needs the general half of the lifter.
#include <benchmark/benchmark.h>

#include <string>

#include "base/result.h"
#include "filter/decide.h"
#include "filter/emit.h"
#include "filter/lift.h"
#include "filter/lifting/lift_words.h"
#include "reference.h"

namespace {

using namespace seclude;
using namespace seclude::filter;

Rules policy(const std::string& name) {
  std::string path = std::string(SECLUDE_SOURCE_DIR) + "/bench/policies/" + name + ".txt";
  std::optional<bench::PolicyFile> file = bench::read_policy(path);
  CHECK(file.has_value());
  return bench::rules_of(*std::move(file));
}

Program compiled(Store& store, const Rules& rules) {
  return emit(store, rules, decide(store, rules, Mediated::AsAllow));
}

void decide_policy(benchmark::State& state, const std::string& name) {
  Store store;
  Rules rules = policy(name);
  for (auto _ : state) {
    store.clear();
    benchmark::DoNotOptimize(decide(store, rules, Mediated::AsAllow));
  }
  state.counters["nodes"] = store.node_count();
}

void lift_own(benchmark::State& state, const std::string& name) {
  Store store;
  Program program = compiled(store, policy(name));
  for (auto _ : state) {
    store.clear();
    benchmark::DoNotOptimize(lift(store, program));
  }
  state.counters["instructions"] = static_cast<double>(program.size());
}

void decide_lift_compare(benchmark::State& state, const std::string& name) {
  Store store;
  Rules rules = policy(name);
  Program program = compiled(store, rules);
  for (auto _ : state) {
    store.clear();
    Decision decision = decide(store, rules, Mediated::AsAllow);
    auto lifted = lift(store, program);
    CHECK(std::get<Decision>(lifted) == decision);
  }
}

BENCHMARK_CAPTURE(decide_policy, allow60, "allow60");
BENCHMARK_CAPTURE(decide_policy, args20, "args20");
BENCHMARK_CAPTURE(lift_own, allow60, "allow60");
BENCHMARK_CAPTURE(lift_own, args20, "args20");
BENCHMARK_CAPTURE(decide_lift_compare, allow60, "allow60");
BENCHMARK_CAPTURE(decide_lift_compare, args20, "args20");

// ---- foreign programs ---------------------------------------------------------------------------

constexpr uint32_t allow = Action::allow_, deny = Action::errno_ | 1;

// arch; then for each of `count` numbers one JEQ; every tenth looks at an argument.
void append_linear(Program& program, uint32_t audit, uint32_t count, bool reload) {
  Program body{{op::ld_abs, 0, 0, offset_number}};
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t number = i * 3 / 2;
    if (i % 10 != 0) {
      body.insert(body.end(), {{op::jeq_k, 0, 1, number}, {op::ret_k, 0, 0, allow}});
      continue;
    }
    body.insert(body.end(), {{op::jeq_k, 0, static_cast<uint8_t>(reload ? 4 : 3), number},
                             {op::ld_abs, 0, 0, offset_args + 8},
                             {op::jeq_k, 0, static_cast<uint8_t>(reload ? 1 : 0), i},
                             {op::ret_k, 0, 0, allow}});
    if (reload) body.push_back({op::ld_abs, 0, 0, offset_number});
  }
  body.push_back({op::ret_k, 0, 0, deny});
  program.insert(program.end(), {{op::ld_abs, 0, 0, offset_arch},
                                 {op::jeq_k, 1, 0, audit},
                                 {op::ja, 0, 0, static_cast<uint32_t>(body.size())}});
  program.insert(program.end(), body.begin(), body.end());
}

Program linear(uint32_t archs, uint32_t count, bool reload) {
  Program program;
  constexpr uint32_t audits[] = {0xc000003e, 0x40000003, 0xc00000b7};
  for (uint32_t i = 0; i < archs; ++i) append_linear(program, audits[i], count, reload);
  program.push_back({op::ret_k, 0, 0, Action::kill_process});
  CHECK(!invalid(program));
  return program;
}

void lift_foreign(benchmark::State& state, const Program& program) {
  Store store(1 << 20);
  for (auto _ : state) {
    store.clear();
    auto lifted = lift(store, program);
    CHECK(std::holds_alternative<Decision>(lifted));
  }
  state.counters["instructions"] = static_cast<double>(program.size());
  state.counters["nodes"] = store.node_count();
}

void lift_foreign_by_words(benchmark::State& state, const Program& program) {
  Store store(1 << 20);
  for (auto _ : state) {
    store.clear();
    auto lifted = lift_words(store, program, false);
    CHECK(std::holds_alternative<Id>(lifted));
    benchmark::DoNotOptimize(split(store, std::get<Id>(lifted)));
  }
  state.counters["nodes"] = store.node_count();
}

BENCHMARK_CAPTURE(lift_foreign, linear300, linear(1, 300, false));
BENCHMARK_CAPTURE(lift_foreign, linear300_reloading, linear(1, 300, true));
BENCHMARK_CAPTURE(lift_foreign, three_archs, linear(3, 300, true));
BENCHMARK_CAPTURE(lift_foreign_by_words, linear300, linear(1, 300, false));
BENCHMARK_CAPTURE(lift_foreign_by_words, three_archs, linear(3, 300, true));

}  // namespace

BENCHMARK_MAIN();
