// `seclude diff`: exactly how two policies or filters differ.
//
// In: two subjects (subject.h): policies, profiles, filters, in any mixture. Out: every call they
// answer differently, with one concrete call, both actions and the deciding line or instruction of
// each; then the lines of policies that other layers hold. What is compared are whole decisions
// (filter/inspection/call_differences.h): an empty answer means equal on every input.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/text.h"
#include "cli/subject.h"
#include "filter/inspection/call_differences.h"
#include "filter/inspection/line_differences.h"
#include "filter/show.h"

namespace seclude::cli {

namespace {

enum class Change { Wider, Stricter, Different };

const char* word(Change change) {
  switch (change) {
    case Change::Wider:
      return "wider";
    case Change::Stricter:
      return "stricter";
    case Change::Different:
      return "different";
  }
  return "";
}

Change change_of(const filter::CallDifference& difference) {
  if (filter::wider(difference.left, difference.right)) return Change::Wider;
  if (filter::wider(difference.right, difference.left)) return Change::Stricter;
  return Change::Different;
}

// One phase against another; a policy without phases and a filter have one nameless phase.
struct Comparison {
  std::string phase;
  View left, right;
  std::vector<filter::CallDifference> calls = {};
};

struct Findings {
  const Subject &left, &right;
  std::vector<Comparison> comparisons;
  std::vector<filter::LineDifference> lines = {};
};

// ---- comparing ----------------------------------------------------------------------------------

using Phases = std::vector<std::pair<std::string, const filter::Rules*>>;

std::optional<Phases> phases_of(const Subject& subject, const Arguments& arguments,
                                Console& console) {
  if (subject.is_filter()) return Phases{{"", nullptr}};
  std::optional<std::string> wanted = arguments.value(flag::phase);
  Phases phases;
  bool named = !subject.resolved.phases.front().name.empty();
  for (const filter::PhaseRules& phase : subject.resolved.phases)
    if (!wanted || !named || phase.name == *wanted) phases.push_back({phase.name, &phase.rules});
  if (!phases.empty()) return phases;
  console.error(subject.name + " has no phase `" + escape(*wanted, 60) + "`");
  return std::nullopt;
}

std::optional<std::vector<Comparison>> comparisons_of(const Subject& left, const Subject& right,
                                                      const Arguments& arguments,
                                                      Console& console) {
  std::optional<Phases> lefts = phases_of(left, arguments, console);
  std::optional<Phases> rights = phases_of(right, arguments, console);
  if (!lefts || !rights) return std::nullopt;
  bool mediation = !left.is_filter() && !right.is_filter();
  bool one_left = lefts->size() == 1, one_right = rights->size() == 1;
  auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  bool same = std::equal(lefts->begin(), lefts->end(), rights->begin(), rights->end(), same_name);
  if (!one_left && !one_right && !same) {
    console.error("the two policies have different phases", "compare one with --phase NAME");
    return std::nullopt;
  }
  std::vector<Comparison> comparisons;
  for (size_t i = 0; i < std::max(lefts->size(), rights->size()); i++) {
    const auto& a = lefts->at(one_left ? 0 : i);
    const auto& b = rights->at(one_right ? 0 : i);
    comparisons.push_back(
        {one_left ? b.first : a.first, {a.second, mediation}, {b.second, mediation}});
  }
  return comparisons;
}

// Only the architectures of --arch. x32 numbers enter where x86_64 does.
bool asked(const filter::CallDifference& difference, const std::vector<calls::Arch>& archs) {
  if (archs.empty()) return true;
  auto listed = [&](calls::Arch arch) { return std::count(archs.begin(), archs.end(), arch) > 0; };
  if (!difference.arch) return false;
  bool x32 = *difference.arch == calls::Arch::x32;
  return listed(*difference.arch) || (x32 && listed(calls::Arch::x86_64));
}

bool compare(Comparison& comparison, const Findings& findings, const Arguments& arguments,
             Console& console) {
  filter::Store store(uint32_t{1} << 20);
  Result<filter::Settings> settings = settings_of(arguments);
  auto left = decision_of(findings.left, comparison.left, store, console);
  if (!left || !settings) return false;
  auto right = decision_of(findings.right, comparison.right, store, console);
  if (!right) return false;
  bool only_wider = arguments.has(flag::only);
  for (filter::CallDifference& one : filter::call_differences(store, *left, *right))
    if (asked(one, settings->archs) && (!only_wider || change_of(one) == Change::Wider))
      comparison.calls.push_back(one);
  if (!store.exhausted()) return true;
  console.error("the two are too intricate to be compared exactly");
  return false;
}

// Lines of other layers: only policies have them.
bool has_layers(const Subject& subject) {
  return std::any_of(subject.resolved.flat.items.begin(), subject.resolved.flat.items.end(),
                     [](const filter::Item& item) {
                       return !std::holds_alternative<policy::Rule>(item.statement->body) &&
                              !std::holds_alternative<policy::Otherwise>(item.statement->body);
                     });
}

void compare_lines(Findings& findings, const Arguments& arguments, Console& console) {
  const Subject &left = findings.left, &right = findings.right;
  if (left.is_filter() || right.is_filter()) {
    for (const Subject* subject : {&left, &right})
      if (!subject->is_filter() && has_layers(*subject))
        console.note(subject->name + " has lines that no filter holds; they are not compared");
    return;
  }
  findings.lines = filter::line_differences({left.policy->texts, left.resolved.flat},
                                            {right.policy->texts, right.resolved.flat});
  if (arguments.has(flag::only))
    std::erase_if(findings.lines, [](const auto& line) { return !line.widens; });
}

// ---- telling ------------------------------------------------------------------------------------

calls::Arch arch_of(const filter::CallDifference& difference) {
  return difference.arch.value_or(calls::native());
}

std::string arch_name(const filter::CallDifference& difference) {
  if (difference.arch) return std::string(calls::info(*difference.arch).name);
  if (difference.audit) return fmt::format("architecture {:#x}", *difference.audit);
  return "every other architecture";
}

std::string subject_of(const filter::CallDifference& difference) {
  if (difference.call) return std::string(calls::name_of(*difference.call));
  if (difference.everything) return "every call";
  if (difference.first == difference.last) return fmt::format("number {}", difference.first);
  if (difference.last == UINT32_MAX) return fmt::format("numbers {} and above", difference.first);
  return fmt::format("numbers {}..{}", difference.first, difference.last);
}

// Calls that differ in the same way for the same reasons stand together: no argument is needed to
// show it, so one of them shows all.
struct Group {
  const filter::CallDifference* first;
  std::string left_line, right_line;
  std::vector<std::string> subjects = {};
  std::vector<std::string> archs = {};
};

bool same_but_for_arch(const Group& a, const Group& b) {
  const filter::CallDifference &one = *a.first, &other = *b.first;
  return one.left == other.left && one.right == other.right &&
         one.some_arguments == other.some_arguments && a.subjects == b.subjects &&
         a.left_line == b.left_line && a.right_line == b.right_line &&
         filter::show(one.example) == filter::show(other.example);
}

std::vector<Group> groups_of(const Findings& findings, const Comparison& comparison) {
  std::vector<Group> groups;
  std::map<std::string, size_t> places;
  for (const filter::CallDifference& one : comparison.calls) {
    Group group{&one, decided_by(findings.left, comparison.left, one.example),
                decided_by(findings.right, comparison.right, one.example)};
    std::string key = fmt::format("{}\n{:x} {:x}\n{}\n{}", arch_name(one), one.left.ret,
                                  one.right.ret, group.left_line, group.right_line);
    if (one.some_arguments) key = fmt::format("alone {}", groups.size());
    auto [place, fresh] = places.try_emplace(key, groups.size());
    if (fresh) groups.push_back(std::move(group));
    groups[place->second].subjects.push_back(subject_of(one));
  }
  for (Group& group : groups) std::sort(group.subjects.begin(), group.subjects.end());
  std::vector<Group> merged;
  for (Group& group : groups) {
    auto same = std::find_if(merged.begin(), merged.end(),
                             [&](const Group& other) { return same_but_for_arch(group, other); });
    std::string arch = arch_name(*group.first);
    if (same == merged.end()) same = merged.insert(merged.end(), std::move(group));
    same->archs.push_back(std::move(arch));
  }
  return merged;
}

std::string names_of(const Group& group) {
  constexpr size_t most = 24;
  size_t shown = group.subjects.size() <= most ? group.subjects.size() : most - 4;
  std::string text = join(std::span(group.subjects).first(shown), ", ");
  if (shown < group.subjects.size())
    text += fmt::format(" and {} more (--json lists them)", group.subjects.size() - shown);
  return text;
}

// The call that shows the difference; registers where its arguments do not show everything.
std::string example_of(const filter::CallDifference& difference) {
  const filter::Input& input = difference.example;
  std::string text = filter::show(input);
  if (!difference.some_arguments) return text;
  uint64_t above = 0;
  for (uint64_t arg : input.args) above |= arg >> 32;
  bool shown = difference.call && difference.arch && above == 0 && input.instruction_pointer == 0 &&
               !calls::args(*difference.call, *difference.arch).empty();
  if (shown) return text;
  text += " with registers";
  for (uint64_t arg : input.args) text += fmt::format(" {:#x}", arg);
  if (input.instruction_pointer != 0)
    text += fmt::format(", from {:#x}", input.instruction_pointer);
  return text;
}

template <typename Quoted>
std::string summary(const Findings& findings, const Arguments& arguments, Quoted&& quoted) {
  std::map<Change, size_t> counts;
  size_t total = 0;
  for (const Comparison& comparison : findings.comparisons)
    for (const filter::CallDifference& one : comparison.calls) {
      counts[change_of(one)]++;
      total++;
    }
  std::string left = quoted(findings.left.name), right = quoted(findings.right.name);
  if (total == 0 && findings.lines.empty())
    return arguments.has(flag::only)
               ? right + " lets in nothing that " + left + " does not"
               : left + " and " + right + " decide every call alike" +
                     (arguments.has(flag::arch) ? " on " + *arguments.value(flag::arch) : "");
  std::string text = count(total, "difference");
  const char* between = ": ";
  for (auto [change, number] : counts) {
    text += fmt::format("{}{} {}", between, number, word(change));
    between = ", ";
  }
  if (!findings.lines.empty())
    text += fmt::format(", and {} of other layers", count(findings.lines.size(), "line"));
  return text;
}

std::string text_of(const Findings& findings, const Arguments& arguments) {
  std::string text;
  for (const Comparison& comparison : findings.comparisons)
    for (const Group& group : groups_of(findings, comparison)) {
      const filter::CallDifference& one = *group.first;
      calls::Arch arch = arch_of(one);
      std::string left = filter::to_string(one.left, arch);
      std::string right = filter::to_string(one.right, arch);
      size_t width = std::max(left.size(), right.size());
      if (!comparison.phase.empty()) text += "in phase " + comparison.phase + ", ";
      text += fmt::format("{} on {}: {}{}\n", word(change_of(one)), join(group.archs, ", "),
                          names_of(group), one.some_arguments ? ", for some arguments" : "");
      text += "    " + example_of(one) + "\n";
      text += fmt::format("  - {:{}}  {}\n", left, width, group.left_line);
      text += fmt::format("  + {:{}}  {}\n", right, width, group.right_line);
    }
  if (!findings.lines.empty()) text += "lines that other layers hold, compared as written:\n";
  for (const filter::LineDifference& line : findings.lines) {
    const Subject& subject = line.in_right ? findings.right : findings.left;
    text += fmt::format("  {} {}  ({}{})\n", line.in_right ? '+' : '-', escape(line.text),
                        subject.policy->sources.where(line.span), line.widens ? ", wider" : "");
  }
  return text + summary(findings, arguments, std::identity{}) + "\n";
}

// What names and lines say must not become markup: a code span, which a backtick would end.
std::string code(std::string_view text) {
  std::string span = "`";
  for (char c : text) span += c == '`' ? '\'' : c;
  return span + "`";
}

// In a table `|` ends the cell, even in code.
std::string cell(std::string_view text) {
  std::string escaped;
  for (char c : code(text)) escaped += c == '|' ? "\\|" : std::string(1, c);
  return escaped;
}

std::string markdown_of(const Findings& findings, const Arguments& arguments) {
  std::string text = fmt::format("**{}** against **{}**: {}.\n", code(findings.right.name),
                                 code(findings.left.name), summary(findings, arguments, code));
  std::string rows;
  for (const Comparison& comparison : findings.comparisons)
    for (const Group& group : groups_of(findings, comparison)) {
      const filter::CallDifference& one = *group.first;
      calls::Arch arch = arch_of(one);
      std::string where = join(group.archs, ", ");
      if (!comparison.phase.empty()) where += ", phase " + comparison.phase;
      if (one.some_arguments) where += ", some arguments";
      rows += fmt::format("| **{}** | {} ({}) | {} | {} {} | {} {} |\n", word(change_of(one)),
                          cell(names_of(group)), where, cell(example_of(one)),
                          filter::to_string(one.left, arch), cell(group.left_line),
                          filter::to_string(one.right, arch), cell(group.right_line));
    }
  if (!rows.empty())
    text += fmt::format("\n| change | call | example | {} | {} |\n|---|---|---|---|---|\n{}",
                        cell(findings.left.name), cell(findings.right.name), rows);
  if (!findings.lines.empty()) text += "\nLines that other layers hold, compared as written:\n\n";
  for (const filter::LineDifference& line : findings.lines)
    text += fmt::format("- {} {}{}\n", line.in_right ? "added" : "removed", code(line.text),
                        line.widens ? " (**wider**)" : "");
  return text;
}

Json answer_json(const Subject& subject, const View& view, const filter::CallDifference& one,
                 filter::Action action) {
  return {{"action", filter::to_string(action, arch_of(one))},
          {"decided_by", decided_by_json(subject, view, one.example)}};
}

Json json_of(const Findings& findings) {
  Json document{{"schema", 1}, {"a", findings.left.name}, {"b", findings.right.name}};
  Json list = Json::array();
  for (const Comparison& comparison : findings.comparisons)
    for (const filter::CallDifference& one : comparison.calls) {
      Json entry{{"change", word(change_of(one))}};
      if (!comparison.phase.empty()) entry["phase"] = comparison.phase;
      entry["arch"] = one.arch ? Json(calls::info(*one.arch).name) : Json(nullptr);
      if (one.audit) entry["audit"] = *one.audit;
      entry["call"] = one.call ? Json(calls::name_of(*one.call)) : Json(nullptr);
      entry["numbers"] = {one.first, one.last};
      entry["some_arguments"] = one.some_arguments;
      entry["example"] = filter::show(one.example);
      entry["number"] = one.example.number;
      entry["registers"] = one.example.args;
      entry["instruction_pointer"] = one.example.instruction_pointer;
      entry["audit_of_example"] = one.example.arch;
      entry["a"] = answer_json(findings.left, comparison.left, one, one.left);
      entry["b"] = answer_json(findings.right, comparison.right, one, one.right);
      list.push_back(std::move(entry));
    }
  Json lines = Json::array();
  for (const filter::LineDifference& line : findings.lines) {
    const Subject& subject = line.in_right ? findings.right : findings.left;
    lines.push_back({{"text", line.text},
                     {"in", line.in_right ? "b" : "a"},
                     {"wider", line.widens},
                     {"place", to_json(line.span, subject.policy->sources)}});
  }
  document["equal"] = list.empty() && lines.empty();
  document["differences"] = std::move(list);
  document["lines"] = std::move(lines);
  return document;
}

int diff(const Arguments& arguments, Console& console) {
  std::optional<Subject> left = read_subject(arguments.rest[0], arguments, console);
  std::optional<Subject> right = read_subject(arguments.rest[1], arguments, console);
  if (!left || !right) return 2;
  auto comparisons = comparisons_of(*left, *right, arguments, console);
  if (!comparisons) return 2;
  Findings findings{*left, *right, std::move(*comparisons)};
  bool differ = false;
  for (Comparison& comparison : findings.comparisons) {
    if (!compare(comparison, findings, arguments, console)) return 2;
    differ |= !comparison.calls.empty();
  }
  compare_lines(findings, arguments, console);
  differ |= !findings.lines.empty();
  bool markdown = arguments.value(flag::diff_to) == "markdown";
  if (arguments.has(flag::json)) {
    console.answer(dump(json_of(findings)));
  } else if (markdown || !console.quiet()) {
    console.answer(markdown ? markdown_of(findings, arguments) : text_of(findings, arguments));
  }
  return differ ? 1 : 0;
}

constexpr const Flag* flags[] = {&flag::arch,  &flag::set,     &flag::phase,
                                 &flag::only,  &flag::diff_to, &flag::json,
                                 &flag::quiet, &flag::plain,   &flag::help};
constexpr ExitStatus exits[] = {
    {"0", "equal for every call; with --only wider: B lets in nothing that A does not"},
    {"1", "they differ"},
    {"2", "one of them is wrong, or too intricate to be decided exactly"}};
constexpr std::string_view examples[] = {
    "seclude diff old.seclude new.seclude",
    "seclude diff --only wider default site.seclude",
    "seclude diff site.seclude filter.bpf --arch x86_64",
    "seclude diff old.seclude new.seclude --to markdown",
};

}  // namespace

const Command diff_command{
    .name = "diff",
    .usage = "A B",
    .summary = "tell exactly how two policies or filters differ",
    .about =
        "Compares what A and B answer to every call, with every argument, on every architecture, "
        "and shows each difference by one concrete call, with both actions and the line (of a "
        "policy) or instruction (of a filter) behind each. A and B are policies, built-in profiles "
        "or raw filters, in any mixture; what a file is, is told from its content.\n"
        "\n"
        "`wider` means that B lets something happen that A refuses, or leaves to a supervisor, a "
        "tracer or another layer. Lines about paths, networks, limits and the like are compared as "
        "written. With --arch only those architectures are compared.",
    .flags = flags,
    .exits = exits,
    .examples = examples,
    .fewest = 2,
    .most = 2,
    .takes_profiles = true,
    .run = diff,
};

}  // namespace seclude::cli
