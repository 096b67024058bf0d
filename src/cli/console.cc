// Standard output and standard error of the command; see console.h.
#include "cli/console.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "cli/files.h"

namespace seclude::cli {

bool colour_on(int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");  // https://no-color.org: set and not empty
  if (no_colour != nullptr && *no_colour != '\0') return false;
  const char* terminal = std::getenv("TERM");
  if (terminal != nullptr && std::string_view(terminal) == "dumb") return false;
  return isatty(descriptor) == 1;
}

namespace {

// A reader that goes away shall be told by EPIPE while we write, not by our death; and a program
// that `run` starts must still find SIGPIPE as our caller left it.
class PipesMayBreak {
 public:
  PipesMayBreak() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  PipesMayBreak(const PipesMayBreak&) = delete;
  PipesMayBreak& operator=(const PipesMayBreak&) = delete;
  ~PipesMayBreak() { std::signal(SIGPIPE, before_); }

 private:
  void (*before_)(int);
};

// What standard error cannot take is lost: there is nowhere left to say so.
void talk(const std::string& text) {
  PipesMayBreak guard;
  (void)write_all(STDERR_FILENO, text);
}

}  // namespace

Console::Console() : colour_(colour_on(STDERR_FILENO)) {}

void Console::obey(const Arguments& arguments) {
  quiet_ = arguments.has(flag::quiet);
  verbose_ = arguments.has(flag::verbose) && !quiet_;
  plain_ = arguments.has(flag::plain);
  if (plain_) colour_ = false;
}

int Console::deliver(const Arguments& arguments, std::string_view text) {
  std::optional<std::string> file = arguments.value(flag::output);
  if (!file || *file == "-") {
    answer(text);
    return 0;
  }
  Result<void> written = replace_file(*file, text);
  if (written) return 0;
  error(written.error());
  return 2;
}

void Console::say(const Diagnostic& diagnostic) {
  std::string text = render(diagnostic, SourceMap(), {.plain = plain_, .colour = colour_});
  talk("seclude: " + text);
}

void Console::error(std::string_view message, std::string_view help) {
  Diagnostic diagnostic{.message = std::string(message)};
  if (!help.empty()) diagnostic.helps.emplace_back(help);
  say(diagnostic);
}

void Console::error(const Error& error) { this->error(to_string(error), error.hint); }

void Console::warning(std::string_view message, std::string_view help) {
  if (quiet_) return;
  Diagnostic diagnostic{.severity = Severity::Warning, .message = std::string(message)};
  if (!help.empty()) diagnostic.helps.emplace_back(help);
  say(diagnostic);
}

void Console::note(std::string_view message) {
  if (!quiet_) talk("seclude: " + std::string(message) + "\n");
}

void Console::detail(std::string_view message) {
  if (verbose_) talk("seclude: " + std::string(message) + "\n");
}

void Console::diagnostics(const Diagnostics& diagnostics, const SourceMap& sources) {
  Diagnostics shown;
  for (const Diagnostic& diagnostic : diagnostics.all())
    if (!quiet_ || diagnostic.severity == Severity::Error) shown.add(diagnostic);
  talk(render(shown, sources, {.plain = plain_, .colour = colour_}));
}

int Console::finish(int status) {
  std::string text = std::exchange(answer_, {});
  if (text.empty()) return status;
  PipesMayBreak guard;
  Result<void> written = write_all(STDOUT_FILENO, text);
  if (written || written.error().errno_value == EPIPE) return status;
  error(written.error());
  return 2;
}

}  // namespace seclude::cli
