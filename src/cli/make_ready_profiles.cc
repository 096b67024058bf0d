// A program of the build: writes the C++ file behind ready_profiles.h and ready_texts.h.
//
// In: the name of the file to write; the built-in profiles and sets, compiled into this program as
// well. Out: that file, with each profile that needs nothing but a filter, and with all texts
// parsed. A text that is wrong ends the build.
#include <cstdio>
#include <string>
#include <utility>

#include "filter/resolve.h"
#include "policy/load.h"
#include "policy/parser.h"
#include "policy/policy_wire.h"
#include "policy/validate.h"
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
    "// Made by make_ready_profiles.cc; do not edit.\n#include \"cli/ready_profiles.h\"\n"
    "#include \"cli/ready_texts.h\"\n\n"
    "namespace seclude::cli {\n\nnamespace {\n\n";

// Problems in it end the build.
Result<std::string> parsed(std::string_view name, policy::Wanted::Kind kind) {
  const auto text = policy::built_in({.kind = kind, .name = std::string(name), .nearby = ""});
  if (!text) return fail(text.error().message);
  SourceMap sources;
  Diagnostics diagnostics;
  const uint32_t index = sources.add(*text);
  const policy::Policy policy = policy::parse(index, sources, diagnostics);
  policy::validate(policy, diagnostics);
  if (!diagnostics.all().empty()) return fail("parse the text without a word about it");
  return policy::to_wire(policy, text->text);
}

// Arrays of bytes, and a table with their names.
class Table {
 public:
  Table(std::FILE* file, const char* type) : file_(file), type_(type) {}

  void add(std::string_view name, std::string_view bytes) {
    const std::string array = std::string(type_) + "_" + std::to_string(index_++);
    std::fprintf(file_, "constexpr char %s[] = {", array.c_str());
    for (const char byte : bytes) std::fprintf(file_, "%d,", static_cast<signed char>(byte));
    std::fputs("};\n", file_);
    rows_ += "    {\"" + std::string(name) + "\", {" + array + ", sizeof " + array + "}},\n";
  }
  void end(const char* function) {
    std::fprintf(file_,
                 "constexpr %s %s_all[] = {\n%s};\n\n}  // namespace\n\n"
                 "std::span<const %s> %s() { return %s_all; }\n\nnamespace {\n\n",
                 type_, type_, rows_.c_str(), type_, function, type_);
  }

 private:
  std::FILE* file_;
  const char* type_;
  size_t index_ = 0;
  std::string rows_;
};

int give_up(std::string_view name, const Error& error) {
  std::fprintf(stderr, "%s: %s\n", std::string(name).c_str(), to_string(error).c_str());
  return 1;
}

int make(const char* path) {
  std::FILE* file = std::fopen(path, "w");
  if (file == nullptr) return 1;
  std::fputs(head, file);
  Table profiles(file, "ReadyProfile");
  for (const std::string_view name : policy::profile_names()) {
    const auto bytes = bytes_of(name);
    if (!bytes) continue;
    if (!*bytes) return give_up(name, bytes->error());
    profiles.add(name, **bytes);
  }
  profiles.end("ready_profiles");
  Table texts(file, "ReadyText");
  using Kind = policy::Wanted::Kind;
  for (const auto& [kind, names] : {std::pair(Kind::Set, policy::set_names()),
                                    std::pair(Kind::Profile, policy::profile_names())}) {
    for (const std::string_view name : names) {
      const auto bytes = parsed(name, kind);
      if (!bytes) return give_up(name, bytes.error());
      texts.add(name, *bytes);
    }
  }
  texts.end("ready_texts");
  std::fputs("}  // namespace\n\n}  // namespace seclude::cli\n", file);
  return std::fclose(file) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace seclude

int main(int count, char** words) {
  if (count != 2) return 2;
  return seclude::make(words[1]);
}
