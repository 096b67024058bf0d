// Globs from patterns, and matching them; see paths.h. Inclusion is in path_inclusion.cc.
#include "policy/paths.h"

#include <algorithm>

#include "base/text.h"

namespace seclude::policy {

namespace {

constexpr size_t longest_path = 4095;  // PATH_MAX, with its NUL

bool in_parameter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// A name as a pattern that matches only it.
std::string literally(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c == '*' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// Names of a value that is bound to a parameter; nullopt when it is no plain absolute path.
std::optional<std::vector<std::string>> names_of_value(std::string_view value) {
  if (!value.starts_with('/')) return std::nullopt;
  std::vector<std::string> names;
  for (std::string_view name : split(value.substr(1), '/')) {
    if (name.empty() || name == ".") continue;
    if (name == "..") return std::nullopt;
    names.push_back(literally(name));
  }
  return names;
}

// What is wrong with a name of a pattern; empty: nothing.
struct Mistake {
  std::string message, help;
};

Mistake judge_name(std::string_view name, bool last) {
  if (name.empty() && last)
    return {"a path that ends in `/`", "leave the `/` out, or write `/**` for everything below"};
  if (name.empty()) return {"an empty name in a path", "write one `/`, not two"};
  if (name == ".") return {"`.` in a path", "leave it out"};
  if (name == "..")
    return {"`..` in a path", "write the path it leads to: `..` depends on symbolic links"};
  if (name == "**") return {};
  if (name.size() > 255) return {"a name of more than 255 bytes", "no file system has such names"};
  for (size_t i = 0; i + 1 < name.size(); i++) {
    if (name[i] == '\\')
      i++;
    else if (name[i] == '*' && name[i + 1] == '*')
      return {"`**` inside a name", "`/**` stands for everything below; `*` for a part of a name"};
  }
  for (size_t i = 0; i < name.size(); i++) {
    if (name[i] == '\\')
      i++;
    else if (name[i] == '$')
      return {"`$` inside a path",
              "a parameter stands at the start; for the character itself, put "
              "the path in quotes and write `\\$`"};
  }
  return {};
}

// The names after the start of the pattern ("", "~" or "$NAME").
bool append_names(std::string_view rest, const PathPattern& pattern, Glob& glob,
                  Diagnostics& diagnostics) {
  if (rest.empty()) return true;
  if (rest == "/" && glob.names.empty()) return true;  // the root directory
  std::vector<std::string_view> names = split(rest.substr(1), '/');
  for (size_t i = 0; i < names.size(); i++) {
    Mistake mistake = judge_name(names[i], i + 1 == names.size());
    if (!mistake.message.empty()) {
      diagnostics.error(pattern.span, std::move(mistake.message))
          .helps.push_back(std::move(mistake.help));
      return false;
    }
    bool again = names[i] == "**" && !glob.names.empty() && glob.names.back() == "**";
    if (!again) glob.names.emplace_back(names[i]);
  }
  return true;
}

bool fail(Diagnostics& diagnostics, Span span, std::string message, std::string help) {
  diagnostics.error(span, std::move(message)).helps.push_back(std::move(help));
  return false;
}

}  // namespace

std::optional<std::string_view> parameter_of(std::string_view pattern) {
  if (!pattern.starts_with('$')) return std::nullopt;
  size_t end = 1;
  while (end < pattern.size() && in_parameter(pattern[end])) end++;
  return pattern.substr(1, end - 1);
}

std::optional<Glob> parse_glob(const PathPattern& pattern, const Bindings& bindings,
                               Diagnostics& diagnostics) {
  std::string_view text = pattern.text;
  Glob glob;
  if (text.size() > longest_path) {
    fail(diagnostics, pattern.span, "a path of more than 4095 bytes", "no kernel takes such paths");
    return std::nullopt;
  }
  std::string_view start = text.substr(0, text.starts_with('~') ? 1 : 0);
  if (auto parameter = parameter_of(text)) start = text.substr(0, parameter->size() + 1);
  std::string_view rest = text.substr(start.size());
  bool separated = rest.empty() || rest.starts_with('/');
  if (start.empty() && !rest.starts_with('/')) {
    fail(diagnostics, pattern.span, "`" + escape(text, 60) + "` is no absolute path",
         "a path starts with `/`, `~/` or a parameter such as `$work`");
    return std::nullopt;
  }
  if (!separated) {
    fail(diagnostics, pattern.span,
         "`" + std::string(start) + "` is followed by `" + escape(rest.substr(0, 1)) + "`",
         start == "~" ? "other users' homes are written in full"
                      : "a parameter stands for a whole path: `/` or nothing follows it");
    return std::nullopt;
  }
  if (start == "$") {
    fail(diagnostics, pattern.span, "`$` without the name of a parameter", "such as `$work`");
    return std::nullopt;
  }
  if (!start.empty()) {
    std::optional<std::string> value = bindings(start == "~" ? start : start.substr(1));
    std::optional<std::vector<std::string>> names;
    if (value) names = names_of_value(*value);
    if (names)
      glob.names = std::move(*names);
    else
      glob.names.push_back(std::string(start));
  }
  if (!append_names(rest, pattern, glob, diagnostics)) return std::nullopt;
  return glob;
}

std::string print(const Glob& glob) {
  std::string text;
  for (const std::string& name : glob.names) text += "/" + name;
  return text.empty() ? "/" : text;
}

bool is_literal(const Glob& glob) {
  return std::all_of(glob.names.begin(), glob.names.end(), [](const std::string& name) {
    for (size_t i = 0; i < name.size(); i++) {
      if (name[i] == '*') return false;
      if (name[i] == '\\') i++;
    }
    return true;
  });
}

std::string literal_path(const Glob& glob) {
  std::string path;
  for (const std::string& name : glob.names) {
    path += '/';
    for (size_t i = 0; i < name.size(); i++) {
      if (name[i] == '\\' && i + 1 < name.size()) i++;
      path += name[i];
    }
  }
  return path.empty() ? "/" : path;
}

namespace {

// One name against its pattern. Two cursors and the last star: linear in practice, never worse than
// the product of the lengths.
bool matches_name(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0;
  size_t star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    bool literal = p < pattern.size() && pattern[p] == '\\' && p + 1 < pattern.size();
    if (p < pattern.size() && !literal && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p + (literal ? 1 : 0)] == name[n]) {
      p += literal ? 2 : 1;
      n++;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

}  // namespace

bool matches(const Glob& glob, std::string_view path) {
  std::vector<std::string_view> names;
  for (std::string_view name : split(path, '/'))
    if (!name.empty()) names.push_back(name);
  // The same two cursors as above, on names instead of characters.
  size_t p = 0, n = 0;
  size_t star = std::string_view::npos, resume = 0;
  while (n < names.size()) {
    if (p < glob.names.size() && glob.names[p] == "**") {
      star = p++;
      resume = n;
    } else if (p < glob.names.size() && matches_name(glob.names[p], names[n])) {
      p++;
      n++;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < glob.names.size() && glob.names[p] == "**") p++;
  return p == glob.names.size();
}

}  // namespace seclude::policy
