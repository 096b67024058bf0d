// Executable: see executable.h. The search follows execvp(3), without its last resort: a file that
// is neither a program nor a script with `#!` is refused instead of being handed to /bin/sh.
#include "sandbox/executable.h"

#include <elf.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "calls/arch.h"
#include "kernel/files.h"

namespace seclude::sandbox {
namespace {

// Program headers and interpreter name are at the front of every linker's output; the kernel itself
// reads 256 bytes of a script's first line and PATH_MAX of an interpreter's name.
constexpr size_t head_size = 4096;
constexpr size_t script_line = 256;
constexpr int script_depth = 5;  // as deep as the kernel follows scripts run by scripts

template <typename T>
std::optional<T> read_at(std::string_view bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// The class decides the layout; a foreign byte order is not ours to run and yields nothing.
template <typename Header, typename Segment>
std::optional<std::string> elf_interpreter(std::string_view bytes) {
  const auto header = read_at<Header>(bytes, 0);
  if (!header || header->e_phentsize != sizeof(Segment)) return std::nullopt;
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    const auto segment = read_at<Segment>(bytes, header->e_phoff + i * sizeof(Segment));
    if (!segment) return std::nullopt;
    if (segment->p_type != PT_INTERP) continue;
    if (segment->p_offset > bytes.size() || bytes.size() - segment->p_offset < segment->p_filesz)
      return std::nullopt;
    const std::string_view name = bytes.substr(segment->p_offset, segment->p_filesz);
    return std::string(name.substr(0, name.find('\0')));
  }
  return std::nullopt;
}

// Named only where it is another machine than this one. AUDIT_ARCH_* are ELF machine numbers with
// two bits for the word size and the byte order (linux/audit.h).
std::optional<std::string_view> machine_of(std::string_view bytes) {
  const auto header = read_at<Elf32_Ehdr>(bytes, 0);  // the 64-bit one begins alike
  if (!header) return std::nullopt;
  const bool big_endian = header->e_ident[EI_DATA] == ELFDATA2MSB;
  const unsigned word_bits = header->e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
  const auto swapped = static_cast<uint16_t>(header->e_machine >> 8 | header->e_machine << 8);
  const uint16_t machine =
      big_endian == calls::info(calls::native()).big_endian ? header->e_machine : swapped;
  const auto is_for = [&](const calls::ArchInfo& info) {
    return (info.audit & 0xffff) == machine && info.big_endian == big_endian &&
           info.word_bits == word_bits;
  };
  // x32 shares its number with x86_64.
  if (is_for(calls::info(calls::native()))) return std::nullopt;
  for (const calls::Arch arch : calls::all_archs)
    if (is_for(calls::info(arch))) return calls::info(arch).name;
  return std::nullopt;
}

std::optional<std::string> script_interpreter(std::string_view bytes) {
  std::string_view line = bytes.substr(2, script_line);
  line = line.substr(0, line.find('\n'));
  const size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  line.remove_prefix(begin);
  line = line.substr(0, line.find_first_of(" \t"));
  line = line.substr(0, line.find('\0'));
  if (line.empty()) return std::nullopt;
  return std::string(line);
}

tl::unexpected<SetupError> refuse(SetupError::Kind kind, std::string doing, int errno_value,
                                  std::string hint = {}) {
  return tl::unexpected<SetupError>(
      SetupError{kind, Error{std::move(doing), errno_value, std::move(hint)}});
}

std::string quoted(std::string_view text) { return "`" + escape(text, 200) + "`"; }

// Where the launcher sees what the program's directory would make of a relative path.
std::string seen_from_here(const std::string& path, const ExecutableQuery& query) {
  if (!query.directory || path.starts_with('/')) return path;
  return *query.directory + "/" + path;
}

// 0 when execve may start it, as far as the file itself is concerned.
int cannot_start(const std::string& path) {
  const auto facts = kernel::facts_of(path);
  if (!facts) return facts.error().errno_value;
  if (!facts->regular) return EACCES;
  return kernel::cannot_execute(path);
}

// The directories that execvp passes over when the program is not there.
bool keep_looking(int reason) {
  return reason == ENOENT || reason == ENOTDIR || reason == ENAMETOOLONG || reason == ELOOP ||
         reason == ENODEV || reason == ESTALE || reason == ETIMEDOUT;
}

tl::expected<std::string, SetupError> search(const ExecutableQuery& query) {
  const std::string path = query.search_path.value_or("/bin:/usr/bin");
  std::string refused;  // the first that was there and could not be executed
  for (const std::string_view directory : split(path, ':')) {
    // An empty element means the current directory (execvp(3)).
    const std::string candidate =
        directory.empty() ? "./" + query.command : std::string(directory) + "/" + query.command;
    const int reason = cannot_start(seen_from_here(candidate, query));
    if (reason == 0) return candidate;
    if (!keep_looking(reason) && refused.empty()) refused = candidate;
  }
  if (!refused.empty())
    return refuse(SetupError::Kind::NotExecutable, "execute " + quoted(refused), EACCES);
  return refuse(SetupError::Kind::NotFound, "find " + quoted(query.command) + " in PATH", 0,
                query.search_path ? "" : "PATH is not set: only /bin and /usr/bin were searched");
}

tl::expected<std::string, SetupError> locate(const ExecutableQuery& query) {
  if (query.command.empty())
    return refuse(SetupError::Kind::NotFound, "run a program whose name is empty", ENOENT);
  if (query.command.find('/') == std::string::npos) return search(query);
  const std::string seen = seen_from_here(query.command, query);
  const int reason = cannot_start(seen);
  if (reason == 0) return query.command;
  if (reason == ENOENT || reason == ENOTDIR)
    return refuse(SetupError::Kind::NotFound, "find " + quoted(query.command), reason);
  const auto facts = kernel::facts_of(seen);
  return refuse(SetupError::Kind::NotExecutable, "execute " + quoted(query.command), reason,
                facts && facts->directory ? "it is a directory" : "");
}

std::string missing_hint(const Head& head) {
  const std::string& name = *head.interpreter;
  if (name.ends_with('\r'))
    return "the script has Windows line endings: its first line ends in a carriage return";
  if (head.kind == Head::Kind::Script) return "the script's first line names it after #!";
  return "it is the program's dynamic loader: a program of another libc or another system?";
}

// Follows loaders and script interpreters; every one must be there and executable.
tl::expected<void, SetupError> check_interpreters(std::string path, const ExecutableQuery& query) {
  const std::string program = path;
  for (int depth = 0; depth < script_depth; ++depth) {
    const auto bytes = kernel::read_file(seen_from_here(path, query), head_size);
    if (!bytes) return {};  // executable without being readable: execve will tell
    const Head head = read_head(*bytes);
    if (!head.interpreter) return {};
    path = *head.interpreter;
    if (const int reason = cannot_start(seen_from_here(path, query))) {
      return refuse(SetupError::Kind::NotExecutable,
                    "execute " + quoted(program) + ", which needs " + quoted(path), reason,
                    missing_hint(head));
    }
    if (head.kind == Head::Kind::Elf) return {};
  }
  return {};
}

std::vector<std::string> warnings_for(const std::string& path, const ExecutableQuery& query) {
  const std::string seen = seen_from_here(path, query);
  const auto facts = kernel::facts_of(seen);
  if (!facts) return {};
  std::string what;
  if (facts->set_user_id) what = "set-user-ID";
  if (facts->set_group_id) what += what.empty() ? "set-group-ID" : " and set-group-ID";
  if (kernel::has_file_capabilities(seen))
    what += what.empty() ? "file capabilities" : " and file capabilities";
  if (what.empty()) return {};
  return {quoted(path) + " has " + what +
          ", which is without effect: behind a filter no program gains privileges (no_new_privs)"};
}

}  // namespace

Head read_head(std::string_view bytes) {
  if (bytes.starts_with("#!")) return {Head::Kind::Script, script_interpreter(bytes)};
  if (!bytes.starts_with(ELFMAG) || bytes.size() < EI_NIDENT) return {};
  if (bytes[EI_CLASS] == ELFCLASS64)
    return {Head::Kind::Elf, elf_interpreter<Elf64_Ehdr, Elf64_Phdr>(bytes)};
  return {Head::Kind::Elf, elf_interpreter<Elf32_Ehdr, Elf32_Phdr>(bytes)};
}

std::string why_no_program(const std::string& path, const std::optional<std::string>& directory) {
  constexpr const char* neither = "it is neither a program for this machine nor a script with #!";
  const auto head = kernel::read_file(seen_from_here(path, {.directory = directory}), head_size);
  if (!head) return neither;
  if (head->empty()) return "the file is empty";
  if (head->starts_with(ELFMAG)) {
    if (const auto machine = machine_of(*head))
      return "it is a program for " + std::string(*machine) + ", and this machine is " +
             std::string(calls::info(calls::native()).name);
    return neither;
  }
  const bool text = head->find('\0') == std::string::npos;
  return text ? "if it is a script, its first line has to name what runs it, such as #!/bin/sh"
              : neither;
}

tl::expected<Executable, SetupError> find_executable(const ExecutableQuery& query) {
  const auto path = locate(query);
  if (!path) return tl::unexpected<SetupError>(path.error());
  if (const auto checked = check_interpreters(*path, query); !checked)
    return tl::unexpected<SetupError>(checked.error());
  return Executable{*path, warnings_for(*path, query)};
}

}  // namespace seclude::sandbox
