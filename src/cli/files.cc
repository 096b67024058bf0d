// Reading and writing of whole files; see files.h.
#include "cli/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>

#include "base/text.h"
#include "kernel/fd.h"
#include "kernel/random.h"

namespace seclude::cli {

std::string name_of_input(const std::string& name) {
  return name == "-" ? "standard input" : escape(name);
}

namespace {

Result<std::string> read_all(int descriptor, const std::string& doing) {
  std::string text;
  char buffer[65536];
  for (;;) {
    ssize_t got = read(descriptor, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(doing, errno);
    if (got == 0) return text;
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() > largest_input) {
      return fail(doing + ": it is larger than " + std::to_string(largest_input >> 20) +
                  " MiB, which no policy or filter is");
    }
  }
}

Result<std::string> not_empty(std::string text, const std::string& doing) {
  if (text.empty()) return fail(doing + ": it is empty");
  return text;
}

// The mode a fresh file would get: there is no way to ask for the umask without setting it.
mode_t fresh_mode() {
  mode_t mask = umask(022);
  umask(mask);
  return static_cast<mode_t>(0666 & ~mask);
}

Result<std::string> random_suffix() {
  unsigned long number = 0;
  TRY_VOID(kernel::fill_random({&number, 1}));
  return fmt::format(".{:06x}", number & 0xffffff);
}

// What to do about it, where that can be said.
std::string_view writing_hint(int reason) {
  switch (reason) {
    case ENOENT:
    case ENOTDIR:
      return "its folder has to be there";
    case EROFS:
      return "that file system is mounted read-only: name a file on another one";
    case ENOSPC:
    case EDQUOT:
      return "there is no space left: make some, or name a file on another file system";
    case EACCES:
    case EPERM:
      return "this user may not write there: name a file elsewhere";
    default:
      return {};
  }
}

tl::unexpected<Error> unwritable(const std::string& doing, int reason) {
  return fail(doing, reason, std::string(writing_hint(reason)));
}

// Not to read or write, only to come back to it; never as one of the standard streams.
Result<kernel::Fd> hold(const std::string& name, int flags, const std::string& doing) {
  kernel::Fd held(open(name.c_str(), O_PATH | O_CLOEXEC | flags));
  if (held.number() < 0) return unwritable(doing, errno);
  if (held.number() > 2) return held;
  const int moved = fcntl(held.number(), F_DUPFD_CLOEXEC, 3);
  if (moved < 0) return fail(doing, errno);
  return kernel::Fd(moved);
}

}  // namespace

Result<std::string> read_input(const std::string& name) {
  std::string doing = "cannot read " + name_of_input(name);
  if (name == "-") return not_empty(TRY(read_all(STDIN_FILENO, doing)), doing);
  kernel::Fd file(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file.number() < 0) return fail(doing, errno);
  struct stat status;
  if (fstat(file.number(), &status) != 0) return fail(doing, errno);
  if (S_ISDIR(status.st_mode)) return fail(doing + ": it is a folder");
  return not_empty(TRY(read_all(file.number(), doing)), doing);
}

Result<std::string> read_text(const std::string& name) {
  std::string text = TRY(read_input(name));
  size_t zero = text.find('\0');
  if (zero == std::string::npos) return text;
  return fail("cannot read " + name_of_input(name) + ": it is not text (byte " +
              std::to_string(zero) + " is 0)");
}

Result<void> write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    ssize_t written = write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      std::string where = descriptor == STDOUT_FILENO ? "standard output" : "the file";
      return fail("cannot write to " + where, errno);
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<Place> Place::find(const std::string& name) {
  const std::string doing = "cannot write " + escape(name);
  struct stat status;
  const bool there = stat(name.c_str(), &status) == 0;
  if (there && S_ISDIR(status.st_mode)) return fail(doing + ": it is a folder");
  // /dev/null, a pipe: renaming over it would destroy it.
  if (there && !S_ISREG(status.st_mode)) return Place(doing, TRY(hold(name, 0, doing)));
  // A symbolic link stays one: what it leads to is replaced.
  char* real = realpath(name.c_str(), nullptr);
  const std::string target = real != nullptr ? real : name;
  free(real);
  const size_t slash = target.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : target.substr(0, slash + 1);
  Place place(doing, TRY(hold(folder, O_DIRECTORY, doing)));
  place.file_name_ = target.substr(slash == std::string::npos ? 0 : slash + 1);
  if (place.file_name_.empty()) return fail(doing, name.empty() ? ENOENT : EISDIR);
  // Better told before the work than after it.
  if (faccessat(place.at_.number(), ".", W_OK, AT_EACCESS) != 0) return unwritable(doing, errno);
  if (there) place.old_mode_ = status.st_mode & 07777;
  return place;
}

Result<void> Place::write(std::string_view content) const {
  if (file_name_.empty()) {
    const std::string held = "/proc/self/fd/" + std::to_string(at_.number());
    kernel::Fd device(open(held.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (device.number() < 0) return unwritable(doing_, errno);
    if (!write_all(device.number(), content)) return unwritable(doing_, errno);
    return {};
  }
  const std::string temporary = file_name_ + TRY(random_suffix());
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  kernel::Fd file(openat(at_.number(), temporary.c_str(), flags, 0600));
  if (file.number() < 0) return unwritable(doing_, errno);
  bool good = write_all(file.number(), content) &&
              fchmod(file.number(), old_mode_.value_or(fresh_mode())) == 0 &&
              renameat(at_.number(), temporary.c_str(), at_.number(), file_name_.c_str()) == 0;
  if (good) return {};
  int problem = errno;
  unlinkat(at_.number(), temporary.c_str(), 0);
  return unwritable(doing_, problem);
}

// False: there are no nameless files here, or they cannot be named.
Result<bool> Place::write_nameless(std::string_view content) const {
  constexpr int attempts = 8;  // somebody else may make one of this name in between
  if (file_name_.empty()) return false;
  const kernel::Fd file(openat(at_.number(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (file.number() < 0) return false;
  if (!write_all(file.number(), content) ||
      fchmod(file.number(), old_mode_.value_or(fresh_mode())) != 0)
    return unwritable(doing_, errno);
  const std::string held = "/proc/self/fd/" + std::to_string(file.number());
  for (int i = 0; i < attempts; ++i) {
    if (linkat(AT_FDCWD, held.c_str(), at_.number(), file_name_.c_str(), AT_SYMLINK_FOLLOW) == 0)
      return true;
    if (errno != EEXIST || unlinkat(at_.number(), file_name_.c_str(), 0) != 0) return false;
  }
  return false;
}

Result<void> Place::write_without_pieces(std::string_view content) const {
  if (TRY(write_nameless(content))) return {};
  return write(content);
}

Result<void> replace_file(const std::string& name, std::string_view content) {
  return TRY(Place::find(name)).write(content);
}

}  // namespace seclude::cli
