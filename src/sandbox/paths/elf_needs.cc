// ELF needs: see elf_needs.h.
#include "sandbox/paths/elf_needs.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "kernel/files.h"

namespace seclude::sandbox {
namespace {

constexpr size_t most_bytes = 1 << 20;  // of a table that is read whole, or of a name
constexpr size_t usual_name = 256;
constexpr size_t head_size = 1024;  // the header, and most programs' list of segments

struct Class32 {
  using Header = Elf32_Ehdr;
  using Segment = Elf32_Phdr;
  using Entry = Elf32_Dyn;
};
struct Class64 {
  using Header = Elf64_Ehdr;
  using Segment = Elf64_Phdr;
  using Entry = Elf64_Dyn;
};

template <typename T>
std::vector<T> read_table(const kernel::Fd& file, uint64_t offset, uint64_t size) {
  const auto bytes = kernel::read_part(
      file, offset, static_cast<size_t>(std::min<uint64_t>(size, most_bytes)), "");
  if (!bytes) return {};
  std::vector<T> table(bytes->size() / sizeof(T));
  if (!table.empty()) std::memcpy(table.data(), bytes->data(), table.size() * sizeof(T));
  return table;
}

// The same, where the beginning of the file has been read already.
template <typename T>
std::vector<T> read_table(const kernel::Fd& file, const std::string& head, uint64_t offset,
                          uint64_t size) {
  if (offset > head.size() || head.size() - offset < size) return read_table<T>(file, offset, size);
  std::vector<T> table(static_cast<size_t>(size) / sizeof(T));
  if (!table.empty()) std::memcpy(table.data(), head.data() + offset, table.size() * sizeof(T));
  return table;
}

// The names in a file, of which a library has thousands, and few are asked for.
struct Strings {
  const kernel::Fd& file;
  uint64_t begin, size;

  std::string at(uint64_t offset) const {
    if (offset >= size) return {};
    const uint64_t rest = std::min<uint64_t>(size - offset, most_bytes);
    for (uint64_t piece = std::min<uint64_t>(rest, usual_name);; piece = rest) {
      auto text = kernel::read_part(file, begin + offset, static_cast<size_t>(piece), "");
      if (!text) return {};
      const size_t end = text->find('\0');
      if (end == std::string::npos && piece < rest) continue;
      return text->substr(0, end);
    }
  }
};

// Where a virtual address lies in the file.
template <typename Segment>
std::optional<uint64_t> offset_of(const std::vector<Segment>& segments, uint64_t address) {
  for (const Segment& segment : segments) {
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz)
      return segment.p_offset + (address - segment.p_vaddr);
  }
  return std::nullopt;
}

template <typename Class>
void read_dynamic(const kernel::Fd& file, const std::vector<typename Class::Segment>& segments,
                  const std::vector<typename Class::Entry>& entries, ElfNeeds& needs) {
  uint64_t strings_address = 0, strings_size = 0;
  for (const auto& entry : entries) {
    if (entry.d_tag == DT_STRTAB) strings_address = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) strings_size = entry.d_un.d_val;
  }
  const auto offset = offset_of(segments, strings_address);
  if (!offset) return;
  const Strings strings = {file, *offset, strings_size};
  for (const auto& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) needs.libraries.push_back(strings.at(entry.d_un.d_val));
    if (entry.d_tag == DT_RPATH) needs.rpath = strings.at(entry.d_un.d_val);
    if (entry.d_tag == DT_RUNPATH) needs.runpath = strings.at(entry.d_un.d_val);
  }
}

template <typename Class>
std::optional<ElfNeeds> read_needs(const kernel::Fd& file, const std::string& head) {
  const auto headers =
      read_table<typename Class::Header>(file, head, 0, sizeof(typename Class::Header));
  if (headers.empty() || headers[0].e_phentsize != sizeof(typename Class::Segment))
    return std::nullopt;
  ElfNeeds needs;
  needs.machine = headers[0].e_machine;
  needs.word_class = headers[0].e_ident[EI_CLASS];
  const auto segments = read_table<typename Class::Segment>(
      file, head, headers[0].e_phoff,
      uint64_t{headers[0].e_phnum} * sizeof(typename Class::Segment));
  for (const auto& segment : segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    read_dynamic<Class>(file, segments,
                        read_table<typename Class::Entry>(file, segment.p_offset, segment.p_filesz),
                        needs);
  }
  return needs;
}

}  // namespace

std::optional<ElfNeeds> elf_needs(const std::string& path) {
  const auto file = kernel::open_file(path, kernel::OpenFor::Reading);
  if (!file) return std::nullopt;
  const auto head = kernel::read_part(*file, 0, head_size, path);
  if (!head || head->size() < EI_NIDENT || !head->starts_with(ELFMAG)) return std::nullopt;
  if ((*head)[EI_CLASS] == ELFCLASS64) return read_needs<Class64>(*file, *head);
  return read_needs<Class32>(*file, *head);
}

}  // namespace seclude::sandbox
