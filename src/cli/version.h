// Version: which seclude this is, as the build was told (CMakeLists.txt has the one number).
//
// In: the definition SECLUDE_VERSION. Out: the text behind `seclude --version`, manual pages and
// the reports that say who wrote them.
#pragma once

#include <string_view>

namespace seclude::cli {

inline constexpr std::string_view version = SECLUDE_VERSION;

}  // namespace seclude::cli
