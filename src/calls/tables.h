// Tables: the arrays that tools/make_tables.py makes of data/*.tsv, as this room's files see them.
//
// In: generated/calls/call_tables.cc and constant_tables.cc define everything declared here, as
// plain aggregates: nothing runs at start-up. Out: nothing; only the .cc files of this room include
// this. The numbers of calls are in calls.h; absent ones are UINT32_MAX there and nowhere outside.
// Neighbours: calls.h, constants.h are the look-ups.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "calls/arch.h"
#include "calls/calls.h"
#include "calls/constants.h"

namespace seclude::calls::tables {

// FNV-1a with its high bits folded in; make_tables.py fills the slots with the same function.
inline uint32_t hash_of(std::string_view name) {
  uint32_t value = 0x811c9dc5;
  for (char c : name) value = (value ^ static_cast<uint8_t>(c)) * 0x01000193;
  return value ^ (value >> 15);
}

// ---- calls --------------------------------------------------------------------------------------

extern const std::span<const Call> calls;
extern const uint16_t call_slots[2048];  // open addressing: index + 1, or 0

// Those of one call, from since_starts[call] up to since_starts[call + 1]: asked for every call of
// every set and architecture.
struct SinceException {
  Arch arch;
  KernelVersion since;
};
extern const SinceException since_exceptions[];
extern const uint16_t since_starts[];

// dense[number - first] is the call + 1, or 0; numbers beyond it (arm's 0xf0000) are in sorted
// only.
struct NumberTable {
  uint32_t first;
  std::span<const uint16_t> dense;
  std::span<const Numbered> sorted;
};
extern const NumberTable number_tables[arch_count];

// ---- arguments ----------------------------------------------------------------------------------

struct ArgRange {
  uint16_t first;
  uint8_t count;
};
extern const Arg arg_rows[];
extern const ArgRange arg_ranges[][arch_count];

// Further names the man pages have had for an argument ("request" and "op" of ioctl).
struct OtherName {
  CallId call;
  uint8_t arg;
  std::string_view name;
};
extern const std::span<const OtherName> other_names;

struct InMemory {
  CallId call;
  Arch arch;
};
extern const std::span<const InMemory> in_memory;

// ---- relatives ----------------------------------------------------------------------------------

struct Carrier {
  CallId call;
  uint32_t mask;
  std::span<const Code> codes;
};
extern const std::span<const Carrier> carriers;

struct Twins {
  CallId call;
  std::span<const CallId> twins;
};
extern const std::span<const Twins> twins;  // sorted by call

struct ListRange {
  uint16_t first;
  uint16_t count;
};
struct SiblingLists {
  ListRange free, pinned;  // into sibling_lists
};
struct SiblingRow {
  CallId call;
  SiblingLists lists[arch_count];
};
extern const Sibling sibling_lists[];
extern const std::span<const SiblingRow> sibling_rows;  // sorted by call

// ---- constants ----------------------------------------------------------------------------------

extern const std::span<const Constant> constants;
extern const uint16_t constant_slots[16384];

// A uniform constant has one value, at `first`; others one per architecture, from `first` on.
struct ConstantValue {
  uint16_t first;
  uint16_t archs;  // bit i: exists on all_archs[i]
  bool uniform;
  bool alias;  // never printed: another name says the same better
};
extern const uint64_t constant_values[];
extern const ConstantValue constant_value_rows[];

inline constexpr uint16_t no_constant = UINT16_MAX;
struct SetInfo {
  std::string_view name;
  std::span<const uint16_t> members;  // indices of constants
  uint64_t field;                     // mask of the part that is one of several values, or 0
  uint16_t field_constant;            // the constant that is this mask, or no_constant
  std::string_view field_set;         // the set of those values, when it is another
  std::string_view also;              // another set whose constants may be there too, or empty
};
extern const std::span<const SetInfo> sets;  // sorted by name

}  // namespace seclude::calls::tables
