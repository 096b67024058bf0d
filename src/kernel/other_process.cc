// Other process: see other_process.h.
#include "kernel/other_process.h"

#include <limits.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/text.h"
#include "kernel/files.h"

namespace seclude::kernel {
namespace {

constexpr uint64_t page = 4096;  // the smallest there is: reads never cross one

std::string proc(int thread) { return "/proc/" + std::to_string(thread); }

// struct procmap_query of Linux 6.11, newer than the headers of Debian 12.
struct MappingQuery {
  uint64_t size, flags, address;
  uint64_t start, end, permissions, page_size, offset, inode;
  uint32_t major, minor, name_size, build_id_size;
  uint64_t name, build_id;
};
constexpr unsigned long query_mapping = _IOWR('f', 17, MappingQuery);  // PROCMAP_QUERY

// Without it, the first mappings are searched: more would hold up the thread that waits.
constexpr size_t most_of_maps = size_t{64} * 1024;

std::optional<uint64_t> hexadecimal(std::string_view text) {
  uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "start-end permissions offset device inode   name"
std::optional<Mapped> mapping_of(std::string_view line, uint64_t address) {
  std::string_view fields[5];
  for (std::string_view& field : fields) {
    const size_t end = line.find(' ');
    field = line.substr(0, end);
    line.remove_prefix(std::min(line.size(), field.size() + 1));
  }
  const size_t dash = fields[0].find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto start = hexadecimal(fields[0].substr(0, dash));
  const auto end = hexadecimal(fields[0].substr(dash + 1));
  const auto offset = hexadecimal(fields[2]);
  if (!start || !end || !offset || address < *start || address >= *end) return std::nullopt;
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
  return Mapped{std::string(line), address - *start + *offset};
}

}  // namespace

std::optional<Mapped> find_mapping(std::string_view maps, uint64_t address) {
  while (!maps.empty()) {
    const std::string_view line = maps.substr(0, maps.find('\n'));
    if (auto found = mapping_of(line, address)) return found;
    maps.remove_prefix(std::min(maps.size(), line.size() + 1));
  }
  return std::nullopt;
}

std::optional<Mapped> mapped_at(int thread, uint64_t address) {
  const std::string path = proc(thread) + "/maps";
  const auto maps = open_file(path, OpenFor::Reading);
  if (!maps) return std::nullopt;
  char name[PATH_MAX] = {};
  MappingQuery query = {};
  query.size = sizeof query;
  query.address = address;
  query.name = reinterpret_cast<uint64_t>(name);
  query.name_size = sizeof name;
  if (::ioctl(maps->number(), query_mapping, &query) == 0)
    return Mapped{query.name_size == 0 ? "" : name, address - query.start + query.offset};
  if (errno != ENOTTY) return std::nullopt;
  const auto text = read_file(path, most_of_maps);
  return text ? find_mapping(*text, address) : std::nullopt;
}

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
