// `seclude eval`: what exactly this call gets.
//
// In: a policy or a filter (subject.h), and a call (asked_call.h), or a file of them. Out: the
// action, and the line or instruction that decides it. A policy is asked what it means
// (filter/meaning.h), a filter is run as the kernel would (filter/evaluate.h).
#include <fmt/format.h>

#include "base/text.h"
#include "cli/asked_call.h"
#include "cli/console.h"
#include "cli/files.h"
#include "cli/subject.h"
#include "filter/evaluate.h"
#include "filter/meaning.h"
#include "filter/program.h"
#include "filter/proof/contradictions.h"

namespace seclude::cli {

namespace {

// What is asked: a policy's rules or a filter's instructions.
struct Judge {
  Subject subject;
  filter::Rules rules = {};  // of a policy
  calls::Arch arch() const { return subject.arch; }
};

struct Answer {
  AskedCall asked;
  filter::Action action;
  filter::Verdict verdict;     // of a policy
  std::vector<uint32_t> path;  // of a filter: the instructions that ran, in order
};

Answer ask(const Judge& judge, AskedCall asked) {
  Answer answer{.asked = std::move(asked), .action = {}, .verdict = {}, .path = {}};
  if (!judge.subject.is_filter()) {
    answer.verdict = filter::meaning(judge.rules, answer.asked.input);
    answer.action = answer.verdict.action;
  } else {
    bool big_endian = calls::info(judge.arch()).big_endian;
    filter::Evaluation done =
        filter::evaluate(judge.subject.program, answer.asked.input, big_endian, &answer.path);
    answer.action = filter::normalised(done.ret);
  }
  return answer;
}

// The listing of the instructions that ran.
std::string path_text(const Judge& judge, const Answer& answer) {
  std::string listing = filter::disassemble(judge.subject.program, judge.arch()), text;
  std::vector<std::string_view> lines = split(listing, '\n');
  for (uint32_t at : answer.path) text += "  " + std::string(lines.at(at)) + "\n";
  return text;
}

// Which line decides, or why seclude itself; of a filter, the way through it.
std::string decided_by(const Judge& judge, const Answer& answer) {
  if (judge.subject.is_filter()) return path_text(judge, answer);
  const SourceMap& sources = judge.subject.policy->sources;
  const filter::Verdict& verdict = answer.verdict;
  std::string reason(filter::to_string(verdict.reason));
  if (!verdict.origin.known()) return "  seclude's own rule: " + reason + "\n";
  std::string line(sources.line_of(verdict.origin));
  line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
  std::string text = "  " + sources.where(verdict.origin) + ": " + escape(line, 160);
  if (verdict.reason != filter::Reason::Stated) text += " (" + reason + ")";
  return text + "\n";
}

Json answer_json(const Judge& judge, const Answer& answer) {
  Json document;
  document["action"] = filter::to_string(answer.action, judge.arch());
  document["call"] = answer.asked.name;
  document["number"] = answer.asked.input.number;
  document["arch"] = calls::info(judge.arch()).name;
  document["registers"] = answer.asked.input.args;
  if (judge.subject.is_filter()) {
    document["decided_by"] = {{"instruction", answer.path.back()}, {"path", answer.path}};
    return document;
  }
  Json place = to_json(answer.verdict.origin, judge.subject.policy->sources);
  if (place.is_null()) place = Json::object();
  place["reason"] = filter::to_string(answer.verdict.reason);
  document["decided_by"] = std::move(place);
  return document;
}

// ---- what is asked ------------------------------------------------------------------------------

std::optional<Judge> judge_of(const Arguments& arguments, Console& console) {
  std::optional<Subject> subject = read_subject(arguments.rest[0], arguments, console);
  if (!subject) return std::nullopt;
  if (subject->is_filter()) return Judge{.subject = std::move(*subject)};
  Loaded& loaded = *subject->policy;
  filter::Store store;
  filter::find_contradictions(store, subject->resolved, loaded.diagnostics);
  if (loaded.diagnostics.has_errors()) {
    console.diagnostics(loaded.diagnostics, loaded.sources);
    return std::nullopt;
  }
  Result<filter::Rules> rules = phase_rules(subject->resolved, arguments);
  if (!rules) {
    console.error(rules.error());
    return std::nullopt;
  }
  return Judge{.subject = std::move(*subject), .rules = std::move(*rules)};
}

// ---- the command --------------------------------------------------------------------------------

int eval_one(const Judge& judge, const Arguments& arguments, Console& console) {
  std::vector<std::string_view> words(arguments.rest.begin() + 1, arguments.rest.end());
  Result<AskedCall> asked = asked_call(words, judge.arch());
  if (!asked) {
    console.error(asked.error());
    return 2;
  }
  Answer answer = ask(judge, std::move(*asked));
  if (arguments.has(flag::json)) {
    Json document{{"schema", 1}};
    document.update(answer_json(judge, answer));
    console.answer(dump(document));
    return 0;
  }
  console.answer(filter::to_string(answer.action, judge.arch()) + "\n");
  if (!console.quiet()) console.answer(decided_by(judge, answer));
  return 0;
}

struct Row {
  std::string_view text;
  AskedCall asked;
};

// The rows of a batch: empty lines and lines starting with # are left out.
std::optional<std::vector<Row>> rows_of(std::string_view table, const std::string& name,
                                        calls::Arch arch, Console& console) {
  std::vector<Row> rows;
  size_t number = 0;
  bool failed = false;
  for (std::string_view line : split(table, '\n')) {
    number++;
    if (line.ends_with("\r")) line.remove_suffix(1);
    if (line.empty() || line.starts_with("#")) continue;
    std::vector<std::string_view> words = split(line, '\t');
    Result<AskedCall> asked = asked_call(words, arch);
    if (asked) {
      rows.push_back({line, std::move(*asked)});
      continue;
    }
    console.error(fmt::format("{}:{}: {}", name, number, to_string(asked.error())),
                  asked.error().hint);
    failed = true;
  }
  if (failed) return std::nullopt;
  return rows;
}

int eval_batch(const Judge& judge, const std::string& file, const Arguments& arguments,
               Console& console) {
  Result<std::string> table = read_text(file);
  if (!table) {
    console.error(table.error());
    return 2;
  }
  auto rows = rows_of(*table, name_of_input(file), judge.arch(), console);
  if (!rows) return 2;
  Json results = Json::array();
  std::string text;
  for (Row& row : *rows) {
    Answer answer = ask(judge, std::move(row.asked));
    if (arguments.has(flag::json)) {
      results.push_back(answer_json(judge, answer));
    } else {
      text += filter::to_string(answer.action, judge.arch()) + "\t" + std::string(row.text) + "\n";
    }
  }
  if (arguments.has(flag::json)) text = dump({{"schema", 1}, {"results", results}});
  return console.deliver(arguments, text);
}

int eval(const Arguments& arguments, Console& console) {
  std::optional<std::string> batch = arguments.value(flag::batch);
  if (batch.has_value() == (arguments.rest.size() > 1)) {
    console.error(batch ? "a call and --batch are given" : "no call is given",
                  "usage: seclude eval [flags] POLICY|FILTER CALL [ARG...]");
    return 2;
  }
  std::optional<Judge> judge = judge_of(arguments, console);
  if (!judge) return 2;
  if (batch) return eval_batch(*judge, *batch, arguments, console);
  return eval_one(*judge, arguments, console);
}

constexpr const Flag* flags[] = {&flag::arch,  &flag::set,    &flag::phase,
                                 &flag::batch, &flag::output, &flag::json,
                                 &flag::quiet, &flag::plain,  &flag::help};
constexpr ExitStatus exits[] = {{"0", "answered"},
                                {"2", "the policy, the filter or the call is wrong"}};
constexpr std::string_view examples[] = {
    "seclude eval compute write 1 0 0",
    "seclude eval site.seclude openat AT_FDCWD 0 'O_RDONLY|O_CLOEXEC'",
    "seclude eval filter.bpf --arch aarch64 nr:425",
    "seclude eval site.seclude --batch calls.tsv",
};

}  // namespace

const Command eval_command{
    .name = "eval",
    .usage = "POLICY|FILTER CALL [ARG...]",
    .summary = "tell what one exact call gets, and which line decides it",
    .about =
        "Prints the action for this call with these arguments, and the line of the policy (or the "
        "instruction of the filter) that decides it; with -q only the action. A call is a name or "
        "nr:NUMBER; arguments are numbers or constants, joined by |, and 0 where none is given. "
        "After nr:NUMBER they are the registers themselves.\n"
        "\n"
        "Actions are `allow`, `mediated` (the filter lets it pass, another layer decides), `log`, "
        "`ask`, `trace:N`, `errno:EPERM`, `trap:N`, `kill-thread` and `kill`.\n"
        "\n"
        "A file that holds a raw filter (struct sock_filter[], in the byte order of --arch) is "
        "told from a policy by its content.",
    .flags = flags,
    .exits = exits,
    .examples = examples,
    .fewest = 1,
    .takes_profiles = true,
    .run = eval,
};

}  // namespace seclude::cli
