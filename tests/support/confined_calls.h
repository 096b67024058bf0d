// Confined calls: raw calls made behind a filter, and what the running kernel answered.
//
// In: a BPF program and calls, each by `syscall` or by `int 0x80` (the i386 entry, which a 64-bit
// process has too). Out: the answers, in order, and the signal that ended the child. The child
// writes them to shared memory: behind the filter it may not be able to make any call, so it ends
// by an illegal instruction.
// x86_64 only; elsewhere `available` is false.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "filter/program.h"

namespace seclude::test {

struct RawCall {
  uint32_t number = 0;
  std::array<uint64_t, 6> args{};
  bool i386_entry = false;
};

struct ConfinedRun {
  std::vector<long> answers;  // as many as were answered; -errno for errors
  int signal = 0;             // SIGILL: all were answered; SIGSYS: the next one killed
  int setup_failed = 0;       // exit status of a child that did not get as far
};

#if defined(__x86_64__)
inline constexpr bool confined_calls_available = true;
#else
inline constexpr bool confined_calls_available = false;
#endif

// Whether this kernel takes `int 0x80` from a 64-bit process.
bool i386_entry_works();

// An empty program: no filter, to show what happens without one.
ConfinedRun run_confined(const filter::Program& program, std::span<const RawCall> calls,
                         bool as_nobody = false);

// Behind a chain of filters, loaded in this order. Each lets the others be loaded: a call of
// seccomp with a sixth argument that nobody else uses.
ConfinedRun run_behind_chain(std::vector<filter::Program> programs, std::span<const RawCall> calls,
                             bool as_nobody = false);

}  // namespace seclude::test
