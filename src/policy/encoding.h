// Encoding: whether the bytes of a text are text at all.
//
// In: the bytes. Out: errors for what no policy may hold: NUL (a binary file), control characters,
// invalid UTF-8, and the controls that make a line read otherwise than it is (bidirectional marks).
// CRLF line ends and a byte order mark are accepted. Neighbours: parser.cc asks this first.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/diagnostic.h"

namespace seclude::policy {

// Reports every problem (the first few of each text). False: do not read this text any further.
bool check_encoding(std::string_view text, uint32_t source, Diagnostics& diagnostics);

// Length of the UTF-8 sequence of two bytes or more at the start of `text` that may stand in a
// policy; 0 if there is none.
size_t valid_utf8(std::string_view text);

}  // namespace seclude::policy
