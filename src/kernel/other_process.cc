// Other process: see other_process.h.
#include "kernel/other_process.h"

#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "kernel/files.h"

namespace seclude::kernel {
namespace {

constexpr uint64_t page = 4096;  // the smallest there is: reads never cross one

std::string proc(int thread) { return "/proc/" + std::to_string(thread); }

}  // namespace

std::optional<std::string> read_memory(int thread, uint64_t address, size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    const uint64_t at = address + bytes.size();
    const size_t rest = std::min<uint64_t>(size - bytes.size(), page - at % page);
    char buffer[page];
    const iovec here = {buffer, rest};
    const iovec there = {reinterpret_cast<void*>(at), rest};
    const ssize_t got = ::process_vm_readv(thread, &here, 1, &there, 1, 0);
    if (got <= 0) break;
    bytes.append(buffer, static_cast<size_t>(got));
  }
  if (bytes.empty() && size > 0) return std::nullopt;
  return bytes;
}

std::optional<ReadText> read_string(int thread, uint64_t address, size_t limit) {
  ReadText read;
  // Most strings are short: a small first piece saves copying a whole page.
  for (size_t piece = 256; read.text.size() < limit; piece = page) {
    const auto bytes =
        read_memory(thread, address + read.text.size(), std::min(piece, limit - read.text.size()));
    if (!bytes) break;
    const size_t end = bytes->find('\0');
    read.text.append(*bytes, 0, end);
    if (end != std::string::npos) return read;
  }
  if (read.text.empty()) return std::nullopt;
  read.cut = true;
  return read;
}

std::optional<std::string> file_behind(int thread, int descriptor) {
  char name[PATH_MAX];
  const std::string link = proc(thread) + "/fd/" + std::to_string(descriptor);
  const ssize_t length = ::readlink(link.c_str(), name, sizeof name);
  if (length < 0) return std::nullopt;
  return std::string(name, static_cast<size_t>(length));
}

std::string thread_name(int thread) {
  auto name = read_file(proc(thread) + "/comm", 64);
  if (!name) return {};
  if (name->ends_with('\n')) name->pop_back();
  return *name;
}

int process_of(int thread) {
  const auto status = read_file(proc(thread) + "/status", 4096);
  if (!status) return 0;
  const size_t at = status->find("\nTgid:\t");
  if (at == std::string::npos) return 0;
  const std::string_view rest = std::string_view(*status).substr(at + 7);
  return static_cast<int>(parse_integer(rest.substr(0, rest.find('\n'))).value_or(0));
}

}  // namespace seclude::kernel
