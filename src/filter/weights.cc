// Weights: see weights.h.
#include "filter/weights.h"

#include <algorithm>
#include <span>

#include "calls/calls.h"

namespace seclude::filter {
namespace {

#include "filter/weights.inc"

std::span<const CallWeight> default_weights(calls::Arch arch) {
  switch (arch) {
    case calls::Arch::x86_64:
      return x86_64_weights;
    case calls::Arch::x32:
      return x32_weights;
    case calls::Arch::x86:
      return x86_weights;
    case calls::Arch::aarch64:
      return aarch64_weights;
    case calls::Arch::arm:
      return arm_weights;
    case calls::Arch::riscv64:
      return riscv64_weights;
    case calls::Arch::ppc64le:
      return ppc64le_weights;
    case calls::Arch::s390x:
      return s390x_weights;
    case calls::Arch::loongarch64:
      return loongarch64_weights;
    case calls::Arch::mips64:
      return mips64_weights;
  }
  return {};
}

}  // namespace

std::vector<CallWeight> call_weights(calls::Arch arch,
                                     const std::map<std::string, double, std::less<>>& recorded) {
  if (recorded.empty()) {
    std::span<const CallWeight> weights = default_weights(arch);
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

}  // namespace seclude::filter
