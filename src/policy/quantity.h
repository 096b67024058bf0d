// Quantity: the words and numbers of `limit` and `isolate`.
//
// In: a resource and the text after it. Out: its amount in the resource's own unit, or an error.
// The known resources and things are listed here, for the parser's errors and for the layers that
// enforce them. Neighbours: validate.h checks every statement; sandbox/ enforces.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/diagnostic.h"
#include "policy/policy.h"

namespace seclude::policy {

enum class Resource : uint8_t {
  Memory,
  Processes,
  Threads,
  CpuTime,
  Time,
  FileSize,
  OpenFiles,
  Output,
};
enum class Unit : uint8_t { Bytes, Milliseconds, Count };
enum class Thing : uint8_t { Network, Processes, Ipc, Tmp };

std::optional<Resource> find_resource(std::string_view name);  // "cpu-time"
std::string_view resource_name(Resource resource);
std::span<const std::string_view> resource_names();
Unit unit_of(Resource resource);

std::optional<Thing> find_thing(std::string_view name);  // "network"
std::span<const std::string_view> thing_names();

// "8G" -> 8 * 2^30 bytes, "1500ms" and "2m" -> milliseconds, "256" -> 256. Time always needs a
// unit; bytes may go without. nullopt after an error.
std::optional<uint64_t> parse_quantity(Resource resource, std::string_view text, Span span,
                                       Diagnostics& diagnostics);
// The resource and amount of a `limit`; nullopt after an error.
struct Quantity {
  Resource resource;
  uint64_t amount;
};
std::optional<Quantity> parse_quantity(const Limit& limit, Diagnostics& diagnostics);

}  // namespace seclude::policy
