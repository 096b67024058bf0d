// Raw call: the kernel's calls without libc in between.
//
// In: a call's number and up to six arguments. Out: what the kernel answers: negative numbers are
// errnos. libc keeps errno in memory of the calling thread, and a child that shares the launcher's
// memory (raw.h) shares that, too: where both run at the same time, neither may find the other's
// errno there.
// Neighbours: raw*.cc, for a child; the launcher itself uses libc.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <type_traits>

namespace seclude::kernel::raw {

#if defined(__SANITIZE_ADDRESS__)
#define SECLUDE_WATCHED 1  // by a library that keeps its own things there as well
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SECLUDE_WATCHED 1
#endif
#endif

#if defined(__x86_64__) && defined(__LP64__)
inline long enter(long number, const long (&arguments)[6]) {
  register long fourth asm("r10") = arguments[3];
  register long fifth asm("r8") = arguments[4];
  register long sixth asm("r9") = arguments[5];
  asm volatile("syscall"
               : "+a"(number)
               : "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]), "r"(fourth), "r"(fifth),
                 "r"(sixth)
               : "rcx", "r11", "memory");
  return number;
}
#elif defined(__aarch64__)
inline long enter(long number, const long (&arguments)[6]) {
  register long call asm("x8") = number;
  register long first asm("x0") = arguments[0];
  register long second asm("x1") = arguments[1];
  register long third asm("x2") = arguments[2];
  register long fourth asm("x3") = arguments[3];
  register long fifth asm("x4") = arguments[4];
  register long sixth asm("x5") = arguments[5];
  asm volatile("svc 0"
               : "+r"(first)
               : "r"(call), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
               : "memory");
  return first;
}
#else
#define SECLUDE_THROUGH_LIBC 1
inline long enter(long number, const long (&arguments)[6]) {
  const long result = ::syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
                                arguments[4], arguments[5]);
  return result == -1 ? -errno : result;
}
#endif

// AddressSanitizer has memory of its own beside each piece of this process'.
#if defined(SECLUDE_WATCHED)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif

// Whether a child may run beside its launcher.
#if defined(SECLUDE_WATCHED) || defined(SECLUDE_THROUGH_LIBC)
inline constexpr bool leaves_errno_alone = false;
#else
inline constexpr bool leaves_errno_alone = true;
#endif

template <typename T>
long word_of(T value) {
  if constexpr (std::is_same_v<T, std::nullptr_t>)
    return 0;
  else if constexpr (std::is_pointer_v<T>)
    return reinterpret_cast<long>(value);
  else
    return static_cast<long>(value);
}

template <typename... Arguments>
long call(long number, Arguments... arguments) {
  static_assert(sizeof...(arguments) <= 6);
  return enter(number, {word_of(arguments)...});
}

inline int errno_of(long result) { return result < 0 ? static_cast<int>(-result) : 0; }

}  // namespace seclude::kernel::raw
