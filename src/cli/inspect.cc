// `seclude inspect`: what a filter is.
//
// In: a raw filter, or a process that has some. Out: its instructions with names, the policy it
// amounts to (proven equal, or with every difference listed: filter/inspection/unlift.h), what it
// costs, and what about it is odd (filter/inspection/oddities.h). Neighbours: subject.h reads it,
// diff.cc compares two.
#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <variant>

#include "base/text.h"
#include "cli/cost_report.h"
#include "cli/subject.h"
#include "filter/inspection/oddities.h"
#include "filter/inspection/unlift.h"
#include "filter/show.h"
#include "kernel/loaded_filters.h"

namespace seclude::cli {

namespace {

struct Inspected {
  const Subject& subject;
  filter::Unlifted policy;
  std::vector<filter::Oddity> oddities;
};

bool wants(const Arguments& arguments, std::string_view part) {
  std::string asked = arguments.value(flag::inspect_show).value_or("all");
  return asked == "all" || asked == part;
}

// ---- the policy ---------------------------------------------------------------------------------

std::string subject_of(const filter::CallDifference& one) {
  if (one.call) return std::string(calls::name_of(*one.call));
  if (one.everything) return "every call";
  if (one.first == one.last) return fmt::format("number {}", one.first);
  return fmt::format("numbers {}..{}", one.first, one.last);
}

// "kill, where the policy says errno:EPERM: rt_sigreturn, ..." : differences with equal answers
// stand together.
struct Unsaid {
  std::string arch;
  filter::Action left, right;
  bool some_arguments;
  std::vector<std::string> subjects;
};

std::vector<Unsaid> unsaid_of(const filter::Unlifted& policy) {
  std::vector<Unsaid> groups;
  for (const filter::CallDifference& one : policy.unsaid) {
    std::string arch = one.arch    ? std::string(calls::info(*one.arch).name)
                       : one.audit ? fmt::format("architecture {:#x}", *one.audit)
                                   : "every other architecture";
    auto same = std::find_if(groups.begin(), groups.end(), [&](const Unsaid& group) {
      return group.arch == arch && group.left == one.left && group.right == one.right &&
             group.some_arguments == one.some_arguments;
    });
    if (same == groups.end())
      same = groups.insert(groups.end(), {arch, one.left, one.right, one.some_arguments, {}});
    same->subjects.push_back(subject_of(one));
  }
  return groups;
}

std::string shortened(const std::vector<std::string>& names) {
  constexpr size_t most = 12;
  size_t shown = names.size() <= most ? names.size() : most - 2;
  std::string text = join(std::span(names).first(shown), ", ");
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

std::string policy_text(const Inspected& inspected) {
  const filter::Unlifted& policy = inspected.policy;
  if (!policy.problem.empty()) return "policy: none, because " + policy.problem + "\n";
  std::string text = policy.unsaid.empty()
                         ? "policy, proven equal to the filter:\n"
                         : "policy, proven equal to the filter but for what is listed below it:\n";
  for (std::string_view line : split(policy.text, '\n'))
    text += line.empty() ? "\n" : "  " + std::string(line) + "\n";
  while (text.ends_with("\n\n")) text.pop_back();
  if (policy.unsaid.empty()) return text;
  if (!policy.left_out.empty()) {
    std::vector<std::string> names;
    for (calls::CallId call : policy.left_out) names.emplace_back(calls::name_of(call));
    text += "too intricate to be read, left out: " + shortened(names) + "\n";
  }
  text += "what the policy cannot say:\n";
  for (const Unsaid& one : unsaid_of(policy)) {
    calls::Arch arch = calls::find_arch(one.arch).value_or(inspected.subject.arch);
    text += fmt::format("  {}: the filter answers {}, the policy {}{}: {}\n", one.arch,
                        filter::to_string(one.left, arch), filter::to_string(one.right, arch),
                        one.some_arguments ? " (for some registers)" : "", shortened(one.subjects));
  }
  return text;
}

Json policy_json(const Inspected& inspected) {
  const filter::Unlifted& policy = inspected.policy;
  Json document;
  if (!policy.problem.empty()) {
    document["problem"] = policy.problem;
    return document;
  }
  document["text"] = policy.text;
  document["equal"] = policy.unsaid.empty();
  Json unsaid = Json::array();
  for (const filter::CallDifference& one : policy.unsaid) {
    calls::Arch arch = one.arch.value_or(inspected.subject.arch);
    unsaid.push_back({{"arch", one.arch ? Json(calls::info(*one.arch).name) : Json(nullptr)},
                      {"call", one.call ? Json(calls::name_of(*one.call)) : Json(nullptr)},
                      {"numbers", {one.first, one.last}},
                      {"filter", filter::to_string(one.left, arch)},
                      {"policy", filter::to_string(one.right, arch)},
                      {"registers", one.example.args},
                      {"instruction_pointer", one.example.instruction_pointer},
                      {"audit_of_example", one.example.arch}});
  }
  document["unsaid"] = std::move(unsaid);
  return document;
}

// ---- oddities -----------------------------------------------------------------------------------

std::string registers_of(const filter::Input& input) {
  std::string text;
  for (uint64_t arg : input.args) text += fmt::format(" {:#x}", arg);
  if (input.instruction_pointer != 0)
    text += fmt::format(", from {:#x}", input.instruction_pointer);
  return text;
}

std::string oddities_text(const Inspected& inspected) {
  if (inspected.oddities.empty()) return "oddities: none\n";
  std::string text = "oddities:\n";
  for (const filter::Oddity& one : inspected.oddities) {
    text += "  " + one.kind + ": " + one.message;
    text += one.subjects.empty() ? "\n" : ": " + shortened(one.subjects) + "\n";
    if (one.example)
      text += "      example: " + filter::show(*one.example) + ", registers" +
              registers_of(*one.example) + "\n";
    if (!one.help.empty()) text += "      help: " + one.help + "\n";
  }
  return text;
}

Json oddities_json(const Inspected& inspected) {
  Json list = Json::array();
  for (const filter::Oddity& one : inspected.oddities) {
    Json entry{{"kind", one.kind}, {"message", one.message}, {"subjects", one.subjects}};
    if (one.example) {
      entry["example"] = filter::show(*one.example);
      entry["number"] = one.example->number;
      entry["registers"] = one.example->args;
      entry["instruction_pointer"] = one.example->instruction_pointer;
      entry["audit_of_example"] = one.example->arch;
    }
    if (!one.help.empty()) entry["help"] = one.help;
    list.push_back(std::move(entry));
  }
  return list;
}

// ---- the command --------------------------------------------------------------------------------

Json json_of(const Inspected& inspected, const Arguments& arguments) {
  const Subject& subject = inspected.subject;
  Json document{{"schema", 1}, {"filter", subject.name}};
  for (calls::Arch arch : inspected.policy.archs)
    document["architectures"].push_back(calls::info(arch).name);
  if (wants(arguments, "asm"))
    document["disassembly"] = filter::disassemble(subject.program, subject.arch);
  if (wants(arguments, "policy")) document["policy"] = policy_json(inspected);
  if (wants(arguments, "cost"))
    document["cost"] = cost_json({subject.program, inspected.policy.archs});
  if (wants(arguments, "oddities")) document["oddities"] = oddities_json(inspected);
  return document;
}

std::string text_of(const Inspected& inspected, const Arguments& arguments) {
  const Subject& subject = inspected.subject;
  // Alone, the policy is a text to be used.
  if (arguments.value(flag::inspect_show) == "policy" && inspected.policy.problem.empty() &&
      inspected.policy.unsaid.empty())
    return inspected.policy.text;
  std::string text;
  if (wants(arguments, "asm"))
    text += fmt::format("{}: {}\n", subject.name, count(subject.program.size(), "instruction")) +
            filter::disassemble(subject.program, subject.arch);
  if (wants(arguments, "policy")) text += policy_text(inspected);
  if (wants(arguments, "cost"))
    text += "cost:\n" + cost_text({subject.program, inspected.policy.archs});
  if (wants(arguments, "oddities")) text += oddities_text(inspected);
  return text;
}

bool is_process(const std::string& argument) {
  return std::all_of(argument.begin(), argument.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::vector<Subject>> process_subjects(const std::string& argument,
                                                     const Arguments& arguments, Console& console) {
  std::optional<uint64_t> process = parse_integer(argument);
  Result<filter::Settings> settings = settings_of(arguments);
  if (!settings || !process || *process > INT_MAX || *process == 0) {
    if (!settings) console.error(settings.error());
    if (settings) console.error("there is no process " + argument);
    return std::nullopt;
  }
  auto programs = kernel::loaded_filters(static_cast<int>(*process));
  if (!programs) {
    console.error(programs.error());
    return std::nullopt;
  }
  std::vector<Subject> subjects;
  for (filter::Program& program : *programs) {
    Subject subject{.name = fmt::format("process {}, filter {} of {}", *process,
                                        subjects.size() + 1, programs->size())};
    if (!settings->archs.empty()) subject.arch = settings->archs.front();
    subject.program = std::move(program);
    subjects.push_back(std::move(subject));
  }
  return subjects;
}

std::optional<Subject> file_subject(const std::string& argument, const Arguments& arguments,
                                    Console& console) {
  std::optional<Subject> subject = read_subject(argument, arguments, console);
  if (!subject || subject->is_filter()) return subject;
  console.error(subject->name + " is a policy, not a filter",
                "compile it first: seclude compile " + subject->name + " -o FILTER");
  return std::nullopt;
}

// Without an exact decision there are still instructions and what they cost; the rest says why not.
Inspected undecided(const Subject& subject, const filter::Undecided& why) {
  Inspected result{subject, {}, filter::oddities_of_code(subject.program)};
  result.policy.archs = {subject.arch};
  result.policy.problem = "it is too " + in_words(why);
  result.oddities.push_back({.kind = "unexamined",
                             .message = "too intricate to be looked into",
                             .subjects = {"everything that depends on what it decides"}});
  return result;
}

std::optional<Inspected> inspected(const Subject& subject, const Arguments& arguments,
                                   Console& console) {
  filter::Store store(uint32_t{1} << 20);
  auto lifted = filter::lift(store, subject.program, calls::info(subject.arch).big_endian);
  if (const auto* why = std::get_if<filter::Undecided>(&lifted)) {
    bool needed = arguments.value(flag::inspect_show) == "policy" ||
                  arguments.value(flag::inspect_show) == "oddities";
    if (!needed) return undecided(subject, *why);
    console.error(subject.name + " is too " + in_words(*why));
    return std::nullopt;
  }
  const auto& decision = std::get<filter::Decision>(lifted);
  store.renew_steps();
  filter::Store writing = store;  // what the text takes must not stand in the way of the oddities
  Inspected result{subject, filter::unlift(writing, decision, {.arch = subject.arch}), {}};
  std::vector<calls::Arch>& archs = result.policy.archs;
  if (archs.empty()) archs.push_back(subject.arch);
  result.oddities = filter::oddities(store, {subject.program, decision, archs});
  return result;
}

// The kernel asks all filters of a process and takes the strictest answer.
int inspect_process(const std::string& argument, const Arguments& arguments, Console& console) {
  std::optional<std::vector<Subject>> subjects = process_subjects(argument, arguments, console);
  if (!subjects) return 2;
  Json list = Json::array();
  std::string text = subjects->empty() ? "process " + argument + " has no filter\n" : "";
  for (const Subject& subject : *subjects) {
    std::optional<Inspected> one = inspected(subject, arguments, console);
    if (!one) return 2;
    if (!wants(arguments, "asm")) text += subject.name + ":\n";  // the listing begins with it
    text += text_of(*one, arguments);
    list.push_back(json_of(*one, arguments));
  }
  if (arguments.has(flag::json)) text = dump({{"schema", 1}, {"filters", std::move(list)}});
  console.answer(text);
  return 0;
}

int inspect(const Arguments& arguments, Console& console) {
  const std::string& argument = arguments.rest[0];
  if (is_process(argument)) return inspect_process(argument, arguments, console);
  std::optional<Subject> subject = file_subject(argument, arguments, console);
  std::optional<Inspected> one = subject ? inspected(*subject, arguments, console) : std::nullopt;
  if (!one) return 2;
  console.answer(arguments.has(flag::json) ? dump(json_of(*one, arguments))
                                           : text_of(*one, arguments));
  return 0;
}

constexpr const Flag* flags[] = {&flag::arch,  &flag::inspect_show, &flag::json,
                                 &flag::quiet, &flag::plain,        &flag::help};
constexpr ExitStatus exits[] = {{"0", "told"}, {"2", "it is no filter, or too intricate"}};
constexpr std::string_view examples[] = {
    "seclude inspect filter.bpf",
    "seclude inspect filter.bpf --show policy",
    "seclude inspect 4711",
    "seclude inspect filter.bpf --arch aarch64 --json",
};

}  // namespace

const Command inspect_command{
    .name = "inspect",
    .usage = "FILTER|PID",
    .summary = "tell what a filter does, costs, and what is odd about it",
    .about =
        "Reads a raw filter (struct sock_filter[], in the byte order of --arch), made by any tool, "
        "and prints its instructions with names, the policy it amounts to, what it costs, and what "
        "about it is odd. The policy is read again, decided and compared with the filter over all "
        "calls, arguments and architectures before it is printed; what the language cannot say is "
        "listed below it.\n"
        "\n"
        "A number is a process: all filters that it has are shown, oldest first (only root can see "
        "them). The kernel takes the strictest of their answers.",
    .flags = flags,
    .exits = exits,
    .examples = examples,
    .fewest = 1,
    .most = 1,
    .run = inspect,
};

}  // namespace seclude::cli
