// Command: what a command of `seclude` is, and the words it was called with.
//
// In: flags.h. Out: Command, one row of the table in main.cc: its description, from which usage,
// manual page and completions are made, and the function that does it. Each command lives in the
// file of its name. Neighbours: parse.h fills Arguments, console.h is where answers go.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/flags.h"

namespace seclude::cli {

class Console;
struct Command;

// What the user wrote, after parsing: flags in the order given, then everything that is no flag.
struct Arguments {
  std::vector<std::pair<const Flag*, std::string>> flags;
  std::vector<std::string> rest;
  std::span<const Command* const> commands;  // the table of main.cc, for `help`

  bool has(const Flag& flag) const;
  // The value given last, or nullopt.
  std::optional<std::string> value(const Flag& flag) const;
  std::vector<std::string> values(const Flag& flag) const;
};

struct ExitStatus {
  std::string_view status;
  std::string_view meaning;
};

struct Command {
  std::string_view name;
  std::string_view usage;    // what follows the name and the flags: "POLICY..."
  std::string_view summary;  // one line, no full stop
  std::string_view about;    // paragraphs, for --help and the manual page
  std::span<const Flag* const> flags;
  std::span<const ExitStatus> exits;
  std::span<const std::string_view> examples;
  size_t fewest = 0, most = SIZE_MAX;  // words that are no flags
  int misuse = 2;                      // exit status when the words make no sense
  bool runs_program = false;           // the first word that is no flag begins another command line
  bool takes_profiles = false;         // for completion: its words are policies
  int (*run)(const Arguments&, Console&) = nullptr;
};

// The commands, one file each.
extern const Command check_command, compile_command, diff_command, doctor_command, eval_command,
    expand_command, fmt_command, help_command, inspect_command, profiles_command, run_command;

}  // namespace seclude::cli
