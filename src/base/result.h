// Result: what a function returns when the world may say no.
//
// In: nothing. Out: Result<T> (a T or an Error), the Error value, TRY and CHECK.
// Three kinds of trouble, three tools: wrong user text is Diagnostics (diagnostic.h), the world's
// refusal is an Error here, our own mistake is a failed CHECK. Nothing here throws.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace seclude {

// What we were doing, on what, and what the kernel answered. `hint` says what to do about it.
struct Error {
  std::string doing;    // "mount /proc in the new root"
  int errno_value = 0;  // 0: not an errno
  std::string hint;     // empty, or one sentence

  friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string doing, int errno_value = 0, std::string hint = {}) {
  return tl::unexpected<Error>(Error{std::move(doing), errno_value, std::move(hint)});
}

// "mount /proc in the new root: EPERM (Operation not permitted)", without the hint.
std::string to_string(const Error& error);

}  // namespace seclude

// Evaluates a Result; hands its error to the caller, or yields its value. A GNU statement
// expression, which both of our compilers have.
#define TRY(expression)                                                           \
  __extension__({                                                                 \
    auto try_result = (expression);                                               \
    if (!try_result) return tl::unexpected<::seclude::Error>(try_result.error()); \
    std::move(*try_result);                                                       \
  })

// Same for Result<void>.
#define TRY_VOID(expression)                                                      \
  do {                                                                            \
    auto try_result = (expression);                                               \
    if (!try_result) return tl::unexpected<::seclude::Error>(try_result.error()); \
  } while (false)

// States what must be true if this program is right. Stays on in release builds: a sandbox that
// goes on after a broken invariant is worse than one that stops.
#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "seclude: internal error at %s:%d: %s\n", __FILE__, __LINE__, \
                   #condition);                                                          \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
