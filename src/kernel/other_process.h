// Other process: what can be seen of a thread of somebody else, safely.
//
// In: a thread id and addresses that the thread itself chose. Out: bytes and names, bounded; what
// cannot be read is nullopt. Nothing here trusts the thread: addresses may be wild, memory may
// change while it is read, strings may lack their end, names may hold any bytes.
// Neighbours: sandbox/helper/capture.h asks; whether the thread is still the same has to be asked
// there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seclude::kernel {

struct ReadText {
  std::string text;
  bool cut = false;  // there is more
};

// Up to `size` bytes; fewer when the rest is not mapped.
std::optional<std::string> read_memory(int thread, uint64_t address, size_t size);
// A NUL-terminated string of at most `limit` bytes.
std::optional<ReadText> read_string(int thread, uint64_t address, size_t limit);

// Which file's memory an address is in, and where in the file. Anonymous memory has the name "",
// other nameless memory what the kernel calls it ("[vdso]", "[heap]").
struct Mapped {
  std::string file;
  uint64_t offset = 0;
  friend bool operator==(const Mapped&, const Mapped&) = default;
};
std::optional<Mapped> mapped_at(int thread, uint64_t address);
// The same from the text of /proc/PID/maps.
std::optional<Mapped> find_mapping(std::string_view maps, uint64_t address);

// "/home/a/file", "socket:[123]": what a descriptor of the thread refers to.
std::optional<std::string> file_behind(int thread, int descriptor);
std::string thread_name(int thread);  // empty: not known
int process_of(int thread);           // the thread group; 0: not known

}  // namespace seclude::kernel
