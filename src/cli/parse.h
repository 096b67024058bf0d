// Parse: the words of a command line, by the description of its command.
//
// In: a Command (command.h) and the words after its name. Out: Arguments, or what is wrong with the
// words in one sentence, with the nearest name for an unknown flag.
#pragma once

#include <span>
#include <string>
#include <tl/expected.hpp>

#include "cli/command.h"

namespace seclude::cli {

struct Misuse {
  std::string message;  // "unknown flag `--jsn`"
  std::string help;     // "did you mean `--json`?"; may be empty
};

tl::expected<Arguments, Misuse> parse(const Command& command, std::span<const std::string> words);

// "did you mean `check`?", or empty when no name is near.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace seclude::cli
