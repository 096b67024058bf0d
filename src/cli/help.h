// Help: everything that is printed about a command, made from its description.
//
// In: Command rows (command.h). Out: the texts of `--help`, manual pages (roff) and completions for
// bash and zsh. Pure: text in, text out.
#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace seclude::cli {

std::string overview(std::span<const Command* const> commands);       // `seclude --help`
std::string usage(const Command& command);                            // `seclude COMMAND --help`
std::string overview_page(std::span<const Command* const> commands);  // seclude(1)
std::string manual_page(const Command& command);                      // seclude-COMMAND(1)
std::string bash_completion(std::span<const Command* const> commands);
std::string zsh_completion(std::span<const Command* const> commands);

}  // namespace seclude::cli
