// Fd: an open file descriptor that closes itself.
//
// In: a number some call returned. Out: a move-only owner; there is no "empty" number to test for,
// an optional<Fd> says that there may be none, and a moved-from Fd owns nothing.
// Neighbours: files.h opens, process.h and signals.h return them.
#pragma once

#include <unistd.h>

#include <utility>

namespace seclude::kernel {

class Fd {
 public:
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd() {
    // close() is not retried on EINTR: Linux has released the descriptor by then (close(2)).
    if (number_ >= 0) ::close(number_);
  }

  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

}  // namespace seclude::kernel
