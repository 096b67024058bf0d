// The graph of texts that `use` spans; see load.h.
#include "policy/load.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "base/result.h"
#include "base/text.h"
#include "policy/brought.h"
#include "policy/built_in.h"
#include "policy/parser.h"
#include "policy/policy_wire.h"
#include "policy/validate.h"

namespace seclude::policy {

namespace {

constexpr size_t longest_chain = 64;  // of texts that use each other; no real policy comes near
constexpr size_t most_texts = 1'000;

const BuiltInText* find_built_in(std::string_view name) {
  std::span<const BuiltInText> texts = built_in_texts();
  auto at = std::lower_bound(
      texts.begin(), texts.end(), name,
      [](const BuiltInText& text, std::string_view wanted) { return text.name < wanted; });
  return at != texts.end() && at->name == name ? &*at : nullptr;
}

std::vector<std::string_view> names(bool sets) {
  std::vector<std::string_view> found;
  for (const BuiltInText& text : built_in_texts())
    if (text.name.starts_with('@') == sets) found.push_back(text.name);
  return found;
}

Diagnostic unknown(std::string_view what, std::string_view name,
                   const std::vector<std::string_view>& known) {
  Diagnostic problem{.message = "unknown " + std::string(what) + " `" + escape(name, 60) + "`"};
  if (auto near = nearest(name, known))
    problem.helps.push_back("did you mean `" + std::string(*near) + "`?");
  return problem;
}

}  // namespace

std::vector<std::string_view> profile_names() { return names(false); }
std::vector<std::string_view> set_names() { return names(true); }

tl::expected<Source, Diagnostic> built_in(const Wanted& wanted) {
  if (wanted.kind == Wanted::Kind::File) {
    return tl::unexpected(Diagnostic{.message = "cannot read `" + escape(wanted.name, 200) + "`",
                                     .label = "only built-in profiles can be used here"});
  }
  if (const BuiltInText* text = find_built_in(wanted.name)) {
    return Source{
        .name = std::string(text->name), .text = std::string(text->text), .built_in = true};
  }
  bool set = wanted.kind == Wanted::Kind::Set;
  Diagnostic problem = set ? unknown("set", wanted.name, set_names())
                           : unknown("profile", wanted.name, profile_names());
  if (problem.helps.empty() && !set)
    problem.helps.push_back("`seclude profiles` lists all; a file is written with a `/`: `./" +
                            escape(wanted.name, 60) + ".seclude`");
  return tl::unexpected(std::move(problem));
}

namespace {

class Loader {
 public:
  Loader(const Resolver& resolver, SourceMap& sources, Diagnostics& diagnostics)
      : resolver_(resolver), sources_(sources), diagnostics_(diagnostics) {}

  Texts run(Source root) {
    add(std::move(root));
    follow(0);
    load_sets();
    validate_names(texts_, diagnostics_);
    return std::move(texts_);
  }

 private:
  struct Mention {
    Name name;
    size_t text;  // index of the policy that speaks
  };

  size_t add(Source source) {
    const std::string_view parsed = source.parsed;
    uint32_t index = sources_.add(std::move(source));
    if (!parsed.empty()) {
      auto policy = from_wire(parsed, index, sources_.at(index).text);
      CHECK(policy);
      texts_.policies.push_back(std::move(*policy));
      return texts_.policies.size() - 1;
    }
    texts_.policies.push_back(parse(index, sources_, diagnostics_));
    validate(texts_.policies.back(), diagnostics_);
    return texts_.policies.size() - 1;
  }

  // Depth first, so that the texts follow in order of first use.
  void follow(size_t index) {
    open_.push_back(index);
    Found found;
    gather(texts_.policies[index].statements, found);
    for (const Name& ref : found.uses) follow_reference(index, ref);
    for (const Name& name : found.sets) mentions_.push_back({name, index});
    found_[index] = std::move(found);
    open_.pop_back();
  }

  void follow_reference(size_t index, const Name& ref) {
    bool file = ref.text.find('/') != std::string::npos;
    Wanted wanted{.kind = file ? Wanted::Kind::File : Wanted::Kind::Profile,
                  .name = ref.text,
                  .nearby = sources_.at(texts_.policies[index].source).name};
    std::optional<size_t> target = find(wanted, ref.span, diagnostics_);
    if (!target) return;
    auto at = std::find(open_.begin(), open_.end(), *target);
    if (at != open_.end()) return circle(ref, static_cast<size_t>(at - open_.begin()));
    texts_.uses[ref.span] = *target;
    if (!followed_.insert(*target).second) return;
    if (open_.size() >= longest_chain) {
      diagnostics_.error(ref.span, "too many policies use each other in a row",
                         "more than " + std::to_string(longest_chain));
      return;
    }
    follow(*target);
  }

  // The text that is wanted; parsed when it is met first.
  std::optional<size_t> find(const Wanted& wanted, Span span, Diagnostics& problems) {
    // Only files are looked for relative to the text that asks.
    bool file = wanted.kind == Wanted::Kind::File;
    Question question(wanted.kind, wanted.name, file ? wanted.nearby : std::string());
    if (auto known = answers_.find(question); known != answers_.end()) return known->second;
    // What cannot be had is not asked for again: it may be long, or slow, to find out.
    auto refused = refusals_.find(question);
    tl::expected<Source, Diagnostic> source =
        refused != refusals_.end() ? tl::unexpected(refused->second) : resolver_(wanted);
    if (!source) {
      Diagnostic problem = refusals_.try_emplace(question, source.error()).first->second;
      if (!problem.span.known()) problem.span = span;
      problems.add(std::move(problem));
      return std::nullopt;
    }
    for (size_t i = 0; i < texts_.policies.size(); i++) {
      const Source& other = sources_.at(texts_.policies[i].source);
      if (other.name == source->name && other.built_in == source->built_in)
        return answers_[question] = i;
    }
    if (texts_.policies.size() >= most_texts) {
      problems.error(span, "too many policies use each other");
      return std::nullopt;
    }
    return answers_[question] = add(std::move(*source));
  }

  void circle(const Name& ref, size_t first) {
    std::vector<std::string> chain;
    for (size_t i = first; i < open_.size(); i++)
      chain.push_back(escape(sources_.at(texts_.policies[open_[i]].source).name, 200));
    chain.push_back(chain.front());
    Diagnostic& problem =
        diagnostics_.error(ref.span, "this `use` closes a circle", join(chain, " -> "));
    problem.helps.push_back("move what both need into a third file");
  }

  // ---- sets
  // --------------------------------------------------------------------------------------

  struct Found {
    std::vector<Name> uses, sets, definitions;
  };

  static void gather_sets(const Calls& calls, Found& found) {
    for (const CallRef& call : calls)
      if (call.kind == CallRef::Kind::Set) found.sets.push_back(call.name);
  }

  static void gather(const Block& block, Found& found) {
    for (const Statement& statement : block) {
      if (const auto* use = std::get_if<Use>(&statement.body)) {
        found.uses.insert(found.uses.end(), use->refs.begin(), use->refs.end());
        gather_sets(use->without, found);
      } else if (const auto* set = std::get_if<SetDefinition>(&statement.body)) {
        found.definitions.push_back(set->name);
        gather_sets(set->calls, found);
        gather_sets(set->without, found);
      } else if (const auto* otherwise = std::get_if<Otherwise>(&statement.body)) {
        gather_sets(otherwise->calls, found);
      } else if (const auto* rule = std::get_if<Rule>(&statement.body)) {
        gather_sets(rule->calls, found);
      } else if (const auto* phase = std::get_if<Phase>(&statement.body)) {
        gather(phase->body, found);
      } else if (const auto* on = std::get_if<OnArchitectures>(&statement.body)) {
        gather(on->body, found);
      } else if (const auto* expect = std::get_if<Expect>(&statement.body)) {
        if (const auto* subject = std::get_if<Rule>(&expect->subject))
          gather_sets(subject->calls, found);
      } else {  // path and network lines mention sets without writing them
        Brought implied = brought(statement);
        for (const auto& sets : {implied.allows, implied.mediates})
          for (std::string_view name : sets)
            found.sets.push_back({std::string(name), statement.keyword});
      }
    }
  }

  // The sets a text can mention: its own, and those of the texts it uses.
  const std::set<std::string, std::less<>>& reach(size_t index) {
    auto [at, fresh] = reach_.try_emplace(index);
    if (!fresh) return at->second;
    std::set<size_t> seen = {index};
    std::vector<size_t> due = {index};
    while (!due.empty()) {
      const Found& found = found_[due.back()];
      due.pop_back();
      for (const Name& name : found.definitions) at->second.insert(name.text);
      for (const Name& ref : found.uses) {
        auto target = texts_.uses.find(ref.span);
        if (target != texts_.uses.end() && seen.insert(target->second).second)
          due.push_back(target->second);
      }
    }
    return at->second;
  }

  // Library sets may mention further ones: `mentions_` grows while it is read.
  void load_sets() {
    for (size_t i = 0; i < mentions_.size(); i++) {
      Mention mention = mentions_[i];
      const std::string& name = mention.name.text;
      if (name == "@unknown" || texts_.library_sets.count(name) != 0 ||
          reach(mention.text).count(name) != 0)
        continue;
      std::optional<size_t> target = find_set(mention);
      if (!target) continue;
      texts_.library_sets[name] = *target;
      if (followed_.insert(*target).second) follow(*target);
    }
  }

  std::optional<size_t> find_set(const Mention& mention) {
    Wanted wanted{.kind = Wanted::Kind::Set,
                  .name = mention.name.text,
                  .nearby = sources_.at(texts_.policies[mention.text].source).name};
    if (!missing_.insert(wanted.name).second) return std::nullopt;  // said once
    Diagnostics problems;
    std::optional<size_t> target = find(wanted, mention.name.span, problems);
    if (target) missing_.erase(wanted.name);
    for (Diagnostic problem : problems.all()) {
      // The author may have meant a set of their own.
      std::vector<std::string_view> candidates = set_names();
      const auto& own = reach(mention.text);
      candidates.insert(candidates.begin(), own.begin(), own.end());
      if (auto near = nearest(wanted.name, candidates))
        problem.helps = {"did you mean `" + std::string(*near) + "`?"};
      diagnostics_.add(std::move(problem));
    }
    return target;
  }

  const Resolver& resolver_;
  SourceMap& sources_;
  Diagnostics& diagnostics_;
  Texts texts_;
  std::vector<size_t> open_;  // the chain of `use` from the root to here
  std::set<size_t> followed_ = {0};
  using Question = std::tuple<Wanted::Kind, std::string, std::string>;
  std::map<Question, size_t> answers_;
  std::map<Question, Diagnostic> refusals_;
  std::vector<Mention> mentions_;
  std::map<size_t, Found> found_;  // by index of the policy
  std::map<size_t, std::set<std::string, std::less<>>> reach_;
  std::set<std::string, std::less<>> missing_;
};

}  // namespace

Texts load(Source root, const Resolver& resolver, SourceMap& sources, Diagnostics& diagnostics) {
  return Loader(resolver, sources, diagnostics).run(std::move(root));
}

}  // namespace seclude::policy
