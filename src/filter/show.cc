// Prints a concrete call with typed arguments; see show.h.
#include "filter/show.h"

#include <fmt/format.h>

#include "calls/constants.h"

namespace seclude::filter {

std::optional<calls::Arch> arch_of(const Input& input) {
  for (calls::Arch arch : calls::all_archs) {
    if (calls::info(arch).audit != input.arch) continue;
    bool x32 = input.arch == calls::info(calls::Arch::x32).audit && input.number >> 30 == 1;
    if (x32 == (arch == calls::Arch::x32)) return arch;
  }
  return std::nullopt;
}

std::optional<uint64_t> argument(const Input& input, calls::CallId call, calls::Arch arch,
                                 size_t index) {
  auto place = calls::place_of(call, arch, index);
  if (!place) return std::nullopt;
  uint64_t value = input.args[place->low];
  if (place->high) return (value & 0xffffffff) | input.args[*place->high] << 32;
  return value;
}

std::optional<KnownCall> known_call(const Input& input) {
  const auto arch = arch_of(input);
  const auto call = arch ? calls::call_at(*arch, input.number) : std::nullopt;
  if (!call) return std::nullopt;
  return KnownCall{*arch, *call};
}

std::string show(const Input& input) {
  auto arch = arch_of(input);
  if (!arch) return fmt::format("call {} of architecture {:#x}", input.number, input.arch);
  auto call = calls::call_at(*arch, input.number);
  if (!call) return fmt::format("call {}", static_cast<int32_t>(input.number));
  std::string text(calls::name_of(*call));
  text += "(";
  auto args = calls::args(*call, *arch);
  for (size_t i = 0; i < args.size(); i++) {
    if (i > 0) text += ", ";
    text += args[i].kernel_name;
    text += ": ";
    auto value = argument(input, *call, *arch, i);
    text += value ? calls::show(*value, args[i], *arch) : "in memory";
  }
  return text + ")";
}

}  // namespace seclude::filter
