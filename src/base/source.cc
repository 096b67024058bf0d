// Finds lines and columns in texts; see source.h.
#include "base/source.h"

#include <algorithm>

#include "base/result.h"

namespace seclude {

Span join(Span first, Span last) {
  if (!first.known()) return last;
  if (!last.known()) return first;
  return {first.source, std::min(first.begin, last.begin), std::max(first.end, last.end)};
}

uint32_t SourceMap::add(Source source) {
  sources_.push_back(std::move(source));
  return static_cast<uint32_t>(sources_.size() - 1);
}

Position SourceMap::position(Span span) const {
  if (!span.known()) return {};
  const std::string& text = at(span.source).text;
  Position position;
  size_t begin = std::min<size_t>(span.begin, text.size());
  for (size_t i = 0; i < begin; i++) {
    if (text[i] == '\n') {
      position.line++;
      position.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {  // not a continuation byte
      position.column++;
    }
  }
  return position;
}

std::string_view SourceMap::text(Span span) const {
  if (!span.known()) return {};
  std::string_view text = at(span.source).text;
  if (span.begin >= text.size()) return {};
  return text.substr(span.begin, span.end - span.begin);
}

std::string_view SourceMap::line_of(Span span) const {
  if (!span.known()) return {};
  std::string_view text = at(span.source).text;
  size_t at = std::min<size_t>(span.begin, text.size());
  size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 == 0
  size_t end = std::min(text.find('\n', at), text.size());
  return text.substr(begin, end - begin);
}

std::string SourceMap::where(Span span) const {
  if (!span.known()) return {};
  const Source& source = at(span.source);
  Position position = this->position(span);
  return source.name + (source.built_in ? " (built in):" : ":") + std::to_string(position.line) +
         ":" + std::to_string(position.column);
}

}  // namespace seclude
