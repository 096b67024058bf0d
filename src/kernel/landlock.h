// Landlock: what this kernel's Landlock can do.
//
// In: nothing. Out: its ABI version, found by asking. Entering a domain happens in a child, between
// clone and exec (raw.h).
// Neighbours: features.h reports it, sandbox/plan.h decides by it.
#pragma once

namespace seclude::kernel {

struct LandlockVersion {
  int abi = 0;          // 0: none
  int errno_value = 0;  // why none
  // A domain can keep signals inside (LANDLOCK_SCOPE_SIGNAL, ABI 6, Linux 6.12).
  bool scopes_signals() const { return abi >= 6; }
};

LandlockVersion landlock_version();

}  // namespace seclude::kernel
