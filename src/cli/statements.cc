// Flags as policy text; see statements.h.
#include "cli/statements.h"

#include <algorithm>

#include "base/text.h"
#include "cli/session.h"

namespace seclude::cli {

namespace {

// Every flag that stands for a statement, in the order in which a policy is usually written.
constexpr const Flag* statement_flags[] = {
    &flag::allow, &flag::deny,    &flag::read,        &flag::write,   &flag::create,
    &flag::run,   &flag::protect, &flag::hide,        &flag::connect, &flag::listen,
    &flag::limit, &flag::isolate, &flag::environment,
};

// A string of the language: what it holds cannot end it.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Text that stands unquoted in its statement must not be able to end it.
Result<std::string> within_line(const Flag& flag, const std::string& value) {
  bool breaks = std::any_of(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '#' || c == '{' || c == '}';
  });
  std::string spelled = "--" + std::string(flag.name);
  if (breaks) {
    return fail("`" + spelled + " " + escape(value, 60) +
                "`: line breaks, `#` and braces do not "
                "belong there");
  }
  if (value.find_first_not_of(' ') == std::string::npos)
    return fail("`" + spelled + "` is given nothing");
  return value;
}

// A path stays as it is when no character of it could mean anything else; a final `?` (may be
// missing) stays outside the quotes.
std::string path_text(std::string path) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@~*$?";
  if (path.find_first_not_of(plain) == std::string::npos) return path;
  bool optional = path.ends_with("?");
  if (optional) path.pop_back();
  return quoted(path) + (optional ? "?" : "");
}

bool takes_path(const Flag& flag) {
  return &flag == &flag::read || &flag == &flag::write || &flag == &flag::create ||
         &flag == &flag::run || &flag == &flag::protect || &flag == &flag::hide;
}

Result<std::string> path_statement(const Flag& flag, const std::string& value) {
  bool breaks = std::any_of(value.begin(), value.end(),
                            [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (breaks || value.empty()) {
    return fail("`--" + std::string(flag.name) + " " + escape(value, 60) +
                "`: no policy can name this path");
  }
  return std::string(flag.name) + " " + path_text(value);
}

Result<std::string> limit_statement(const std::string& value) {
  size_t equals = value.find('=');
  if (equals == std::string::npos) {
    return fail("`--limit " + escape(value, 60) + "` limits nothing", 0,
                "write --limit RESOURCE=QUANTITY, such as --limit memory=2G");
  }
  return "limit " + value.substr(0, equals) + " " + value.substr(equals + 1);
}

Result<std::string> environment_statement(const std::string& value) {
  size_t equals = value.find('=');
  if (equals == std::string::npos) return "environment " + value;
  std::string content = value.substr(equals + 1);
  if (content.find('\n') != std::string::npos)
    return fail("`--env " + escape(value, 60) + "`: no line breaks in a value");
  return "environment " + value.substr(0, equals) + " = " + quoted(content);
}

Result<std::string> statement(const Flag& flag, const std::string& value) {
  if (takes_path(flag)) return path_statement(flag, value);
  if (&flag == &flag::environment) {
    size_t name_end = std::min(value.find('='), value.size());
    TRY(within_line(flag, value.substr(0, name_end)));
    return environment_statement(value);
  }
  std::string text = TRY(within_line(flag, value));
  if (&flag == &flag::limit) return limit_statement(text);
  return std::string(flag.name) + " " + text;
}

// How `use` names a policy argument: a file needs a `/`.
Result<std::string> reference(const std::string& argument) {
  if (!names_file(argument)) return argument;
  if (argument == "-") {
    return fail("a policy from standard input cannot be combined with others", 0,
                "give it alone, or write it to a file");
  }
  std::string path = argument.find('/') == std::string::npos ? "./" + argument : argument;
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@";
  if (path.find_first_not_of(plain) == std::string::npos) return path;
  return fail("a policy file called `" + escape(argument, 60) + "` cannot be combined with others",
              0, "rename it: letters, digits and `/._-+@`");
}

}  // namespace

Result<Composed> compose(const Arguments& arguments) {
  Composed composed;
  std::vector<std::string> policies = arguments.values(flag::policy);
  if (policies.empty()) {
    policies.emplace_back("default");
    composed.by_default = true;
  }
  std::string body;
  for (const Flag* flag : statement_flags)
    for (const std::string& value : arguments.values(*flag))
      body += TRY(statement(*flag, value)) + "\n";
  if (body.empty() && policies.size() == 1) {
    composed.only_policy = policies.front();
    return composed;
  }
  std::string references;
  for (const std::string& policy : policies)
    references += (references.empty() ? "" : ", ") + TRY(reference(policy));
  composed.text = "seclude 1\npolicy command-line\n\nuse " + references + "\n" + body;
  return composed;
}

}  // namespace seclude::cli
