// Diagnostic: what is wrong with a user's text, said in the user's words.
//
// In: what a pass found (message, span, why, help). Out: a list that never stops at the first, and
// its two printed forms: blocks with source line and caret for people, one line each (--plain) for
// tools. Neighbours: source.h for places; report/ for JSON.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/source.h"

namespace seclude {

// Denied: no text is wrong; a running program was refused something, and the text says why.
enum class Severity { Error, Warning, Note, Denied };
const char* to_string(Severity severity);  // "error"

// A second place that explains the first: "note: because of this rule".
struct Remark {
  std::string message;
  Span span;
  std::string label;
  friend bool operator==(const Remark&, const Remark&) = default;
};

struct Diagnostic {
  Severity severity = Severity::Error;
  std::string message;                     // "unknown system call `wirte`"
  Span span = {};                          // where; may be nowhere
  std::string label = {};                  // why, under the caret
  std::vector<std::string> examples = {};  // "= example: ..." concrete inputs
  std::vector<Remark> remarks = {};
  std::vector<std::string> helps = {};  // "= help: ..." what to write instead
  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// Collects what is wrong; order of discovery. Identical diagnostics are kept once.
class Diagnostics {
 public:
  void add(Diagnostic diagnostic);
  Diagnostic& error(Span span, std::string message, std::string label = {});
  Diagnostic& warning(Span span, std::string message, std::string label = {});

  bool has_errors() const { return errors_ > 0; }
  size_t errors() const { return errors_; }
  size_t warnings() const { return warnings_; }
  const std::vector<Diagnostic>& all() const { return all_; }

 private:
  Diagnostic& keep(Diagnostic diagnostic);

  std::vector<Diagnostic> all_;
  std::unordered_multimap<size_t, size_t> known_;  // by hash of message and place, into all_
  size_t errors_ = 0;
  size_t warnings_ = 0;
};

struct RenderOptions {
  bool plain = false;   // file:line:column: error: message, one per line
  bool colour = false;  // ANSI; the caller has looked at the terminal and NO_COLOR
};

// All diagnostics as text, each ending in a newline, sorted by source and place. Control characters
// of the sources are printed escaped, and long lines are cut around the caret.
std::string render(const Diagnostics& diagnostics, const SourceMap& sources,
                   RenderOptions options = {});
std::string render(const Diagnostic& diagnostic, const SourceMap& sources,
                   RenderOptions options = {});

}  // namespace seclude
