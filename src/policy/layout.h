// Layout: the pieces of one statement, laid out in lines.
//
// In: pieces of text, with a break allowed before each, and the comments met inside the statement.
// Out: lines of at most 100 columns where that can be, each comment after the piece it followed.
// Breaks are put only where the language lets a statement go on, so what is laid out can be read
// back. Neighbours: printer.cc cuts statements into pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace seclude::policy {

inline constexpr size_t widest_line = 100;

class Pieces {
 public:
  void add(std::string_view text) { pieces_.back().text += text; }
  // Text added from now on may stand on a new line. `begin` is where it stood in the source, so
  // that comments before it stay before it.
  void allow_break(uint32_t begin, bool blank = true);
  void allow_break(Span span, bool blank = true) {
    allow_break(span.known() ? span.begin : 0, blank);
  }

  // On one line.
  std::string flat() const;
  // In lines; the first starts at column `indent`, which is not written. Comments that stood after
  // the last possible break are appended to `leftover`.
  std::string lines(size_t indent, const std::vector<Comment>& comments,
                    std::vector<Comment>& leftover) const;

 private:
  struct Piece {
    std::string text;
    uint32_t begin = 0;
    bool blank = true;  // a blank stands before it when the line is not broken
  };
  std::vector<Piece> pieces_ = {Piece{}};
};

}  // namespace seclude::policy
