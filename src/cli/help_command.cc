// `seclude help`: what --help prints, manual pages, completions.
//
// In: perhaps the name of a command. Out: text made in help.cc and completion.cc. The build uses
// this command to write the files it installs (tools/make_pages).
#include "base/text.h"
#include "cli/console.h"
#include "cli/help.h"
#include "cli/parse.h"

namespace seclude::cli {

namespace {

const Command* find_command(const Arguments& arguments, std::string_view name) {
  for (const Command* command : arguments.commands)
    if (command->name == name) return command;
  return nullptr;
}

int help_overview(const Arguments& arguments, Console& console) {
  if (arguments.has(flag::man)) {
    console.answer(overview_page(arguments.commands));
  } else if (console.plain()) {
    for (const Command* command : arguments.commands)
      console.answer(std::string(command->name) + "\n");
  } else {
    console.answer(overview(arguments.commands));
  }
  return 0;
}

int help(const Arguments& arguments, Console& console) {
  if (std::optional<std::string> shell = arguments.value(flag::completion)) {
    console.answer(*shell == "zsh" ? zsh_completion(arguments.commands)
                                   : bash_completion(arguments.commands));
    return 0;
  }
  if (arguments.rest.empty()) return help_overview(arguments, console);
  const Command* command = find_command(arguments, arguments.rest[0]);
  if (command == nullptr) {
    std::vector<std::string_view> names;
    for (const Command* known : arguments.commands) names.push_back(known->name);
    console.error("unknown command `" + escape(arguments.rest[0], 60) + "`",
                  did_you_mean(arguments.rest[0], names));
    return 2;
  }
  console.answer(arguments.has(flag::man) ? manual_page(*command) : usage(*command));
  return 0;
}

constexpr const Flag* flags[] = {&flag::man, &flag::completion, &flag::plain, &flag::help};
constexpr ExitStatus exits[] = {{"0", "printed"}, {"2", "there is no such command"}};
constexpr std::string_view examples[] = {
    "seclude help run",
    "seclude help --man run | man -l -",
    "source <(seclude help --completion bash)",
};

}  // namespace

const Command help_command{
    .name = "help",
    .usage = "[COMMAND]",
    .summary = "print help, a manual page, or completions for a shell",
    .about =
        "Prints what `seclude COMMAND --help` prints, as a manual page with --man. With "
        "--completion, prints a script that teaches a shell the commands and flags. With "
        "--plain, only the names of all commands.",
    .flags = flags,
    .exits = exits,
    .examples = examples,
    .most = 1,
    .run = help,
};

}  // namespace seclude::cli
