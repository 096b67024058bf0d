// Loading of policies for commands; see session.h.
#include "cli/session.h"

#include "base/text.h"
#include "base/wire.h"
#include "calls/arch.h"
#include "cli/files.h"
#include "cli/parse.h"
#include "cli/ready_texts.h"
#include "filter/check.h"

namespace seclude::cli {

namespace {

// A path written in one text, as seen from where that text lies. "./" goes, so that texts that use
// each other in a circle come back to the same name.
std::string beside(const std::string& nearby, std::string name) {
  while (name.starts_with("./")) name.erase(0, 2);
  size_t slash = nearby.rfind('/');
  if (name.starts_with("/") || slash == std::string::npos) return name;
  return nearby.substr(0, slash + 1) + name;
}

tl::expected<Source, Diagnostic> shipped(const policy::Wanted& wanted) {
  auto found = policy::built_in(wanted);
  if (found) found->parsed = ready_text(found->name);
  return found;
}

tl::expected<Source, Diagnostic> find_text(const policy::Wanted& wanted) {
  if (wanted.kind != policy::Wanted::Kind::File) return shipped(wanted);
  std::string path = beside(wanted.nearby, wanted.name);
  Result<std::string> text = read_text(path);
  if (text) return Source{.name = path, .text = std::move(*text)};
  return tl::unexpected(Diagnostic{.message = to_string(text.error())});
}

std::vector<std::string_view> words(std::string_view list) { return split(list, ','); }

}  // namespace

bool names_file(std::string_view argument) {
  return argument == "-" || argument.find_first_of("/.") != std::string_view::npos;
}

Result<Source> read_policy(const std::string& argument) {
  if (names_file(argument)) {
    std::string text = TRY(read_text(argument));
    return Source{.name = argument == "-" ? "standard input" : argument, .text = std::move(text)};
  }
  auto found =
      shipped({.kind = policy::Wanted::Kind::Profile, .name = argument, .nearby = "command line"});
  if (found) return std::move(*found);
  std::string hint = join(found.error().helps, "; ");
  if (hint.empty()) {
    hint =
        "`seclude profiles` lists the built-in ones; a file is written with `/` or `.`, such as "
        "./" +
        escape(argument);
  }
  return fail(found.error().message, 0, hint);
}

Result<filter::Settings> settings_of(const Arguments& arguments) {
  filter::Settings settings;
  for (const std::string& binding : arguments.values(flag::set)) {
    size_t equals = binding.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail("`--set " + escape(binding) + "` binds nothing", 0, "write --set NAME=VALUE");
    std::string name = binding.substr(0, equals);
    if (settings.parameters.count(name) != 0)
      return fail("`--set` binds `" + escape(name) + "` twice");
    settings.parameters[name] = binding.substr(equals + 1);
  }
  for (const std::string& list : arguments.values(flag::arch)) {
    if (list == "all") {
      settings.archs.assign(calls::all_archs.begin(), calls::all_archs.end());
      continue;
    }
    for (std::string_view word : words(list)) {
      std::optional<calls::Arch> arch = calls::find_arch(word);
      if (arch) {
        settings.archs.push_back(*arch);
        continue;
      }
      std::optional<std::string_view> near = nearest(word, calls::arch_names());
      std::vector<std::string> names(calls::arch_names().begin(), calls::arch_names().end());
      return fail("unknown architecture `" + escape(word) + "`", 0,
                  near ? "did you mean `" + std::string(*near) + "`?"
                       : "the known ones are " + join(names, ", "));
    }
  }
  return settings;
}

Result<Loaded> load_text(Source root, const Arguments& arguments) {
  Loaded loaded;
  loaded.name = root.name;
  loaded.settings = TRY(settings_of(arguments));
  loaded.texts = policy::load(std::move(root), find_text, loaded.sources, loaded.diagnostics);
  return loaded;
}

Result<Loaded> load_policy(const std::string& argument, const Arguments& arguments) {
  return load_policy(argument, TRY(read_policy(argument)), arguments);
}

Result<Loaded> load_policy(const std::string& argument, Source root, const Arguments& arguments) {
  Loaded loaded = TRY(load_text(std::move(root), arguments));
  loaded.name = name_of_input(argument);
  loaded.shipped = !names_file(argument) && loaded.settings.parameters.empty();
  return loaded;
}

std::string texts_of(const Loaded& loaded) {
  wire::Writer writer;
  for (uint32_t i = 0; i < loaded.sources.size(); ++i) {
    const Source& source = loaded.sources.at(i);
    // This program has the others.
    if (i > 0 && source.built_in) continue;
    writer.text(source.name);
    writer.text(source.text);
    writer.number(source.built_in);
  }
  return std::move(writer.bytes);
}

Loaded load_from(std::string_view texts) {
  std::vector<Source> sources;
  for (wire::Reader reader{texts}; !reader.rest.empty();) {
    Source& source = sources.emplace_back();
    reader.text(source.name);
    reader.text(source.text);
    reader.number(source.built_in);
    if (source.built_in) source.parsed = ready_text(source.name);
    CHECK(reader.good);
  }
  CHECK(!sources.empty());
  const auto find = [&](const policy::Wanted& wanted) -> tl::expected<Source, Diagnostic> {
    if (wanted.kind != policy::Wanted::Kind::File) return shipped(wanted);
    const std::string name = beside(wanted.nearby, wanted.name);
    for (const Source& source : sources)
      if (source.name == name && !source.built_in) return source;
    return tl::unexpected(Diagnostic{.message = name + " was not there"});
  };
  Loaded loaded;
  loaded.name = sources.front().name;
  loaded.texts = policy::load(sources.front(), find, loaded.sources, loaded.diagnostics);
  return loaded;
}

filter::Resolved prove(Loaded& loaded, filter::Store& store) {
  filter::Resolved resolved = filter::resolve(loaded.texts, loaded.settings, loaded.diagnostics);
  if (!loaded.diagnostics.has_errors())
    filter::check(store, loaded.texts, loaded.settings, resolved, loaded.diagnostics);
  return resolved;
}

filter::Resolved prove_for_launch(Loaded& loaded) {
  if (loaded.shipped) {
    loaded.settings.only_native_kernel = true;
    return filter::resolve(loaded.texts, loaded.settings, loaded.diagnostics);
  }
  filter::Store store;
  return prove(loaded, store);
}

Result<filter::Rules> phase_rules(const filter::Resolved& resolved, const Arguments& arguments) {
  std::optional<std::string> wanted = arguments.value(flag::phase);
  if (!wanted) return resolved.phases.front().rules;
  std::vector<std::string_view> names;
  for (const filter::PhaseRules& phase : resolved.phases) {
    if (phase.name == *wanted) return phase.rules;
    if (!phase.name.empty()) names.push_back(phase.name);
  }
  return fail("there is no phase `" + escape(*wanted, 60) + "`", 0,
              names.empty() ? "this policy has no phases" : did_you_mean(*wanted, names));
}

bool failed(const Loaded& loaded, const Arguments& arguments, Console& console) {
  console.diagnostics(loaded.diagnostics, loaded.sources);
  if (loaded.diagnostics.has_errors()) return true;
  return arguments.has(flag::werror) && loaded.diagnostics.warnings() > 0;
}

}  // namespace seclude::cli
