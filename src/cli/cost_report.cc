// The cost of a filter; see cost_report.h.
#include "cli/cost_report.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "calls/calls.h"
#include "filter/code/weights.h"
#include "filter/cost.h"

namespace seclude::cli {

namespace {

// Usual calls, their arguments 0.
double expected(const Priced& priced, calls::Arch arch) {
  std::vector<filter::WeightedInput> inputs;
  for (const filter::CallWeight& one : filter::call_weights(arch, {})) {
    filter::WeightedInput input{.weight = one.share, .input = {}};
    input.input.arch = calls::info(arch).audit;
    input.input.number = one.number;
    inputs.push_back(input);
  }
  return filter::expected_instructions(priced.program, inputs, calls::info(arch).big_endian);
}

size_t filters_in_a_chain(size_t converted) {
  return filter::chain_limit_instructions / (converted + filter::chain_charge_per_filter);
}

double load_time(const Priced& priced) {
  return std::round(filter::estimated_load_microseconds(priced.program, priced.archs.front()));
}

}  // namespace

Json cost_json(const Priced& priced) {
  size_t converted = filter::converted_length(priced.program);
  Json document;
  document["instructions"] = priced.program.size();
  document["converted_instructions"] = converted;
  document["filters_in_a_chain"] = filters_in_a_chain(converted);
  document["load_microseconds"] = load_time(priced);
  Json archs = Json::array();
  for (calls::Arch arch : priced.archs) {
    Json entry;
    entry["arch"] = calls::info(arch).name;
    entry["mean_executed"] = expected(priced, arch);
    Json cacheable = Json::array();
    for (uint32_t number : filter::constant_allows(priced.program, arch))
      if (auto call = calls::call_at(arch, number)) cacheable.push_back(calls::name_of(*call));
    entry["cacheable"] = std::move(cacheable);
    archs.push_back(std::move(entry));
  }
  document["architectures"] = std::move(archs);
  return document;
}

std::string cost_text(const Priced& priced) {
  size_t converted = filter::converted_length(priced.program);
  std::string text = fmt::format(
      "  {} of {} instructions; {} after the kernel's conversion, so that "
      "{} such filters stack\n",
      priced.program.size(), filter::max_program_length, converted, filters_in_a_chain(converted));
  text += fmt::format("  about {:.0f} us to load (estimated)\n", load_time(priced));
  for (calls::Arch arch : priced.archs) {
    size_t cacheable = filter::constant_allows(priced.program, arch).size();
    text += fmt::format(
        "  {}: {:.1f} instructions per usual call where it runs; {} of {} calls are "
        "answered without running it (Linux 5.11 and later)\n",
        calls::info(arch).name, expected(priced, arch), cacheable, calls::numbers(arch).size());
  }
  return text;
}

}  // namespace seclude::cli
