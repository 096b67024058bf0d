// Keeps diagnostics and prints them, as blocks with a caret and as lines; see diagnostic.h.
#include "base/diagnostic.h"

#include <algorithm>
#include <functional>

#include "base/text.h"

namespace seclude {

namespace {

size_t hash_of(const Diagnostic& one) {
  const Span& span = one.span;
  size_t place = (size_t{span.source} << 48) ^ (size_t{span.begin} << 20) ^ span.end;
  return std::hash<std::string>()(one.message) ^ std::hash<size_t>()(place);
}

}  // namespace

Diagnostic& Diagnostics::keep(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::Error) errors_++;
  if (diagnostic.severity == Severity::Warning) warnings_++;
  known_.emplace(hash_of(diagnostic), all_.size());
  return all_.emplace_back(std::move(diagnostic));
}

// A policy can have 100,000 errors, found on every architecture: too many to compare each with all.
void Diagnostics::add(Diagnostic diagnostic) {
  auto [begin, end] = known_.equal_range(hash_of(diagnostic));
  bool known =
      std::any_of(begin, end, [&](const auto& entry) { return all_[entry.second] == diagnostic; });
  if (!known) keep(std::move(diagnostic));
}

Diagnostic& Diagnostics::error(Span span, std::string message, std::string label) {
  return keep({.message = std::move(message), .span = span, .label = std::move(label)});
}

Diagnostic& Diagnostics::warning(Span span, std::string message, std::string label) {
  return keep({.severity = Severity::Warning,
               .message = std::move(message),
               .span = span,
               .label = std::move(label)});
}

const char* to_string(Severity severity) {
  switch (severity) {
    case Severity::Error:
      return "error";
    case Severity::Warning:
      return "warning";
    case Severity::Note:
      return "note";
    case Severity::Denied:
      return "denied";
  }
  return "";
}

namespace {

constexpr size_t widest_line = 120;  // of source text shown; more is cut around the caret

struct Paint {
  bool on;
  std::string operator()(const char* code, std::string_view text) const {
    if (!on) return std::string(text);
    return std::string("\033[") + code + "m" + std::string(text) + "\033[0m";
  }
};

const char* colour_of(Severity severity) {
  switch (severity) {
    case Severity::Error:
      return "1;31";
    case Severity::Warning:
      return "1;33";
    case Severity::Note:
      return "1;36";
    case Severity::Denied:
      return "1;35";
  }
  return "0";
}

// Columns a string takes on a terminal, for text that went through escape(): code points.
size_t columns(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string shown(std::string_view raw) {  // tabs as one blank, the rest escaped; \ stays itself
  std::string out;
  for (char c : raw) {
    if (c == '\t')
      out += ' ';
    else if (c == '\\')
      out += '\\';
    else
      out += c;
  }
  std::string escaped = escape(out);
  std::string text;  // escape() doubles nothing but writes \x5c for the backslash: undo that
  for (size_t i = 0; i < escaped.size(); i++) {
    if (escaped.compare(i, 4, "\\x5c") == 0) {
      text += '\\';
      i += 3;
    } else {
      text += escaped[i];
    }
  }
  return text;
}

// The frame: place, source line, caret with label.
void frame(std::string& out, const SourceMap& sources, Span span, std::string_view label,
           size_t gutter, Paint paint) {
  if (!span.known()) return;
  std::string_view line = sources.line_of(span);
  const std::string& text = sources.at(span.source).text;
  size_t start = static_cast<size_t>(line.data() - text.data());
  size_t begin = std::min<size_t>(span.begin, start + line.size()) - start;
  size_t end = std::clamp<size_t>(span.end, start + begin, start + line.size()) - start;
  std::string_view before = line.substr(0, begin);
  std::string_view marked = line.substr(begin, end - begin);
  std::string_view rest = line.substr(end);
  std::string front;
  if (before.size() > widest_line / 2) {
    before.remove_prefix(before.size() - widest_line / 2);
    front = "...";
  }
  std::string back;
  if (marked.size() > widest_line) {
    marked = marked.substr(0, widest_line);
    rest = {};
    back = "...";
  } else if (rest.size() > widest_line / 2) {
    rest = rest.substr(0, widest_line / 2);
    back = "...";
  }
  std::string left = front + shown(before), middle = shown(marked), right = shown(rest) + back;
  while (!right.empty() && right.back() == ' ') right.pop_back();
  std::string number = std::to_string(sources.position(span).line);
  std::string pad(gutter, ' ');
  out += pad + paint("1;34", "-->") + " " + sources.where(span) + "\n";
  out += pad + " " + paint("1;34", "|") + "\n";
  out += paint("1;34", std::string(gutter - number.size(), ' ') + number + " |") + " " + left +
         middle + right + "\n";
  std::string caret = std::string(columns(left), ' ') +
                      paint("1;31", std::string(std::max<size_t>(1, columns(middle)), '^'));
  out += pad + " " + paint("1;34", "|") + " " + caret;
  if (!label.empty()) out += " " + std::string(label);
  out += "\n";
}

size_t gutter_of(const Diagnostic& diagnostic, const SourceMap& sources) {
  uint32_t line = 1;
  if (diagnostic.span.known()) line = sources.position(diagnostic.span).line;
  for (const Remark& remark : diagnostic.remarks)
    if (remark.span.known()) line = std::max(line, sources.position(remark.span).line);
  return std::to_string(line).size();
}

std::string plain(const Diagnostic& diagnostic, const SourceMap& sources) {
  std::string out = diagnostic.span.known() ? sources.where(diagnostic.span) + ": " : "";
  out += to_string(diagnostic.severity);
  out += ": " + diagnostic.message;
  if (!diagnostic.label.empty()) out += ": " + diagnostic.label;
  for (const std::string& example : diagnostic.examples) out += "; example: " + example;
  for (const std::string& help : diagnostic.helps) out += "; help: " + help;
  return out + "\n";
}

}  // namespace

std::string render(const Diagnostic& diagnostic, const SourceMap& sources, RenderOptions options) {
  if (options.plain) return plain(diagnostic, sources);
  Paint paint{options.colour};
  size_t gutter = gutter_of(diagnostic, sources);
  std::string pad(gutter, ' ');
  std::string out = paint(colour_of(diagnostic.severity), to_string(diagnostic.severity)) +
                    paint("1", ": " + diagnostic.message) + "\n";
  frame(out, sources, diagnostic.span, diagnostic.label, gutter, paint);
  for (const std::string& example : diagnostic.examples)
    out += pad + " " + paint("1;34", "=") + " example: " + example + "\n";
  for (const Remark& remark : diagnostic.remarks) {
    out += paint(colour_of(Severity::Note), "note") + ": " + remark.message + "\n";
    frame(out, sources, remark.span, remark.label, gutter, paint);
  }
  for (const std::string& help : diagnostic.helps)
    out += pad + " " + paint("1;34", "=") + " help: " + help + "\n";
  return out;
}

std::string render(const Diagnostics& diagnostics, const SourceMap& sources,
                   RenderOptions options) {
  std::vector<const Diagnostic*> order;
  for (const Diagnostic& diagnostic : diagnostics.all()) order.push_back(&diagnostic);
  std::stable_sort(order.begin(), order.end(), [](const Diagnostic* a, const Diagnostic* b) {
    return a->span < b->span;  // "nowhere" comes last
  });
  std::string out;
  for (const Diagnostic* diagnostic : order) out += render(*diagnostic, sources, options);
  return out;
}

}  // namespace seclude
