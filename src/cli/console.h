// Console: where a command's answer and its talk go.
//
// In: text. Out: the answer on standard output, all at once and only when the command is done; talk
// (errors, warnings, notes) on standard error as it comes. Knows who looks: colour only on
// terminals and without NO_COLOR, nothing but errors after -q, one line each after --plain. A
// reader that went away (broken pipe) is no error. Neighbours: json.h for --json, files.h for -o.
#pragma once

#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "base/result.h"
#include "cli/command.h"

namespace seclude::cli {

class Console {
 public:
  Console();
  void obey(const Arguments& arguments);  // -q, -v, --plain

  bool quiet() const { return quiet_; }
  bool verbose() const { return verbose_; }
  bool plain() const { return plain_; }

  // Adds to the answer.
  void answer(std::string_view text) { answer_ += text; }
  // The answer goes to FILE of `-o FILE` instead, whole or not at all. Returns the exit status.
  int deliver(const Arguments& arguments, std::string_view text);

  void error(std::string_view message, std::string_view help = {});
  void error(const Error& error);
  void warning(std::string_view message, std::string_view help = {});  // not after -q
  void note(std::string_view message);                                 // not after -q
  void detail(std::string_view message);                               // only after -v
  void diagnostics(const Diagnostics& diagnostics, const SourceMap& sources);

  // Writes the answer out. Returns `status`, or 2 when standard output cannot take the answer.
  int finish(int status);

 private:
  void say(const Diagnostic& diagnostic);

  std::string answer_;
  bool quiet_ = false, verbose_ = false, plain_ = false, colour_ = false;
};

// Whether what is written there may be coloured: a terminal, and nobody said NO_COLOR.
bool colour_on(int descriptor);

}  // namespace seclude::cli
