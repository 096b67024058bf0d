// AskedCall: one concrete call as a user writes it, as the registers a filter sees.
//
// In: "openat AT_FDCWD 0 O_RDONLY|O_CLOEXEC" as words, and an architecture. Out: an Input
// (filter/input.h) with every argument where that architecture puts it, or what is wrong with the
// words. Used by eval.cc, for one call and for rows of a batch. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "calls/arch.h"
#include "calls/calls.h"
#include "filter/input.h"

namespace seclude::cli {

struct AskedCall {
  std::string name;  // "openat"; "nr:425" where no table knows the number
  filter::Input input;
};

// words[0] is a name or nr:NUMBER; up to six numbers or constants follow, missing ones are 0. After
// nr: they are the registers themselves.
Result<AskedCall> asked_call(std::span<const std::string_view> words, calls::Arch arch);

// "unknown system call `wirte`", with the nearest name.
Error unknown_call(std::string_view word);

}  // namespace seclude::cli
