// Completions for bash and zsh, from the same rows as everything else about flags (help.h).
//
// What is offered after a flag follows from its `completes`; names of profiles are asked of the
// program itself when the user presses Tab, so that the scripts never go stale.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/help.h"

namespace seclude::cli {

namespace {

std::string spellings(const Flag& flag, std::string_view separator) {
  std::string text = fmt::format("--{}", flag.name);
  if (flag.letter != 0) text = fmt::format("-{}{}{}", flag.letter, separator, text);
  return text;
}

std::string choices(const Flag& flag) {
  std::string text;
  for (std::string_view choice : split(flag.value, '|')) {
    if (!text.empty()) text += ' ';
    text += choice;
  }
  return text;
}

// The bash command that fills COMPREPLY with what may follow the flag.
std::string bash_values(const Flag& flag) {
  switch (flag.completes) {
    case Completes::Nothing:
      return "COMPREPLY=()";
    case Completes::Files:
      return "COMPREPLY=($(compgen -f -- \"$word\"))";
    case Completes::Folders:
      return "COMPREPLY=($(compgen -d -- \"$word\"))";
    case Completes::Profiles:
      return "COMPREPLY=($(compgen -f -W \"$(seclude profiles --plain 2>/dev/null)\" -- "
             "\"$word\"))";
    case Completes::Choices:
      return fmt::format("COMPREPLY=($(compgen -W \"{}\" -- \"$word\"))", choices(flag));
  }
  return {};
}

// In single quotes of a shell, inside zsh's own [..] and :..:.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':') {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string zsh_values(const Flag& flag) {
  if (flag.value.empty()) return {};
  std::string name = zsh_text(flag.value);
  switch (flag.completes) {
    case Completes::Nothing:
      return fmt::format(":{}: ", name);
    case Completes::Files:
      return fmt::format(":{}:_files", name);
    case Completes::Folders:
      return fmt::format(":{}:_files -/", name);
    case Completes::Profiles:
      return fmt::format(":{}:_seclude_policies", name);
    case Completes::Choices:
      return fmt::format(":{}:({})", name, choices(flag));
  }
  return {};
}

std::string zsh_flag(const Flag& flag) {
  std::string tail = fmt::format("[{}]{}", zsh_text(flag.help), zsh_values(flag));
  std::string star = flag.repeats ? "*" : "";
  std::string out = fmt::format("      '{}--{}{}'\n", star, flag.name, tail);
  if (flag.letter != 0) out += fmt::format("      '{}-{}{}'\n", star, flag.letter, tail);
  return out;
}

std::string_view zsh_words(const Command& command) {
  if (command.runs_program) return "'*::program:_normal'";
  return command.takes_profiles ? "'*:policy:_seclude_policies'" : "'*:file:_files'";
}

}  // namespace

std::string bash_completion(std::span<const Command* const> commands) {
  std::string names, flags, values;
  for (const Command* command : commands) {
    names += fmt::format("{}{}", names.empty() ? "" : " ", command->name);
    std::string list;
    for (const Flag* flag : command->flags) list += " " + spellings(*flag, " ");
    flags += fmt::format("    {}) flags=\"{}\" ;;\n", command->name, list.substr(1));
    for (const Flag* flag : command->flags) {
      if (flag->value.empty()) continue;
      std::string pattern = flag->letter != 0 ? fmt::format("{}:-{}|{}:--{}", command->name,
                                                            flag->letter, command->name, flag->name)
                                              : fmt::format("{}:--{}", command->name, flag->name);
      values += fmt::format("    {}) {}; return ;;\n", pattern, bash_values(*flag));
    }
  }
  return fmt::format(
      "# bash completion for seclude; made by `seclude help --completion bash`\n"
      "_seclude() {{\n"
      "  local word=\"${{COMP_WORDS[COMP_CWORD]}}\" before=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n"
      "  local verb=\"${{COMP_WORDS[1]}}\" flags=\"\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return\n"
      "  fi\n"
      "  case \"$verb:$before\" in\n{}  esac\n"
      "  case \"$verb\" in\n{}  esac\n"
      "  case \"$word\" in\n"
      "    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -W \"$(seclude profiles --plain 2>/dev/null)\" -- "
      "\"$word\")) "
      ";;\n"
      "  esac\n"
      "}}\n"
      "complete -o filenames -F _seclude seclude\n",
      names, values, flags);
}

std::string zsh_completion(std::span<const Command* const> commands) {
  std::string names, cases;
  for (const Command* command : commands) {
    names += fmt::format("    '{}:{}'\n", command->name, zsh_text(command->summary));
    cases += fmt::format("    {}) _arguments -s \\\n", command->name);
    for (const Flag* flag : command->flags) {
      std::string lines = zsh_flag(*flag);
      for (std::string_view line : split(lines, '\n'))
        if (!line.empty()) cases += fmt::format("{} \\\n", line);
    }
    cases += fmt::format("      {} ;;\n", zsh_words(*command));
  }
  return fmt::format(
      "#compdef seclude\n# zsh completion for seclude; made by `seclude help --completion zsh`\n"
      "_seclude_policies() {{\n"
      "  local -a profiles\n"
      "  profiles=(${{(f)\"$(seclude profiles --plain 2>/dev/null)\"}})\n"
      "  _alternative 'profiles:profile:compadd -a profiles' 'files:file:_files'\n"
      "}}\n"
      "_seclude() {{\n"
      "  local -a commands\n"
      "  commands=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then _describe command commands; return; fi\n"
      "  local verb=$words[2]\n"
      "  shift words; (( CURRENT-- ))\n"
      "  case $verb in\n{}  esac\n"
      "}}\n"
      "_seclude \"$@\"\n",
      names, cases);
}

}  // namespace seclude::cli
