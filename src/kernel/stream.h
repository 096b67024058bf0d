// Stream: pipes whose other end is in the hands of a confined program, and waiting for many things
// at once.
//
// In: descriptors. Out: what could be read or written without sleeping.
// Neighbours: sandbox/limits/relay.h passes a program's output on; signals.h waits for less.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "kernel/fd.h"

namespace seclude::kernel {

struct Pipe {
  Fd reading, writing;  // never 0, 1 or 2; reading never sleeps
};
[[nodiscard]] Result<Pipe> make_pipe();

// How much came, 0 at its end; nullopt: nothing is there now.
std::optional<size_t> read_now(int descriptor, std::span<char> into);

// How much went of what fits in at once; the descriptor should be ready (Waited).
// 0: it is full after all; nullopt: nobody reads there any more.
std::optional<size_t> write_now(int descriptor, std::string_view text);

// Whether what is written to the one comes after what is written to the other.
bool same_stream(int one, int other);

struct Waited {
  enum class For : uint8_t { Reading, Writing, Change };  // Change: of a file of a control group
  int descriptor = -1;                                    // -1: not asked
  For what = For::Reading;
  bool ready = false;  // answer
};
// Sleeps until one of them is ready or the time (of now(), process.h) has come.
[[nodiscard]] Result<void> wait_for_any(std::span<Waited> items, std::optional<uint64_t> until);

}  // namespace seclude::kernel
