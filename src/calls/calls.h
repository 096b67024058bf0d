// Calls: what the kernel's system calls are.
//
// In: data/syscalls.tsv, data/prototypes.tsv, data/relatives.tsv, turned into sorted constexpr
// arrays by tools/make_tables.py at build time. Out: look-ups by name and by number, arguments with
// the width the kernel really reads, and which calls stand for which others.
// Neighbours: arch.h (registers), constants.h (values of names).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "calls/arch.h"

namespace seclude::calls {

// Index into the table of all calls, sorted by name.
using CallId = uint16_t;

namespace tables {  // see tables.h
inline constexpr uint32_t absent = UINT32_MAX;
extern const uint32_t call_numbers[][arch_count];
}  // namespace tables

struct KernelVersion {
  uint16_t major = 0, minor = 0;
  friend auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

struct Call {
  std::string_view name;
  KernelVersion since;  // 0.0: always
};

std::span<const Call> all_calls();
std::optional<CallId> find_call(std::string_view name);
inline std::string_view name_of(CallId id) { return all_calls()[id].name; }
// The number in seccomp_data.nr (x32: with bit 30), or nullopt where the call does not exist.
// (Asked for each call of each line, hence here.)
inline std::optional<uint32_t> number_of(CallId id, Arch arch) {
  uint32_t number = tables::call_numbers[id][static_cast<size_t>(arch)];
  if (number == tables::absent) return std::nullopt;
  return number;
}
// The call with this number; where two names share one number, the first by name.
std::optional<CallId> call_at(Arch arch, uint32_t number);
// All (number, call) of an architecture, sorted by number, one per number.
struct Numbered {
  uint32_t number;
  CallId call;
};
std::span<const Numbered> numbers(Arch arch);
// First kernel that has the call on this architecture.
KernelVersion since(CallId id, Arch arch);

// ---- arguments ----------------------------------------------------------------------------------

enum class ArgKind : uint8_t {
  Word,  // a number: int, size, id
  Fd,
  Pid,
  Signal,
  Mode,
  Flags,    // a set of bits; `set` names its constants
  Enum,     // one of the constants of `set`
  Path,     // address of a path
  Address,  // address of something else: a filter sees only the number
};

struct Arg {
  std::string_view
      kernel_name;            // "family"; where the kernel's misleads (tgkill's pid), the clear one
  std::string_view man_name;  // "domain"; empty when it is the same, or would mislead
  std::string_view ctype;     // "unsigned int"
  uint8_t declared_bits;      // of the C type on 64-bit
  uint8_t bits;               // the kernel really reads: 16, 32 or 64; at most declared_bits
  bool is_signed;
  bool wide;  // 64 bits everywhere: takes two registers on 32-bit (loff_t, u64)
  ArgKind kind;
  std::string_view set;  // constants set for Flags and Enum ("open"), else empty
};

// Arguments in order of registers; empty when the prototype is not known or the call has none.
std::span<const Arg> args(CallId id, Arch arch);

// Where seccomp_data holds an argument. For a wide argument on a 32-bit architecture `low` and
// `high` are two registers; on all others `high` is nullopt. nullopt: it is in memory there
// (mmap of x86 and s390x, select of x86), a filter cannot see it.
struct Place {
  uint8_t low;                  // index into seccomp_data.args
  std::optional<uint8_t> high;  // index into seccomp_data.args: the upper 32 bits
};
std::optional<Place> place_of(CallId id, Arch arch, size_t arg);

// Index of the argument called so by the kernel or the man page.
std::optional<size_t> find_arg(CallId id, Arch arch, std::string_view name);

// ---- relatives ----------------------------------------------------------------------------------

// `socket` is also socketcall(call: 1, ...) and `semop` ipc(call & 0xffff: 1, ...), arguments in
// memory.
struct Multiplexed {
  CallId carrier;  // socketcall or ipc
  uint32_t code;   // the value of its first argument
  uint32_t mask;   // of the first argument that matters: 0xffffffff, or 0xffff for ipc
};
std::optional<Multiplexed> multiplexed(CallId id, Arch arch);
bool has_carriers(Arch arch);  // false: nothing is multiplexed there
// The call that a carrier's code stands for, e.g. (socketcall, 1) -> socket.
struct Code {
  uint32_t code;
  CallId call;
};
std::span<const Code> codes(CallId carrier);  // sorted by code; empty when it is no carrier
bool is_carrier(CallId id);

// Another call that does the same with its arguments in memory, where no filter sees them: clone3
// for clone, fork and vfork; openat2 for open, openat and creat. Carriers are not in this list.
std::span<const CallId> opaque_twins(CallId id);

// A call that can do what `id` does, and how its arguments map, for `expect`.
// open is openat with dirfd AT_FDCWD: for id = openat, sibling = open, `from` says which argument
// of the sibling (or which constant) stands for each argument of openat.
struct SiblingArg {
  enum class Kind : uint8_t { Same, Constant, Unknown };
  Kind kind = Kind::Unknown;
  uint8_t index = 0;      // Kind::Same: argument of the sibling
  uint64_t constant = 0;  // Kind::Constant, two's complement
};
// What the sibling's argument must be for it to do the same: clone is fork when flags is SIGCHLD.
struct SiblingPin {
  uint8_t index;      // argument of the sibling
  uint64_t constant;  // two's complement
};
struct Sibling {
  CallId call;
  std::span<const SiblingArg> from;  // one per argument of the original
  std::span<const SiblingPin> pins;  // empty but in pinned_siblings
};
// Only those that exist on the architecture, by number or through a carrier; constants (SIGCHLD,
// O_CREAT) and the order of clone's arguments are that architecture's.
std::span<const Sibling> siblings(CallId id, Arch arch = Arch::x86_64);
// Siblings that do the same only with the argument values in `pins`: clone for fork and vfork.
std::span<const Sibling> pinned_siblings(CallId id, Arch arch);

}  // namespace seclude::calls
