// Parsing of command lines, by CLI11 from the descriptions in flags.h.
//
// CLI11 throws on bad input; its exceptions end in this file. It is told to hand back what it does
// not know, so that unknown flags can be answered with the nearest name, and so that everything
// from the program's name on stays untouched for `run`.
#include "cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.h"

namespace seclude::cli {

bool Arguments::has(const Flag& flag) const {
  return std::any_of(flags.begin(), flags.end(), [&](const auto& f) { return f.first == &flag; });
}

std::optional<std::string> Arguments::value(const Flag& flag) const {
  std::vector<std::string> all = values(flag);
  if (all.empty()) return std::nullopt;
  return all.back();
}

std::vector<std::string> Arguments::values(const Flag& flag) const {
  std::vector<std::string> all;
  for (const auto& [given, value] : flags)
    if (given == &flag) all.push_back(value);
  return all;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates) {
  std::optional<std::string_view> near = nearest(name, candidates);
  return near ? "did you mean `" + std::string(*near) + "`?" : std::string();
}

namespace {

std::string spelled(const Flag& flag) { return "--" + std::string(flag.name); }

// A word that can only be meant as a flag: `-` is standard input, `-1` a number.
bool looks_like_flag(std::string_view word) {
  return word.size() > 1 && word[0] == '-' && !(word[1] >= '0' && word[1] <= '9');
}

Misuse unknown_flag(const Command& command, std::string_view word) {
  std::string_view name = word.substr(0, word.find('='));
  std::vector<std::string> spellings;
  for (const Flag* flag : command.flags) spellings.push_back(spelled(*flag));
  std::vector<std::string_view> candidates(spellings.begin(), spellings.end());
  std::string help = did_you_mean(name, candidates);
  if (help.empty()) help = "`seclude " + std::string(command.name) + " --help` lists its flags";
  return {"unknown flag `" + escape(name) + "`", help};
}

// Takes the `--` and every word out of what CLI11 did not know; an unknown flag is an error.
tl::expected<std::vector<std::string>, Misuse> rest_of(const Command& command,
                                                       std::vector<std::string> remaining) {
  std::vector<std::string> rest;
  for (size_t i = 0; i < remaining.size(); i++) {
    if (remaining[i] == "--") {
      rest.insert(rest.end(), remaining.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                  remaining.end());
      return rest;
    }
    if (looks_like_flag(remaining[i])) return tl::unexpected(unknown_flag(command, remaining[i]));
    if (command.runs_program) {
      rest.assign(remaining.begin() + static_cast<std::ptrdiff_t>(i), remaining.end());
      return rest;
    }
    rest.push_back(remaining[i]);
  }
  return rest;
}

std::optional<Misuse> wrong_values(const Arguments& arguments) {
  for (const Flag* flag : {&flag::policy, &flag::output}) {
    for (const std::string& value : arguments.values(*flag))
      if (value.empty()) return Misuse{"`" + spelled(*flag) + "` is given an empty name", ""};
  }
  for (const auto& [flag, value] : arguments.flags) {
    if (flag->completes != Completes::Choices) continue;
    std::vector<std::string_view> choices = split(flag->value, '|');
    if (std::find(choices.begin(), choices.end(), value) != choices.end()) continue;
    std::string help = did_you_mean(value, choices);
    if (help.empty()) help = "one of " + std::string(flag->value);
    return Misuse{"`" + spelled(*flag) + "` knows no `" + escape(value) + "`", help};
  }
  return std::nullopt;
}

std::optional<Misuse> wrong_count(const Command& command, size_t words) {
  std::string usage =
      "usage: seclude " + std::string(command.name) + " [flags] " + std::string(command.usage);
  if (words < command.fewest)
    return Misuse{command.runs_program ? "no program is given" : "something is missing", usage};
  if (words > command.most) return Misuse{"these are too many words", usage};
  return std::nullopt;
}

// "--output: 1 required TEXT missing", in our words.
Misuse refused(const Command& command, const CLI::Error& error) {
  std::string what = error.what();
  for (const Flag* flag : command.flags) {
    if (flag->value.empty() || !what.starts_with(spelled(*flag) + ":")) continue;
    return {"`" + spelled(*flag) + "` needs a value: " + std::string(flag->value), ""};
  }
  return {what.substr(0, what.find('\n')), ""};
}

}  // namespace

tl::expected<Arguments, Misuse> parse(const Command& command, std::span<const std::string> words) {
  CLI::App app;
  app.set_help_flag();
  app.prefix_command(command.runs_program);
  app.allow_extras(true);
  Arguments arguments;
  for (const Flag* flag : command.flags) {
    std::string names = spelled(*flag);
    if (flag->letter != 0) names = std::string("-") + flag->letter + "," + names;
    if (flag->value.empty()) {
      app.add_flag_callback(names, [&arguments, flag] { arguments.flags.emplace_back(flag, ""); });
      continue;
    }
    auto take = [&arguments, flag](const std::string& value) {
      arguments.flags.emplace_back(flag, value);
    };
    CLI::Option* option = app.add_option_function<std::string>(names, take);
    option->trigger_on_parse(true)->allow_extra_args(false);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::Error& error) {
    return tl::unexpected(refused(command, error));
  }
  auto rest = rest_of(command, app.remaining());
  if (!rest) return tl::unexpected(rest.error());
  arguments.rest = std::move(*rest);
  if (arguments.has(flag::help)) return arguments;  // whatever else is wrong
  if (auto misuse = wrong_values(arguments)) return tl::unexpected(*misuse);
  if (auto misuse = wrong_count(command, arguments.rest.size())) return tl::unexpected(*misuse);
  return arguments;
}

}  // namespace seclude::cli
