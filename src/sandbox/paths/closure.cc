// Closure: see closure.h.
#include "sandbox/paths/closure.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "base/text.h"
#include "kernel/files.h"
#include "sandbox/executable.h"
#include "sandbox/paths/elf_needs.h"

namespace seclude::sandbox {
namespace {

constexpr size_t head_size = 4096, longer_head = 16384;
constexpr size_t list_size = 16384;  // of preloaded libraries
constexpr int script_depth = 5;
constexpr size_t most_files = 1000;  // a program with more libraries lists them itself

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The names that ldconfig's cache gives to files, in the format of glibc 2.2 and later: a header of
// 48 bytes, entries of 24, and strings, all offsets from the start.
class LibraryCache {
 public:
  LibraryCache() {
    constexpr std::string_view magic = "glibc-ld.so.cache1.1";
    auto bytes = kernel::read_file("/etc/ld.so.cache");
    if (bytes && bytes->starts_with(magic)) bytes_ = std::move(*bytes);
  }

  std::vector<std::string> files_named(std::string_view library) const {
    constexpr size_t header = 48, entry = 24, count_at = 20;
    std::vector<std::string> files;
    const uint32_t entries = number_at(count_at);
    for (uint32_t i = 0; i < entries && header + (i + 1) * entry <= bytes_.size(); ++i) {
      const size_t at = header + i * entry;
      if (is_at(library, number_at(at + 4))) files.emplace_back(text_at(number_at(at + 8)));
    }
    return files;
  }

 private:
  uint32_t number_at(size_t offset) const {
    uint32_t number = 0;
    if (offset + sizeof number <= bytes_.size())
      std::memcpy(&number, bytes_.data() + offset, sizeof number);
    return number;
  }
  // There are hundreds of names: none is measured to see that it is another.
  bool is_at(std::string_view text, size_t offset) const {
    return offset < bytes_.size() && bytes_.size() - offset > text.size() &&
           bytes_.compare(offset, text.size(), text) == 0 && bytes_[offset + text.size()] == '\0';
  }
  std::string_view text_at(size_t offset) const {
    if (offset >= bytes_.size()) return {};
    const std::string_view rest = std::string_view(bytes_).substr(offset);
    return rest.substr(0, rest.find('\0'));
  }
  std::string bytes_;
};

class Follower {
 public:
  Follower(const ClosureQuery& query, Lookup& lookup) : query_(query), lookup_(lookup) {
    for (const std::string& variable : query.environment) {
      if (variable.starts_with("LD_LIBRARY_PATH=")) library_path_ = variable.substr(16);
      if (variable.starts_with("LD_PRELOAD=")) preloaded_ = variable.substr(11);
    }
  }

  Closure follow() {
    std::string path = seen_from_here(query_.program);
    for (int depth = 0; depth < script_depth; ++depth) {
      closure_.executed.push_back(path);
      const Head head = head_of(path);
      if (head.kind == Head::Kind::Elf) {
        if (head.interpreter) dynamic(path, seen_from_here(*head.interpreter));
        break;
      }
      if (!head.interpreter) break;
      path = seen_from_here(*head.interpreter);
    }
    return std::move(closure_);
  }

 private:
  std::string seen_from_here(const std::string& path) const {
    if (path.starts_with('/') || !query_.directory) return path;
    return *query_.directory + "/" + path;
  }

  // Most tell who loads them at once.
  static Head head_of(const std::string& path) {
    const auto file = kernel::open_file(path, kernel::OpenFor::Reading);
    if (!file) return {};
    const auto bytes = kernel::read_part(*file, 0, head_size, path);
    Head head = bytes ? read_head(*bytes) : Head{};
    if (head.kind != Head::Kind::Elf || head.interpreter || bytes->size() < head_size) return head;
    const auto more = kernel::read_part(*file, 0, longer_head, path);
    return more ? read_head(*more) : head;
  }

  void dynamic(const std::string& program, const std::string& loader) {
    closure_.executed.push_back(loader);
    for (const char* consulted : {"/etc/ld.so.cache", "/etc/ld.so.preload"})
      if (lookup_.facts(consulted)) closure_.consulted.emplace_back(consulted);
    const auto needs = elf_needs(program);
    if (!needs) return;
    root_ = *needs;
    root_folder_ = folder_of(lookup_.real(program).value_or(program));
    std::string names = preloaded_;
    if (const auto listed = kernel::read_file("/etc/ld.so.preload", list_size))
      names += " " + *listed;
    std::replace_if(
        names.begin(), names.end(), [](char c) { return c == ':' || c == '\n'; }, ' ');
    for (const std::string_view name : split(names, ' '))
      if (!name.empty()) library(std::string(name), root_, root_folder_);
    all_of(root_, root_folder_);
  }

  void all_of(const ElfNeeds& needs, const std::string& folder) {
    for (const std::string& name : needs.libraries) library(name, needs, folder);
  }

  struct Candidate {
    std::string path;
    bool beside_program = false;
  };

  void library(const std::string& name, const ElfNeeds& wanted_by, const std::string& folder) {
    if (name.empty()) return;
    // Where nothing depends on who wants it, once is enough.
    const bool anybodys = !wanted_by.rpath && !wanted_by.runpath && !root_.rpath;
    if (anybodys && !asked_.insert(name).second) return;
    bool beside_program = false, elsewhere = false;
    for (const Candidate& candidate : candidates(name, wanted_by, folder))
      if (is_library(candidate.path))
        (candidate.beside_program ? beside_program : elsewhere) = true;
    if (beside_program && !elsewhere) closure_.beside_program = name;
  }

  // Whether the program's loader takes the file; then what that needs is followed, once.
  bool is_library(const std::string& candidate) {
    const auto known = seen_.find(candidate);
    if (known != seen_.end()) return known->second;
    if (seen_.size() >= most_files) return false;
    const std::string real = lookup_.real(candidate).value_or(candidate);
    // Most files have several names.
    const auto same = seen_.find(real);
    const auto needs = same == seen_.end() ? elf_needs(candidate) : std::nullopt;
    const bool fits = same != seen_.end() ? same->second : fits_program(needs);
    seen_.emplace(candidate, fits);
    if (fits && real != candidate) closure_.named.push_back(candidate);
    if (!needs || !fits) return fits;
    seen_.emplace(real, true);
    closure_.libraries.push_back(real);
    all_of(*needs, folder_of(real));
    return true;
  }

  bool fits_program(const std::optional<ElfNeeds>& needs) const {
    return needs && needs->machine == root_.machine && needs->word_class == root_.word_class;
  }

  std::vector<Candidate> candidates(const std::string& name, const ElfNeeds& wanted_by,
                                    const std::string& folder) const {
    if (name.find('/') != std::string::npos) return {{seen_from_here(name)}};
    std::vector<Candidate> found;
    const auto look_in = [&](const std::string& list, const std::string& origin, bool programs) {
      for (const std::string_view directory : split(list, ':')) {
        if (directory.empty()) continue;
        std::string path = expanded(std::string(directory), origin);
        const bool beside_program = programs && path != directory;
        found.push_back({seen_from_here(path) + "/" + name, beside_program});
      }
    };
    const bool of_program = &wanted_by == &root_;
    if (wanted_by.rpath && !wanted_by.runpath) look_in(*wanted_by.rpath, folder, of_program);
    if (root_.rpath && !root_.runpath) look_in(*root_.rpath, root_folder_, true);
    look_in(library_path_, root_folder_, true);
    if (wanted_by.runpath) look_in(*wanted_by.runpath, folder, of_program);
    for (std::string& file : cache_.files_named(name)) found.push_back({std::move(file)});
    look_in("/lib64:/usr/lib64:/lib:/usr/lib:/usr/local/lib", root_folder_, false);
    return found;
  }

  static std::string expanded(std::string directory, const std::string& origin) {
    for (const std::string_view word : {"${ORIGIN}", "$ORIGIN"}) {
      for (size_t at; (at = directory.find(word)) != std::string::npos;)
        directory.replace(at, word.size(), origin);
    }
    return directory;
  }

  const ClosureQuery& query_;
  Lookup& lookup_;
  std::string library_path_, preloaded_;
  LibraryCache cache_;
  ElfNeeds root_;
  std::string root_folder_;
  std::map<std::string, bool> seen_;  // whether the loader takes it
  std::set<std::string> asked_;       // libraries that anybody would find at the same places
  Closure closure_;
};

}  // namespace

Closure closure_of(const ClosureQuery& query, Lookup& lookup) {
  return Follower(query, lookup).follow();
}

}  // namespace seclude::sandbox
