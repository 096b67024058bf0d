// Amounts with units; see quantity.h.
#include "policy/quantity.h"

#include <array>
#include <string>
#include <utility>

#include "base/text.h"

namespace seclude::policy {

namespace {

// In the order of the enumerators.
constexpr auto resources = std::to_array<std::string_view>(
    {"memory", "processes", "threads", "cpu-time", "time", "file-size", "open-files", "output"});
constexpr auto things = std::to_array<std::string_view>({"network", "processes", "ipc", "tmp"});

struct Scale {
  std::string_view suffix;
  uint64_t factor;
};

constexpr Scale bytes[] = {{"", 1},           {"B", 1},          {"K", 1ull << 10},
                           {"M", 1ull << 20}, {"G", 1ull << 30}, {"T", 1ull << 40}};
constexpr Scale milliseconds[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr Scale counts[] = {{"", 1}};

std::span<const Scale> scales(Unit unit) {
  switch (unit) {
    case Unit::Bytes:
      return bytes;
    case Unit::Milliseconds:
      return milliseconds;
    case Unit::Count:
      return counts;
  }
  return {};
}

std::string_view forms(Unit unit) {
  switch (unit) {
    case Unit::Bytes:
      return "bytes are written 4096, 64K, 512M, 8G or 1T (powers of 1024)";
    case Unit::Milliseconds:
      return "times are written 500ms, 60s, 5m or 2h";
    case Unit::Count:
      return "write a whole number, such as 256";
  }
  return {};
}

template <typename Enum, size_t size>
std::optional<Enum> find(const std::array<std::string_view, size>& names, std::string_view name) {
  for (size_t i = 0; i < size; i++)
    if (names[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

// Nothing runs within none of these; of files, bytes written and output, none at all makes sense.
bool may_be_zero(Resource resource) {
  return resource == Resource::FileSize || resource == Resource::OpenFiles ||
         resource == Resource::Output;
}

}  // namespace

std::optional<Resource> find_resource(std::string_view name) {
  return find<Resource>(resources, name);
}
std::string_view resource_name(Resource resource) {
  return resources[static_cast<size_t>(resource)];
}
std::span<const std::string_view> resource_names() { return resources; }
std::optional<Thing> find_thing(std::string_view name) { return find<Thing>(things, name); }
std::span<const std::string_view> thing_names() { return things; }

Unit unit_of(Resource resource) {
  switch (resource) {
    case Resource::Memory:
    case Resource::FileSize:
    case Resource::Output:
      return Unit::Bytes;
    case Resource::CpuTime:
    case Resource::Time:
      return Unit::Milliseconds;
    case Resource::Processes:
    case Resource::Threads:
    case Resource::OpenFiles:
      return Unit::Count;
  }
  return Unit::Count;
}

std::optional<uint64_t> parse_quantity(Resource resource, std::string_view text, Span span,
                                       Diagnostics& diagnostics) {
  auto fail = [&](std::string message, std::string_view help) -> std::nullopt_t {
    diagnostics.error(span, std::move(message)).helps.emplace_back(help);
    return std::nullopt;
  };
  Unit unit = unit_of(resource);
  size_t digits = text.find_first_not_of("0123456789");
  std::string_view suffix = digits == std::string_view::npos ? "" : text.substr(digits);
  std::optional<uint64_t> number = parse_integer(text.substr(0, digits));
  std::string shown = "`" + escape(text, 40) + "`";
  if (!number) return fail(shown + " is no quantity", forms(unit));
  for (const Scale& scale : scales(unit)) {
    if (scale.suffix != suffix) continue;
    if (*number > UINT64_MAX / 2 / scale.factor) return fail(shown + " is too much", forms(unit));
    if (*number == 0 && !may_be_zero(resource))
      return fail("nothing can run with `" + std::string(resource_name(resource)) + "` at 0",
                  "leave the limit out, or give at least 1");
    return *number * scale.factor;
  }
  if (suffix.empty())
    return fail("a time needs a unit", "write `" + std::string(text) + "s`, or ms, m, h");
  return fail(
      "`" + escape(suffix, 40) + "` is no unit of `" + std::string(resource_name(resource)) + "`",
      forms(unit));
}

std::optional<Quantity> parse_quantity(const Limit& limit, Diagnostics& diagnostics) {
  std::optional<Resource> resource = find_resource(limit.resource.text);
  if (!resource) {
    Diagnostic& problem = diagnostics.error(
        limit.resource.span, "unknown resource `" + escape(limit.resource.text, 60) + "`");
    auto near = nearest(limit.resource.text, resource_names());
    problem.helps.push_back(near ? "did you mean `" + std::string(*near) + "`?"
                                 : "resources are memory, processes, threads, cpu-time, time, "
                                   "file-size, open-files and output");
    return std::nullopt;
  }
  std::optional<uint64_t> amount =
      parse_quantity(*resource, limit.quantity, limit.quantity_span, diagnostics);
  if (!amount) return std::nullopt;
  return Quantity{*resource, *amount};
}

}  // namespace seclude::policy
