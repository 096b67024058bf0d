// Reading of policies and filters alike; see subject.h.
#include "cli/subject.h"

#include <fmt/format.h>

#include <variant>

#include "base/text.h"
#include "cli/files.h"
#include "filter/decide.h"
#include "filter/evaluate.h"
#include "filter/meaning.h"
#include "formats/formats.h"
#include "formats/raw_bpf.h"

namespace seclude::cli {

namespace {

std::optional<Subject> filter_subject(const std::string& name, std::string_view bytes,
                                      const Arguments& arguments, Console& console) {
  Result<filter::Settings> settings = settings_of(arguments);
  if (!settings) {
    console.error(settings.error());
    return std::nullopt;
  }
  Subject subject{.name = name};
  if (!settings->archs.empty()) subject.arch = settings->archs.front();
  auto program = formats::read_raw_bpf(bytes, subject.arch);
  if (!program) {
    console.error(name + " is no filter the kernel would load: " + program.error().why,
                  program.error().help);
    return std::nullopt;
  }
  subject.program = std::move(*program);
  return subject;
}

std::optional<Subject> policy_subject(Source root, const std::string& name,
                                      const Arguments& arguments, Console& console) {
  Result<Loaded> loaded = load_text(std::move(root), arguments);
  if (!loaded) {
    console.error(loaded.error());
    return std::nullopt;
  }
  loaded->name = name;
  Subject subject{.name = name};
  subject.resolved = filter::resolve(loaded->texts, loaded->settings, loaded->diagnostics);
  // Warnings are the business of `check`.
  if (loaded->diagnostics.has_errors()) {
    console.diagnostics(loaded->diagnostics, loaded->sources);
    return std::nullopt;
  }
  subject.arch = subject.resolved.archs.front();
  subject.policy = std::move(*loaded);
  return subject;
}

}  // namespace

std::optional<Subject> read_subject(const std::string& argument, const Arguments& arguments,
                                    Console& console) {
  std::string name = name_of_input(argument);
  if (!names_file(argument)) {
    Result<Source> profile = read_policy(argument);
    if (profile) return policy_subject(std::move(*profile), name, arguments, console);
    console.error(profile.error());
    return std::nullopt;
  }
  Result<std::string> content = read_input(argument);
  if (!content) {
    console.error(content.error());
    return std::nullopt;
  }
  if (formats::format_of(*content).kind == formats::Kind::Filter)
    return filter_subject(name, *content, arguments, console);
  // Relative `use` lines are looked up beside the file under the name it was given by.
  Source root{.name = argument == "-" ? name : argument, .text = std::move(*content)};
  return policy_subject(std::move(root), name, arguments, console);
}

std::optional<filter::Decision> decision_of(const Subject& subject, const View& view,
                                            filter::Store& store, Console& console) {
  if (!subject.is_filter()) {
    auto mediated = view.mediation ? filter::Mediated::Kept : filter::Mediated::AsAllow;
    filter::Decision decision = filter::decide(store, *view.rules, mediated);
    if (!store.exhausted()) return decision;
    console.error(subject.name + " is too large to be decided",
                  fmt::format("it needs more than {} decision nodes", store.node_limit()));
    return std::nullopt;
  }
  bool big_endian = calls::info(subject.arch).big_endian;
  auto lifted = filter::lift(store, subject.program, big_endian);
  if (auto* decision = std::get_if<filter::Decision>(&lifted)) return std::move(*decision);
  console.error(subject.name + " is too " + in_words(std::get<filter::Undecided>(lifted)));
  return std::nullopt;
}

std::string in_words(const filter::Undecided& undecided) {
  return fmt::format("intricate to be decided exactly, at instruction {}: {}", undecided.at,
                     undecided.why);
}

std::string decided_by(const Subject& subject, const View& view, const filter::Input& input) {
  if (subject.is_filter()) {
    filter::Evaluation evaluation =
        filter::evaluate(subject.program, input, calls::info(subject.arch).big_endian);
    return fmt::format("{}: instruction {}", subject.name, evaluation.last);
  }
  filter::Verdict verdict = filter::meaning(*view.rules, input);
  std::string reason(filter::to_string(verdict.reason));
  if (!verdict.origin.known()) return subject.name + ": seclude's own rule: " + reason;
  const SourceMap& sources = subject.policy->sources;
  std::string line(sources.line_of(verdict.origin));
  line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
  std::string text = sources.where(verdict.origin) + ": " + escape(line, 160);
  return verdict.reason == filter::Reason::Stated ? text : text + " (" + reason + ")";
}

Json decided_by_json(const Subject& subject, const View& view, const filter::Input& input) {
  if (subject.is_filter()) {
    filter::Evaluation evaluation =
        filter::evaluate(subject.program, input, calls::info(subject.arch).big_endian);
    return {{"instruction", evaluation.last}, {"executed", evaluation.executed}};
  }
  filter::Verdict verdict = filter::meaning(*view.rules, input);
  Json place = to_json(verdict.origin, subject.policy->sources);
  if (place.is_null()) place = Json::object();
  place["reason"] = filter::to_string(verdict.reason);
  return place;
}

}  // namespace seclude::cli
