// Show: a concrete call as a person would write it.
//
// In: an input of a filter. Out: "mmap(addr: 0x0, len: 4096, prot: PROT_READ|PROT_EXEC, ...)" with
// the values of that architecture; numbers no table knows as "call 9999".
#pragma once

#include <optional>
#include <string>

#include "calls/calls.h"
#include "filter/input.h"

namespace seclude::filter {

// The architecture this input is for: x32 when the number has its bit; nullopt for foreign ones.
std::optional<calls::Arch> arch_of(const Input& input);

// The call a table knows under this number; nullopt otherwise.
struct KnownCall {
  calls::Arch arch;
  calls::CallId call;
};
std::optional<KnownCall> known_call(const Input& input);

std::string show(const Input& input);

// The value an argument has in this input; nullopt when it is in memory.
std::optional<uint64_t> argument(const Input& input, calls::CallId call, calls::Arch arch,
                                 size_t index);

}  // namespace seclude::filter
