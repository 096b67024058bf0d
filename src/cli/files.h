// Files: reading what a command was given and writing what it made, with clear refusals.
//
// In: names from the command line. Out: whole texts, or an Error that names the file and says what
// is wrong with it. Output is all or nothing: a temporary file beside the target, then a rename; or
// a nameless file that gets its name when it is whole.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "kernel/fd.h"

namespace seclude::cli {

// More is no policy and no filter: a slip (a disk image, /dev/zero), and it would only fill memory.
inline constexpr size_t largest_input = size_t{16} << 20;

// The bytes of a file, `-` being standard input. Folders, empty and huge files are errors.
Result<std::string> read_input(const std::string& name);
// The same for texts: anything with a NUL byte is an error.
Result<std::string> read_text(const std::string& name);

// "standard input" for `-`, else the name: how messages call it.
std::string name_of_input(const std::string& name);

// Where a file shall be written, held fast: what somebody does later to links and folders on the
// way there does not lead the writing to another place.
class Place {
 public:
  static Result<Place> find(const std::string& name);

  // A new file in the place of an old one, at once; devices and pipes are written to directly.
  Result<void> write(std::string_view content) const;
  // The same, but whoever kills this process at any moment leaves no piece of a file behind, where
  // the file system has nameless files: for that the old one goes just before the new one is there.
  Result<void> write_without_pieces(std::string_view content) const;

 private:
  [[nodiscard]] Result<bool> write_nameless(std::string_view content) const;
  Place(std::string doing, kernel::Fd at) : doing_(std::move(doing)), at_(std::move(at)) {}

  std::string doing_;      // "cannot write NAME"
  kernel::Fd at_;          // the folder of the file, or what is neither file nor folder
  std::string file_name_;  // in that folder; empty: none
  std::optional<mode_t> old_mode_;
};

// Writes to where the name leads now.
Result<void> replace_file(const std::string& name, std::string_view content);

// Writes everything; EINTR and short writes are retried.
Result<void> write_all(int descriptor, std::string_view content);

}  // namespace seclude::cli
