// Files: opening, reading and writing whole files, and asking about them.
//
// In: paths. Out: contents, descriptors, facts; errors name the call and the path. All descriptors
// are close-on-exec and never 0, 1 or 2, so that a launcher started with closed standard streams
// cannot hand one of its own to a program by accident.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kernel/fd.h"

namespace seclude::kernel {

enum class OpenFor : uint8_t { Reading, Writing, Both };  // Writing: created 0666 or truncated

[[nodiscard]] Result<Fd> open_file(const std::string& path, OpenFor purpose);

// The whole file, or its first `limit` bytes. Files of /proc, which have no size, are read too.
[[nodiscard]] Result<std::string> read_file(const std::string& path, size_t limit = SIZE_MAX);
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text);
// Everything, through short writes and EINTR.
[[nodiscard]] Result<void> write_all(const Fd& file, std::string_view text,
                                     const std::string& name);

struct FileFacts {
  bool regular = false;
  bool directory = false;
  bool set_user_id = false;
  bool set_group_id = false;  // with group execute permission: otherwise it means locking
  uint32_t owner = 0;
  friend bool operator==(const FileFacts&, const FileFacts&) = default;
};
[[nodiscard]] Result<FileFacts> facts_of(const std::string& path);
// Of a program: a security.capability attribute.
bool has_file_capabilities(const std::string& path);

// Where a symbolic link leads; nullopt: what is there is none.
[[nodiscard]] Result<std::optional<std::string>> link_target(const std::string& path);
// Without symbolic links, `.` and `..`.
[[nodiscard]] Result<std::string> real_path(const std::string& path);
// Whether a real path leads into /proc/PID of this process (through /proc/self, too).
bool is_of_own_process(const std::string& real_path);

// Part of a file; shorter at its end.
[[nodiscard]] Result<std::string> read_part(const Fd& file, uint64_t offset, size_t size,
                                            const std::string& name);

// 0 when this process may execute (a directory: enter) or write it, else the errno.
int cannot_execute(const std::string& path);
int cannot_write(const std::string& path);

bool descriptor_is_open(int number);
bool descriptor_is_directory(int number);

}  // namespace seclude::kernel
