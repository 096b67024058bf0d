// Parser: one text to the typed model.
//
// In: a source already in the SourceMap. Out: a Policy with everything that could be understood;
// every mistake goes to `diagnostics`, and parsing goes on at the next line. Grammar:
// docs/language.md.
#pragma once

#include "base/diagnostic.h"
#include "base/source.h"
#include "policy/policy.h"

namespace seclude::policy {

Policy parse(uint32_t source, const SourceMap& sources, Diagnostics& diagnostics);

}  // namespace seclude::policy
