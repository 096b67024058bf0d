// Files: see files.h. Every call is retried when a signal interrupts it.
#include "kernel/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

namespace seclude::kernel {
namespace {

int flags_for(OpenFor purpose) {
  switch (purpose) {
    case OpenFor::Reading:
      return O_RDONLY;
    case OpenFor::Writing:
      return O_WRONLY | O_CREAT | O_TRUNC;
    case OpenFor::Both:
      return O_RDWR;
  }
  return O_RDONLY;
}

}  // namespace

Result<Fd> open_file(const std::string& path, OpenFor purpose) {
  int number;
  do {
    // Not open(): musl's would ask for O_CLOEXEC a second time, for kernels that do not know it.
    number = ::openat(AT_FDCWD, path.c_str(), flags_for(purpose) | O_CLOEXEC | O_NOCTTY, 0666);
  } while (number < 0 && errno == EINTR);
  if (number < 0) return fail("open " + path, errno);
  Fd file(number);
  if (number > 2) return file;
  const int moved = ::fcntl(number, F_DUPFD_CLOEXEC, 3);
  if (moved < 0) return fail("move the descriptor of " + path, errno);
  return Fd(moved);
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  const Fd file = TRY(open_file(path, OpenFor::Reading));
  // A page to begin with, for most that is read is smaller; of a file that tells its size all at
  // once, and one byte to see that there is no more. Then more and more. A size may be a lie.
  constexpr size_t believed = size_t{1} << 20;
  size_t piece = 4096;
  struct stat status;
  if (limit > piece && ::fstat(file.number(), &status) == 0 && S_ISREG(status.st_mode))
    piece = std::clamp(static_cast<size_t>(status.st_size) + 1, piece, believed);
  std::string text;
  size_t size = 0;
  for (;;) {
    if (size == text.size()) {
      if (size == limit) break;
      text.resize(size + std::min(piece, limit - size));
      piece *= 2;
    }
    const ssize_t got = ::read(file.number(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("read " + path, errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  text.resize(size);
  return text;
}

Result<void> write_all(const Fd& file, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    const ssize_t put = ::write(file.number(), text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail("write " + name, errno);
    text.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

Result<void> write_file(const std::string& path, std::string_view text) {
  Fd file = TRY(open_file(path, OpenFor::Writing));
  TRY_VOID(write_all(file, text, path));
  // A full disk of a network file system shows here at the earliest.
  if (::close(file.release()) != 0 && errno != EINTR) return fail("close " + path, errno);
  return {};
}

Result<FileFacts> facts_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return fail("stat " + path, errno);
  FileFacts facts;
  facts.regular = S_ISREG(status.st_mode);
  facts.directory = S_ISDIR(status.st_mode);
  facts.set_user_id = (status.st_mode & S_ISUID) != 0;
  facts.set_group_id = (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
  facts.owner = status.st_uid;
  return facts;
}

bool has_file_capabilities(const std::string& path) {
  return ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
}

Result<std::string> real_path(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return fail("find " + path, errno);
  std::string real = resolved;
  std::free(resolved);
  return real;
}

Result<std::optional<std::string>> link_target(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  if (size > 0) return std::string(target, static_cast<size_t>(size));
  if (size < 0 && errno != EINVAL) return fail("find " + path, errno);
  return std::nullopt;
}

bool is_of_own_process(const std::string& real_path) {
  const std::string own = "/proc/" + std::to_string(::getpid());
  return real_path == own || real_path.starts_with(own + "/");
}

Result<std::string> read_part(const Fd& file, uint64_t offset, size_t size,
                              const std::string& name) {
  std::string text(size, '\0');
  size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::pread(file.number(), text.data() + filled, size - filled,
                                static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("read " + name, errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  text.resize(filled);
  return text;
}

int cannot_execute(const std::string& path) {
  // AT_EACCESS: execve judges by the effective ids; access(2) would ask for the real ones.
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

int cannot_write(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0 ? 0 : errno;
}

bool descriptor_is_open(int number) { return ::fcntl(number, F_GETFD) >= 0; }

bool descriptor_is_directory(int number) {
  struct stat status;
  return ::fstat(number, &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace seclude::kernel
