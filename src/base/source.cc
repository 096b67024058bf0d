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

const std::vector<uint32_t>& SourceMap::line_starts(uint32_t index) const {
  const std::string& text = at(index).text;
  line_starts_.resize(sources_.size());
  std::vector<uint32_t>& starts = line_starts_[index];
  if (!starts.empty()) return starts;
  starts.push_back(0);
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', end + 1))
    starts.push_back(static_cast<uint32_t>(end + 1));
  return starts;
}

Position SourceMap::position(Span span) const {
  if (!span.known()) return {};
  const std::string& text = at(span.source).text;
  const std::vector<uint32_t>& starts = line_starts(span.source);
  size_t begin = std::min<size_t>(span.begin, text.size());
  auto next = std::upper_bound(starts.begin(), starts.end(), begin);
  Position position{.line = static_cast<uint32_t>(next - starts.begin())};
  for (size_t i = *(next - 1); i < begin; i++) {
    bool continues = (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;  // a character
    position.column += continues ? 0 : 1;
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
