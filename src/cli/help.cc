// Usage texts and manual pages, from the rows of flags.h and command.h. Completions: completion.cc.
#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/version.h"

namespace seclude::cli {

namespace {

constexpr size_t widest = 100;  // columns of a usage text
constexpr std::string_view what_it_is =
    "policies for system calls, compiled to proven filters, and programs run behind them";

// "-o, --output FILE"
std::string heading(const Flag& flag) {
  std::string text = flag.letter != 0 ? fmt::format("-{}, ", flag.letter) : "    ";
  text += fmt::format("--{}", flag.name);
  if (!flag.value.empty()) text += fmt::format(" {}", flag.value);
  return text;
}

// Words broken into lines of at most `width` columns, all but the first behind `indent` blanks.
std::string wrapped(std::string_view text, size_t indent, size_t width = widest) {
  std::string out;
  size_t column = indent;
  for (std::string_view word : split(text, ' ')) {
    if (column > indent && column + 1 + word.size() > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += " ";
      column++;
    }
    out += word;
    column += word.size();
  }
  return out;
}

std::string paragraphs(std::string_view about) {
  std::string out;
  for (std::string_view paragraph : split(about, '\n')) out += wrapped(paragraph, 0) + "\n";
  return out;
}

std::string flag_help(const Flag& flag) {
  return std::string(flag.help) + (flag.repeats ? " (may be repeated)" : "");
}

}  // namespace

std::string overview(std::span<const Command* const> commands) {
  std::string out =
      fmt::format("seclude {}: {}\n\nusage: seclude COMMAND [flags] ...\n\n", version, what_it_is);
  for (const Command* command : commands)
    out += fmt::format("  {:<10}{}\n", command->name, command->summary);
  out +=
      "\n`seclude COMMAND --help` tells how each is used, `seclude help --man COMMAND` is its "
      "manual page.\n";
  return out;
}

std::string usage(const Command& command) {
  std::string out = fmt::format("usage: seclude {} [flags]{}{}\n\n", command.name,
                                command.usage.empty() ? "" : " ", command.usage);
  out += paragraphs(command.about) + "\nflags:\n";
  constexpr size_t column = 30;
  for (const Flag* flag : command.flags) {
    std::string left = "  " + heading(*flag);
    if (left.size() + 2 > column) {
      out += left + "\n" + std::string(column, ' ');
    } else {
      out += fmt::format("{:<{}}", left, column);
    }
    out += wrapped(flag_help(*flag), column) + "\n";
  }
  out += "\nexit status:\n";
  for (const ExitStatus& exit : command.exits)
    out += fmt::format("  {:<11}{}\n", exit.status, wrapped(exit.meaning, 13));
  if (!command.examples.empty()) out += "\nexamples:\n";
  for (std::string_view example : command.examples) out += fmt::format("  {}\n", example);
  return out;
}

namespace {

// Text as roff: hyphens stay hyphens, backslashes themselves, and no line is taken for a request.
std::string roff(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool line_start = out.empty() || out.back() == '\n';
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string page_head(std::string_view title, std::string_view summary) {
  std::string upper(title);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return fmt::format(".TH {} 1 \"\" \"seclude {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n",
                     roff(upper), version, roff(title), roff(summary));
}

}  // namespace

std::string overview_page(std::span<const Command* const> commands) {
  std::string out = page_head("seclude", what_it_is);
  out += ".SH SYNOPSIS\n.B seclude\n.I COMMAND\n[flags] ...\n.SH COMMANDS\n";
  for (const Command* command : commands)
    out += fmt::format(".TP\n.BR seclude\\-{} (1)\n{}\n", command->name, roff(command->summary));
  out += ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nset and not empty: no colour, also on terminals\n";
  return out;
}

std::string manual_page(const Command& command) {
  std::string out = page_head(fmt::format("seclude-{}", command.name), command.summary);
  out += fmt::format(".SH SYNOPSIS\n.B seclude {}\n[flags] {}\n.SH DESCRIPTION\n", command.name,
                     roff(command.usage));
  for (std::string_view paragraph : split(command.about, '\n'))
    out += paragraph.empty() ? ".PP\n" : roff(paragraph) + "\n";
  out += ".SH OPTIONS\n";
  for (const Flag* flag : command.flags) {
    std::string letter = flag->letter != 0 ? fmt::format("\\-{}, ", flag->letter) : "";
    std::string value = flag->value.empty() ? "" : fmt::format(" \\fI{}\\fR", roff(flag->value));
    out += fmt::format(".TP\n\\fB{}\\-\\-{}\\fR{}\n{}\n", letter, roff(flag->name), value,
                       roff(flag_help(*flag)));
  }
  out += ".SH EXIT STATUS\n";
  for (const ExitStatus& exit : command.exits)
    out += fmt::format(".TP\n.B {}\n{}\n", roff(exit.status), roff(exit.meaning));
  if (!command.examples.empty()) out += ".SH EXAMPLES\n.nf\n";
  for (std::string_view example : command.examples) out += roff(example) + "\n";
  if (!command.examples.empty()) out += ".fi\n";
  return out + ".SH SEE ALSO\n.BR seclude (1)\n";
}

}  // namespace seclude::cli
