// Parsing of command lines from the descriptions in flags.h; see parse.h.
//
// In: words. Out: flags with their values, and the rest. Written by hand: a library that builds its
// options as objects first costs `run` more than the whole policy does (docs/benchmarks.md), and
// the shapes are few: --name, --name VALUE, --name=VALUE, -n, -nVALUE, -n VALUE, -abc.
#include "cli/parse.h"

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

const Flag* find_flag(const Command& command, std::string_view name) {
  for (const Flag* flag : command.flags)
    if (flag->name == name) return flag;
  return nullptr;
}

const Flag* find_flag(const Command& command, char letter) {
  for (const Flag* flag : command.flags)
    if (flag->letter == letter) return flag;
  return nullptr;
}

// Walks over the words once.
class Reader {
 public:
  Reader(const Command& command, std::span<const std::string> words)
      : command_(command), words_(words) {}

  tl::expected<Arguments, Misuse> run() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      if (word == "--") {
        take_rest();
      } else if (looks_like_flag(word)) {
        auto problem = word.starts_with("--") ? long_flag(word) : letters(word);
        if (problem) return tl::unexpected(std::move(*problem));
      } else {
        arguments_.rest.push_back(word);
        if (command_.runs_program) take_rest();
      }
    }
    return std::move(arguments_);
  }

 private:
  void take_rest() {
    arguments_.rest.insert(arguments_.rest.end(), words_.begin() + static_cast<std::ptrdiff_t>(at_),
                           words_.end());
    at_ = words_.size();
  }

  std::optional<Misuse> long_flag(std::string_view word) {
    const size_t equals = word.find('=');
    const Flag* flag = find_flag(command_, word.substr(2, equals - 2));
    if (flag == nullptr) return unknown_flag(command_, word);
    if (equals == std::string_view::npos) return value_follows(*flag);
    if (flag->value.empty()) return Misuse{"`" + spelled(*flag) + "` takes no value", ""};
    arguments_.flags.emplace_back(flag, word.substr(equals + 1));
    return std::nullopt;
  }

  // `-qo FILE`: switches, and perhaps one flag with a value behind them.
  std::optional<Misuse> letters(std::string_view word) {
    for (size_t i = 1; i < word.size(); i++) {
      const Flag* flag = find_flag(command_, word[i]);
      if (flag == nullptr) return unknown_flag(command_, word);
      if (flag->value.empty() || i + 1 == word.size()) {
        if (auto problem = value_follows(*flag)) return problem;
        continue;
      }
      arguments_.flags.emplace_back(flag, word.substr(i + 1));
      break;
    }
    return std::nullopt;
  }

  // The value of a flag is the next word, unless that can only be a flag: then it was forgotten.
  std::optional<Misuse> value_follows(const Flag& flag) {
    if (flag.value.empty()) {
      arguments_.flags.emplace_back(&flag, "");
      return std::nullopt;
    }
    if (at_ == words_.size() || looks_like_flag(words_[at_]))
      return Misuse{"`" + spelled(flag) + "` needs a value: " + std::string(flag.value), ""};
    arguments_.flags.emplace_back(&flag, words_[at_++]);
    return std::nullopt;
  }

  const Command& command_;
  std::span<const std::string> words_;
  size_t at_ = 0;
  Arguments arguments_;
};

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

}  // namespace

tl::expected<Arguments, Misuse> parse(const Command& command, std::span<const std::string> words) {
  auto arguments = Reader(command, words).run();
  if (!arguments || arguments->has(flag::help)) return arguments;  // whatever else is wrong
  if (auto misuse = wrong_values(*arguments)) return tl::unexpected(std::move(*misuse));
  if (auto misuse = wrong_count(command, arguments->rest.size()))
    return tl::unexpected(std::move(*misuse));
  return arguments;
}

}  // namespace seclude::cli
