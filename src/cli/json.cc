// Diagnostics and places as JSON; see json.h.
#include "cli/json.h"

namespace seclude::cli {

std::string dump(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json to_json(Span span, const SourceMap& sources) {
  if (!span.known()) return nullptr;
  const Source& source = sources.at(span.source);
  Position position = sources.position(span);
  Json place;
  place["file"] = source.name;
  if (source.built_in) place["built_in"] = true;
  place["line"] = position.line;
  place["column"] = position.column;
  place["text"] = std::string(sources.line_of(span));
  return place;
}

Json to_json(const Diagnostics& diagnostics, const SourceMap& sources) {
  Json list = Json::array();
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    Json entry;
    entry["severity"] = to_string(diagnostic.severity);
    entry["message"] = diagnostic.message;
    entry["place"] = to_json(diagnostic.span, sources);
    if (!diagnostic.label.empty()) entry["label"] = diagnostic.label;
    if (!diagnostic.examples.empty()) entry["examples"] = diagnostic.examples;
    for (const Remark& remark : diagnostic.remarks) {
      Json note;
      note["message"] = remark.message;
      note["place"] = to_json(remark.span, sources);
      if (!remark.label.empty()) note["label"] = remark.label;
      entry["notes"].push_back(std::move(note));
    }
    if (!diagnostic.helps.empty()) entry["help"] = diagnostic.helps;
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace seclude::cli
