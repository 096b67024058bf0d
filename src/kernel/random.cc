// Random: see random.h.
#include "kernel/random.h"

#include <string.h>
#include <sys/random.h>

#include <cerrno>

namespace seclude::kernel {

Result<void> fill_random(std::span<unsigned long> words) {
  ssize_t got;
  do {
    got = ::getrandom(words.data(), words.size_bytes(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return fail("getrandom", errno);
  // Up to 256 bytes come whole once the pool is ready (getrandom(2)).
  if (static_cast<size_t>(got) != words.size_bytes()) return fail("getrandom: too few bytes");
  return {};
}

void forget(std::span<unsigned long> words) { ::explicit_bzero(words.data(), words.size_bytes()); }

}  // namespace seclude::kernel
