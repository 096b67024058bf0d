// Weights: see weights.h.
#include "filter/code/weights.h"

#include <algorithm>
#include <span>

#include "calls/calls.h"

namespace seclude::filter {
namespace {

#include "filter/weights.inc"

struct Defaults {
  std::span<const CallWeight> calls;
  std::span<const ArgumentWeight> arguments;
};

Defaults defaults(calls::Arch arch) {
  using calls::Arch;
  switch (arch) {
    case Arch::x86_64:
      return {x86_64_weights, x86_64_arguments};
    case Arch::x32:
      return {x32_weights, x32_arguments};
    case Arch::x86:
      return {x86_weights, x86_arguments};
    case Arch::aarch64:
      return {aarch64_weights, aarch64_arguments};
    case Arch::arm:
      return {arm_weights, arm_arguments};
    case Arch::riscv64:
      return {riscv64_weights, riscv64_arguments};
    case Arch::ppc64le:
      return {ppc64le_weights, ppc64le_arguments};
    case Arch::s390x:
      return {s390x_weights, s390x_arguments};
    case Arch::loongarch64:
      return {loongarch64_weights, loongarch64_arguments};
    case Arch::mips64:
      return {mips64_weights, mips64_arguments};
  }
  return {};
}

}  // namespace

std::vector<CallWeight> call_weights(calls::Arch arch,
                                     const std::map<std::string, double, std::less<>>& recorded) {
  if (recorded.empty()) {
    std::span<const CallWeight> weights = defaults(arch).calls;
    return {weights.begin(), weights.end()};
  }
  std::vector<CallWeight> weights;
  double total = 0;
  for (const auto& [name, count] : recorded) {
    std::optional<calls::CallId> call = calls::find_call(name);
    std::optional<uint32_t> number = call ? calls::number_of(*call, arch) : std::nullopt;
    if (!number || count <= 0) continue;
    weights.push_back({*number, static_cast<float>(count)});
    total += count;
  }
  std::sort(weights.begin(), weights.end(),
            [](const CallWeight& a, const CallWeight& b) { return a.number < b.number; });
  for (CallWeight& weight : weights) weight.share /= static_cast<float>(total);
  return weights;
}

std::span<const ArgumentWeight> argument_weights(calls::Arch arch, uint32_t number) {
  std::span<const ArgumentWeight> all = defaults(arch).arguments;
  auto before = [](const ArgumentWeight& weight, uint32_t wanted) {
    return weight.number < wanted;
  };
  auto first = std::lower_bound(all.begin(), all.end(), number, before);
  auto end = std::lower_bound(first, all.end(), number + 1, before);
  return {first, end};
}

}  // namespace seclude::filter
