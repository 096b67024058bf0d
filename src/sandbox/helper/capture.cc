// Capture: see capture.h.
#include "sandbox/helper/capture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>

#include "calls/calls.h"
#include "filter/show.h"
#include "kernel/helper.h"
#include "kernel/other_process.h"

namespace seclude::sandbox {
namespace {

constexpr size_t longest_path = 4096;  // PATH_MAX
constexpr uint64_t longest_address = sizeof(sockaddr_storage);
constexpr size_t most_words = 16, longest_word = 256;
// In milliseconds. Memory may have to come from a slow disk, and the program waits anyway.
constexpr int held_at_most = 5000;

// Where a call that is handed a socket address has it; the length is in the next argument.
std::optional<size_t> address_argument(std::string_view call) {
  if (call == "connect" || call == "bind") return 1;
  if (call == "sendto") return 4;
  return std::nullopt;
}

// Where a call that starts a program has its command line.
std::optional<size_t> words_argument(std::string_view call) {
  if (call == "execve") return 1;
  if (call == "execveat") return 2;
  return std::nullopt;
}

ArgDetail read_path(int thread, uint64_t address, size_t arg) {
  auto read = kernel::read_string(thread, address, longest_path);
  if (!read) return {arg, ArgDetail::Kind::Unreadable};
  return {arg, ArgDetail::Kind::Path, std::move(read->text), read->cut};
}

ArgDetail read_address(int thread, uint64_t address, uint64_t length, size_t arg) {
  length = std::min(length & 0xffffffff, longest_address);
  const auto bytes = kernel::read_memory(thread, address, static_cast<size_t>(length));
  if (!bytes) return {arg, ArgDetail::Kind::Unreadable};
  return {arg, ArgDetail::Kind::Socket, show_socket_address(*bytes)};
}

template <typename T>
std::optional<T> value_at_start(const std::string& bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::string show_unix(const std::string& bytes) {
  std::string path = bytes.substr(std::min(bytes.size(), offsetof(sockaddr_un, sun_path)));
  if (path.empty()) return "unix:";
  if (path[0] == '\0') return "unix:@" + path.substr(1);
  return "unix:" + path.substr(0, path.find('\0'));
}

// A pointer of a program whose words have so many bytes.
std::optional<uint64_t> read_pointer(int thread, uint64_t address, size_t width) {
  const auto bytes = kernel::read_memory(thread, address, width);
  if (!bytes || bytes->size() < width) return std::nullopt;
  if (width == sizeof(uint32_t)) return value_at_start<uint32_t>(*bytes);
  return value_at_start<uint64_t>(*bytes);
}

void read_words(Denial& denial, uint64_t address, size_t width, size_t arg) {
  using Kind = ArgDetail::Kind;
  for (size_t i = 0;; ++i) {
    const auto word = read_pointer(denial.thread, address + i * width, width);
    if (word == 0) return;
    if (i == most_words) return denial.details.push_back({arg, Kind::MoreWords});
    auto read = word ? kernel::read_string(denial.thread, *word, longest_word) : std::nullopt;
    if (read)
      denial.details.push_back({arg, Kind::Word, std::move(read->text), read->cut});
    else
      denial.details.push_back({arg, Kind::UnreadableWord});
    if (!word) return;
  }
}

// x32 has registers of 64 bits and pointers of 32.
size_t pointer_width(calls::Arch arch) {
  return arch == calls::Arch::x32 || calls::info(arch).word_bits == 32 ? sizeof(uint32_t)
                                                                       : sizeof(uint64_t);
}

}  // namespace

std::string show_socket_address(const std::string& bytes) {
  const auto family = value_at_start<sa_family_t>(bytes);
  if (!family) return "no family";
  char text[INET6_ADDRSTRLEN] = {};
  if (*family == AF_UNIX) return show_unix(bytes);
  if (*family == AF_INET) {
    if (const auto address = value_at_start<sockaddr_in>(bytes)) {
      ::inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
      return std::string(text) + ":" + std::to_string(ntohs(address->sin_port));
    }
  }
  // Up to the scope id, which the kernel does not insist on (SIN6_LEN_RFC2133).
  constexpr size_t shortest = offsetof(sockaddr_in6, sin6_scope_id);
  if (*family == AF_INET6 && bytes.size() >= shortest) {
    sockaddr_in6 address = {};
    std::memcpy(&address, bytes.data(), std::min(bytes.size(), sizeof address));
    ::inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(address.sin6_port));
  }
  return "family " + std::to_string(*family);
}

std::vector<ArgDetail> read_arguments(const filter::Input& input, int thread) {
  std::optional<kernel::Deadline> deadline;  // most calls have nothing in memory
  std::vector<ArgDetail> details;
  const auto what = filter::known_call(input);
  if (!what) return details;
  const auto args = calls::args(what->call, what->arch);
  const auto address = address_argument(calls::name_of(what->call));
  for (size_t i = 0; i < args.size(); ++i) {
    const auto value = filter::argument(input, what->call, what->arch, i);
    if (!value || *value == 0) continue;
    const bool in_memory = args[i].kind == calls::ArgKind::Path || address == i;
    if (in_memory && !deadline) deadline.emplace(held_at_most);
    if (args[i].kind == calls::ArgKind::Path) details.push_back(read_path(thread, *value, i));
    if (address == i) {
      const auto length = filter::argument(input, what->call, what->arch, i + 1).value_or(0);
      details.push_back(read_address(thread, *value, length, i));
    }
  }
  return details;
}

void complete(Denial& denial) {
  const kernel::Deadline deadline(held_at_most);
  denial.thread_name = kernel::thread_name(denial.thread);
  denial.process = kernel::process_of(denial.thread);
  if (auto code = kernel::mapped_at(denial.thread, denial.call.instruction_pointer)) {
    denial.object = code->file.empty() ? "anonymous memory" : std::move(code->file);
    denial.object_offset = code->offset;
  }
  const auto what = filter::known_call(denial.call);
  if (!what) return;
  const auto args = calls::args(what->call, what->arch);
  const auto words = words_argument(calls::name_of(what->call));
  for (size_t i = 0; i < args.size(); ++i) {
    const auto value = filter::argument(denial.call, what->call, what->arch, i);
    if (words == i && value.value_or(0) != 0)
      read_words(denial, *value, pointer_width(what->arch), i);
    if (args[i].kind != calls::ArgKind::Fd) continue;
    const auto number = static_cast<int32_t>(value.value_or(~uint64_t{0}));
    if (number < 0) continue;  // AT_FDCWD, -1
    if (auto file = kernel::file_behind(denial.thread, number))
      denial.details.push_back({i, ArgDetail::Kind::File, std::move(*file)});
  }
}

}  // namespace seclude::sandbox
