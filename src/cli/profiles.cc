// `seclude profiles`: the policies and sets that come with the program.
//
// In: perhaps a name. Out: the list, each with the first clause of its comment; or the text of one,
// as it stands in profiles/ of the source tree.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/console.h"
#include "cli/json.h"
#include "cli/parse.h"
#include "policy/load.h"
#include "policy/parser.h"

namespace seclude::cli {

namespace {

using policy::Wanted;

struct Entry {
  std::string name;
  std::string about = {};  // the first clause of its first comment
  bool runnable = false;   // has a `policy` line
  std::string text = {};
};

// The first clause of the comment that opens the text, without the name it may start with.
std::string first_clause(std::string_view text, std::string_view name) {
  std::string comment;
  for (std::string_view line : split(text, '\n')) {
    if (!line.starts_with("# ")) break;
    comment += (comment.empty() ? "" : " ") + std::string(line.substr(2));
  }
  std::string prefix = std::string(name) + ": ";
  if (comment.starts_with(prefix)) comment.erase(0, prefix.size());
  for (size_t i = 0; i < comment.size(); i++) {
    bool ends = comment[i] == '.' || comment[i] == ':' || comment[i] == ';';
    if (ends && (i + 1 == comment.size() || comment[i + 1] == ' ')) return comment.substr(0, i);
    if (i > 72 && comment[i] == ' ') return comment.substr(0, i) + " ...";
  }
  return comment;
}

Entry describe(Wanted::Kind kind, std::string_view name) {
  auto source = policy::built_in({.kind = kind, .name = std::string(name), .nearby = ""});
  CHECK(source.has_value());  // the names are the library's own
  Entry entry{.name = std::string(name), .text = source->text};
  entry.about = first_clause(entry.text, name);
  SourceMap sources;
  Diagnostics ignored;  // built-in texts are proven by the tests
  uint32_t index = sources.add(std::move(*source));
  for (const policy::Statement& statement : policy::parse(index, sources, ignored).statements)
    entry.runnable = entry.runnable || std::holds_alternative<policy::Title>(statement.body);
  return entry;
}

int print_one(const std::string& name, const Arguments& arguments, Console& console) {
  bool is_set = name.starts_with("@");
  auto source = policy::built_in({.kind = is_set ? Wanted::Kind::Set : Wanted::Kind::Profile,
                                  .name = name,
                                  .nearby = "command line"});
  if (!source) {
    console.error(source.error().message, join(source.error().helps, "; "));
    return 2;
  }
  if (!arguments.has(flag::json)) {
    console.answer(source->text);
    return 0;
  }
  Entry entry = describe(is_set ? Wanted::Kind::Set : Wanted::Kind::Profile, name);
  Json document{{"schema", 1}, {"name", name}, {"about", entry.about}};
  if (!is_set) document["runnable"] = entry.runnable;
  document["text"] = entry.text;
  console.answer(dump(document));
  return 0;
}

void print_json(Console& console) {
  Json profiles = Json::array(), sets = Json::array();
  for (std::string_view name : policy::profile_names()) {
    Entry entry = describe(Wanted::Kind::Profile, name);
    profiles.push_back(
        {{"name", entry.name}, {"about", entry.about}, {"runnable", entry.runnable}});
  }
  for (std::string_view name : policy::set_names()) sets.push_back(std::string(name));
  console.answer(dump({{"schema", 1}, {"profiles", profiles}, {"sets", sets}}));
}

void print_list(Console& console) {
  std::string runnable, parts;
  for (std::string_view name : policy::profile_names()) {
    Entry entry = describe(Wanted::Kind::Profile, name);
    (entry.runnable ? runnable : parts) += fmt::format("  {:<18}{}\n", entry.name, entry.about);
  }
  console.answer("policies, for `run -p` or `use`:\n" + runnable);
  console.answer("\nparts, for `use`:\n" + parts);
  std::string line, sets;
  for (std::string_view name : policy::set_names()) {
    if (line.size() + name.size() > 96) sets += "  " + std::exchange(line, {}) + "\n";
    line += (line.empty() ? "" : " ") + std::string(name);
  }
  console.answer("\nsets of calls:\n" + sets + "  " + line + "\n");
}

int profiles(const Arguments& arguments, Console& console) {
  if (!arguments.rest.empty()) return print_one(arguments.rest[0], arguments, console);
  if (arguments.has(flag::json)) {
    print_json(console);
  } else if (console.plain()) {
    for (std::string_view name : policy::profile_names()) console.answer(std::string(name) + "\n");
  } else {
    print_list(console);
  }
  return 0;
}

constexpr const Flag* flags[] = {&flag::json, &flag::plain, &flag::help};
constexpr ExitStatus exits[] = {{"0", "printed"}, {"2", "there is no such profile or set"}};
constexpr std::string_view examples[] = {"seclude profiles", "seclude profiles image-converter",
                                         "seclude profiles @clock"};

}  // namespace

const Command profiles_command{
    .name = "profiles",
    .usage = "[NAME]",
    .summary = "list the built-in profiles and sets, or print one",
    .about =
        "Without a name, lists every built-in profile with one line about it, and the names of "
        "all sets of calls. With a name (a set with its @), prints its text: a policy like any "
        "other, to be read, used or copied. With --plain, only the names of the profiles.",
    .flags = flags,
    .exits = exits,
    .examples = examples,
    .most = 1,
    .takes_profiles = true,
    .run = profiles,
};

}  // namespace seclude::cli
