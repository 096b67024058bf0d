// Constants: the kernel's named values, per architecture.
//
// In: data/constants.tsv and data/sets.tsv as sorted constexpr arrays. Out: look-ups by name, and
// names for values, to show what a number means.
// These are the kernel's values, not libc's: O_LARGEFILE is 0x8000 on x86_64 (glibc says 0).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "calls/arch.h"
#include "calls/calls.h"

namespace seclude::calls {

struct Constant {
  std::string_view name;
  std::string_view set;  // "open", "socktype"
  bool is_bits;    // may be used with has, lacks, within: O_CREAT yes, O_RDONLY and SOCK_STREAM no
  bool composite;  // has several bits, one of which has another meaning: O_TMPFILE, O_SYNC
};

// Index of the constant, or nullopt.
std::optional<uint16_t> find_constant(std::string_view name);
const Constant& constant_at(uint16_t index);
// Its value, or nullopt where it does not exist. Negative values are two's complement in 64 bits.
std::optional<uint64_t> value_of(uint16_t index, Arch arch);
std::span<const Constant> all_constants();  // sorted by name

std::optional<uint16_t> find_errno(std::string_view name, Arch arch);  // "EPERM" -> 1
std::optional<std::string_view> errno_name(uint16_t number, Arch arch);

// A value of an argument as the user would write it: "O_RDWR|O_CREAT|0x40000000", "AF_INET6", "-1",
// "4096", "0x7ffd1000" for addresses. Exact: what it prints, read back, is the value.
std::string show(uint64_t value, const Arg& arg, Arch arch);

}  // namespace seclude::calls
