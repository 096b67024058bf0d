// Lines from pieces; see layout.h.
#include "policy/layout.h"

namespace seclude::policy {

void Pieces::allow_break(uint32_t begin, bool blank) {
  if (pieces_.size() == 1 && pieces_[0].text.empty()) return;
  pieces_.push_back({{}, begin, blank});
}

std::string Pieces::flat() const {
  std::string text;
  for (const Piece& piece : pieces_) {
    if (!text.empty() && piece.blank) text += ' ';
    text += piece.text;
  }
  return text;
}

std::string Pieces::lines(size_t indent, const std::vector<Comment>& comments,
                          std::vector<Comment>& leftover) const {
  std::string out = pieces_[0].text;
  size_t column = indent + out.size();
  size_t comment = 0;
  std::string new_line = "\n" + std::string(indent + 4, ' ');
  for (size_t i = 1; i < pieces_.size(); i++) {
    const Piece& piece = pieces_[i];
    bool broken = false;
    while (comment < comments.size() && comments[comment].span.begin < piece.begin) {
      out += (broken ? "" : "  ") + comments[comment].text + new_line;
      comment++;
      broken = true;
    }
    size_t blank = piece.blank ? 1 : 0;
    if (!broken && column + blank + piece.text.size() > widest_line) {
      out += new_line;
      broken = true;
    }
    if (broken)
      column = indent + 4;
    else if (piece.blank)
      out += ' ', column++;
    out += piece.text;
    column += piece.text.size();
  }
  for (; comment < comments.size(); comment++) leftover.push_back(comments[comment]);
  return out;
}

}  // namespace seclude::policy
