// Json: the documents of --json.
//
// In: values of the other rooms. Out: JSON, one document per command, keys in the order in which
// docs/cli.md describes them. Text that is not UTF-8 is replaced, never an error.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/diagnostic.h"

namespace seclude::cli {

using Json = nlohmann::ordered_json;

// Indented, with a newline at the end.
std::string dump(const Json& document);

// [{severity, message, place, label, examples, notes, help}], as in text.
Json to_json(const Diagnostics& diagnostics, const SourceMap& sources);

// {file, line, column, text}, or null for "nowhere".
Json to_json(Span span, const SourceMap& sources);

}  // namespace seclude::cli
