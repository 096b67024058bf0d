// The program: finds the command, parses its words, runs it.
//
// In: the command line. Out: the exit status of the command's own table. The commands are one
// visible array; each is described and done in the file of its name. What is printed about them is
// made in help.cc, what is parsed in parse.cc.
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/version.h"

namespace seclude::cli {

namespace {

constexpr const Command* commands[] = {
    &run_command,      &check_command,   &compile_command, &eval_command,
    &diff_command,     &inspect_command, &expand_command,  &fmt_command,
    &profiles_command, &doctor_command,  &help_command,
};

const Command* find_command(std::string_view name) {
  for (const Command* command : commands)
    if (command->name == name) return command;
  return nullptr;
}

int unknown_command(std::string_view name, Console& console) {
  std::vector<std::string_view> names;
  for (const Command* command : commands) names.push_back(command->name);
  std::string help = did_you_mean(name, names);
  if (help.empty()) help = "`seclude --help` lists the commands";
  std::string what = name.starts_with("-") ? "unknown flag `" : "unknown command `";
  console.error(what + escape(name, 60) + "`", help);
  return 2;
}

int run_found(const Command& command, const std::vector<std::string>& words, Console& console) {
  tl::expected<Arguments, Misuse> arguments = parse(command, words);
  if (!arguments) {
    console.error(arguments.error().message, arguments.error().help);
    return command.misuse;
  }
  console.obey(*arguments);
  arguments->commands = commands;
  if (arguments->has(flag::help)) {
    console.answer(usage(command));
    return 0;
  }
  return command.run(*arguments, console);
}

int dispatch(std::vector<std::string> words, Console& console) {
  if (words.empty()) {
    console.error("no command is given", "`seclude --help` lists the commands");
    return 2;
  }
  std::string first = words.front();
  if (first == "--help" || first == "-h") {
    console.answer(overview(commands));
    return 0;
  }
  if (first == "--version" || first == "-V") {
    console.answer("seclude " + std::string(version) + "\n");
    return 0;
  }
  const Command* command = find_command(first);
  if (command == nullptr) return unknown_command(first, console);
  words.erase(words.begin());
  return run_found(*command, words, console);
}

}  // namespace

}  // namespace seclude::cli

int main(int count, char** words) {
  seclude::cli::Console console;
  std::vector<std::string> all(words + (count > 0 ? 1 : 0), words + count);
  return console.finish(seclude::cli::dispatch(std::move(all), console));
}
