// Source: the texts that policies are read from, and places in them.
//
// In: names and texts (files, built-in profiles, command-line flags). Out: a Span names a piece of
// one text in 12 bytes and survives copying; SourceMap turns it into line and column.
// Neighbours: diagnostic.h prints messages that point at Spans.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seclude {

struct Source {
  std::string name;       // as the user knows it: a path, or "dynamic-program"
  std::string text;       // the whole text, UTF-8 not required
  bool built_in = false;  // shipped in the binary: shown as "NAME (built in)"
  // What the parser made of this text, if somebody has that already (policy/policy_wire.h). Whoever
  // gives it keeps it.
  std::string_view parsed = {};
};

// Bytes [begin, end) of one source. The default is "nowhere".
struct Span {
  static constexpr uint32_t nowhere = UINT32_MAX;
  uint32_t source = nowhere;
  uint32_t begin = 0;
  uint32_t end = 0;

  bool known() const { return source != nowhere; }
  friend auto operator<=>(const Span&, const Span&) = default;
};

// From the start of the first to the end of the second; both in the same source.
Span join(Span first, Span last);

struct Position {
  uint32_t line = 1;    // from 1
  uint32_t column = 1;  // from 1, in characters (UTF-8 code points); a tab counts as one
  friend auto operator<=>(const Position&, const Position&) = default;
};

// Owns the texts, hands out their indices; copying copies them. Not for two threads at once.
class SourceMap {
 public:
  uint32_t add(Source source);
  const Source& at(uint32_t index) const { return sources_.at(index); }
  uint32_t size() const { return static_cast<uint32_t>(sources_.size()); }

  Position position(Span span) const;         // of the span's first byte
  std::string_view text(Span span) const;     // the bytes themselves; empty for "nowhere"
  std::string_view line_of(Span span) const;  // the whole line of the first byte, without newline
  std::string where(Span span) const;         // "site.seclude:3:7", "strict (built in):2:1"

 private:
  const std::vector<uint32_t>& line_starts(uint32_t index) const;

  std::vector<Source> sources_;
  mutable std::vector<std::vector<uint32_t>> line_starts_;  // of each source; empty: not asked yet
};

}  // namespace seclude
