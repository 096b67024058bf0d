// A program of the build: writes the C++ file behind ready_profiles.h.
//
// In: the name of the file to write; the built-in profiles, compiled into this program as well.
// Out: that file, with each profile that needs nothing but a filter. A profile that is wrong ends
// the build.
#include <cstdio>
#include <string>

#include "filter/resolve.h"
#include "policy/load.h"
#include "sandbox/ready_launch.h"

namespace seclude {
namespace {

// nullopt: it needs more than a filter. As `run` loads it (cli/session.h), so that places in the
// texts are the same.
std::optional<Result<std::string>> bytes_of(std::string_view name) {
  SourceMap sources;
  Diagnostics diagnostics;
  auto root = policy::built_in(
      {.kind = policy::Wanted::Kind::Profile, .name = std::string(name), .nearby = ""});
  if (!root) return fail(root.error().message);
  const auto find = [](const policy::Wanted& wanted) { return policy::built_in(wanted); };
  const policy::Texts texts = policy::load(std::move(*root), find, sources, diagnostics);
  if (!sandbox::needs_only_a_filter(texts)) return std::nullopt;
  filter::Resolved resolved = filter::resolve(texts, {.only_native_kernel = true}, diagnostics);
  if (diagnostics.has_errors()) return fail("resolve the profile " + std::string(name));
  if (resolved.fragment) return std::nullopt;
  return sandbox::make_ready(resolved.phases.front().rules);
}

constexpr const char* head =
    "// Made by make_ready_profiles.cc; do not edit.\n#include \"cli/ready_profiles.h\"\n\n"
    "namespace seclude::cli {\n\nnamespace {\n\n";

void write_array(std::FILE* file, size_t index, std::string_view bytes) {
  std::fprintf(file, "constexpr char bytes_%zu[] = {", index);
  for (const char byte : bytes) std::fprintf(file, "%d,", static_cast<signed char>(byte));
  std::fputs("};\n", file);
}

int make(const char* path) {
  std::FILE* file = std::fopen(path, "w");
  if (file == nullptr) return 1;
  std::fputs(head, file);
  std::string rows;
  size_t index = 0;
  for (const std::string_view name : policy::profile_names()) {
    const auto bytes = bytes_of(name);
    if (!bytes) continue;
    if (!*bytes) {
      std::fprintf(stderr, "%s: %s\n", std::string(name).c_str(),
                   to_string(bytes->error()).c_str());
      return 1;
    }
    write_array(file, index, **bytes);
    const std::string array = "bytes_" + std::to_string(index++);
    rows += "    {\"" + std::string(name) + "\", {" + array + ", sizeof " + array + "}},\n";
  }
  std::fprintf(file,
               "constexpr ReadyProfile all[] = {\n%s};\n\n}  // namespace\n\n"
               "std::span<const ReadyProfile> ready_profiles() { return all; }\n\n"
               "}  // namespace seclude::cli\n",
               rows.c_str());
  return std::fclose(file) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace seclude

int main(int count, char** words) {
  if (count != 2) return 2;
  return seclude::make(words[1]);
}
