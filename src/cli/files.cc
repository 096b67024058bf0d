// Reading and writing of whole files; see files.h.
#include "cli/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>

#include "base/text.h"
#include "kernel/fd.h"

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

Result<void> replace_file(const std::string& name, std::string_view content) {
  std::string doing = "cannot write " + escape(name);
  struct stat status;
  std::optional<mode_t> old_mode;
  if (stat(name.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return fail(doing + ": it is a folder");
    if (!S_ISREG(status.st_mode)) {  // /dev/null, a pipe: renaming over it would destroy it
      kernel::Fd device(open(name.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
      if (device.number() < 0) return fail(doing, errno);
      if (!write_all(device.number(), content)) return fail(doing, errno);
      return {};
    }
    old_mode = status.st_mode & 07777;
  }
  // A symbolic link stays one: what it leads to is replaced.
  char* real = realpath(name.c_str(), nullptr);
  std::string target = real != nullptr ? real : name;
  free(real);
  std::string temporary = target + ".XXXXXX";
  kernel::Fd file(mkostemp(temporary.data(), O_CLOEXEC));
  if (file.number() < 0) return fail(doing, errno);
  bool good = write_all(file.number(), content) &&
              fchmod(file.number(), old_mode.value_or(fresh_mode())) == 0 &&
              rename(temporary.c_str(), target.c_str()) == 0;
  if (good) return {};
  int problem = errno;
  unlink(temporary.c_str());
  return fail(doing, problem);
}

}  // namespace seclude::cli
