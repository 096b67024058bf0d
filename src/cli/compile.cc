// `seclude compile`: a policy as a filter, proven equal to it.
//
// In: a policy. Out: raw struct sock_filter[], a listing, or the value after one of the passes. The
// passes are filter/compile.h's; a program that was not proven never leaves it. A policy that is
// too long for one filter becomes several files (filter/stack.h).
#include <fmt/format.h>
#include <unistd.h>

#include "base/text.h"
#include "calls/calls.h"
#include "cli/asked_call.h"
#include "cli/console.h"
#include "cli/cost_report.h"
#include "cli/files.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/show.h"
#include "filter/decide.h"
#include "filter/show.h"
#include "filter/stack.h"
#include "policy/printer.h"

namespace seclude::cli {

namespace {

// CALL<TAB>COUNT per line; a comment starts with #.
Result<std::map<std::string, double, std::less<>>> read_weights(const std::string& name) {
  std::map<std::string, double, std::less<>> weights;
  std::string text = TRY(read_text(name));
  size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    number++;
    if (line.empty() || line.starts_with("#")) continue;
    std::vector<std::string_view> cells = split(line, '\t');
    std::string where = fmt::format("{}:{}: ", name_of_input(name), number);
    std::optional<uint64_t> weight = cells.size() == 2 ? parse_integer(cells[1]) : std::nullopt;
    if (!weight)
      return fail(where + "not CALL<TAB>COUNT", 0,
                  "write a name, one tab and a number below 2^64, such as `read<TAB>1200`");
    if (!calls::find_call(cells[0])) {
      Error unknown = unknown_call(cells[0]);
      return fail(where + unknown.doing, 0, unknown.hint);
    }
    weights[std::string(cells[0])] += static_cast<double>(*weight);
  }
  return weights;
}

Result<filter::EmitOptions> emit_options(const Arguments& arguments) {
  filter::EmitOptions options;
  std::string optimise = arguments.value(flag::optimise).value_or("balanced");
  if (optimise == "size") options.optimise = filter::Optimise::Size;
  if (optimise == "speed") options.optimise = filter::Optimise::Speed;
  if (std::optional<std::string> version = arguments.value(flag::kernel_before)) {
    std::vector<std::string_view> parts = split(*version, '.');
    if (parts.size() != 2 || !parse_integer(parts[0]) || !parse_integer(parts[1]))
      return fail("`--kernel-before " + escape(*version, 40) + "` is no kernel version", 0,
                  "write MAJOR.MINOR, such as 5.11");
    if (std::pair(*parse_integer(parts[0]), *parse_integer(parts[1])) > std::pair(5ul, 11ul))
      return fail("`--kernel-before " + escape(*version, 40) + "` means kernels of two kinds", 0,
                  "5.11 and later answer plain calls without running the filter: write 5.11 for "
                  "those that do not, leave it out for those that do");
    options.kernel_has_bitmap = false;
  }
  if (std::optional<std::string> file = arguments.value(flag::weights))
    options.weights = TRY(read_weights(*file));
  return options;
}

size_t instructions_of(const filter::Stack& stack) {
  size_t all = 0;
  for (const filter::Program& program : stack.programs) all += program.size();
  return all;
}

Json program_json(const filter::Program& program) {
  Json instructions = Json::array();
  for (const filter::Instruction& instruction : program)
    instructions.push_back({instruction.code, instruction.jt, instruction.jf, instruction.k});
  return instructions;
}

Json to_json(const filter::Stack& stack, const filter::Resolved& resolved,
             const std::string& name) {
  Json document{{"schema", 1}, {"policy", name}};
  for (calls::Arch arch : resolved.archs)
    document["architectures"].push_back(calls::info(arch).name);
  document["byte_order"] = stack.big_endian ? "big" : "little";
  document["instructions"] = instructions_of(stack);
  document["proven"] = true;  // compile_stack() hands out nothing else
  if (stack.programs.size() == 1) {
    const filter::Program& program = stack.programs.front();
    document["cost"] = cost_json({program, resolved.archs});
    document["program"] = program_json(program);
    return document;
  }
  document["converted_instructions"] = filter::chain_length(stack.programs);
  Json filters = Json::array();
  for (const filter::Program& program : stack.programs) {
    filters.push_back({{"instructions", program.size()},
                       {"cost", cost_json({program, resolved.archs})},
                       {"program", program_json(program)}});
  }
  document["filters"] = std::move(filters);
  return document;
}

std::string listing_of(const filter::Stack& stack, calls::Arch arch) {
  if (stack.programs.size() == 1) return filter::disassemble(stack.programs.front(), arch);
  std::string text;
  for (size_t i = 0; i < stack.programs.size(); ++i) {
    text += fmt::format("; filter {} of {}\n", i + 1, stack.programs.size());
    text += filter::disassemble(stack.programs[i], arch);
  }
  return text;
}

// FILE.1, FILE.2 and so on. FILE itself, from before, would pass for the filter of this policy.
int write_chain(const filter::Stack& stack, const Arguments& arguments, Console& console) {
  const size_t filters = stack.programs.size();
  const std::string needs = fmt::format(
      "the policy takes a chain of {} filters ({} instructions, {} after the kernel's "
      "conversion)",
      filters, instructions_of(stack), filter::chain_length(stack.programs));
  const std::string file = arguments.value(flag::output).value_or("-");
  if (file == "-") {
    console.error(needs + ", and standard output takes one",
                  fmt::format("-o FILE writes FILE.1 to FILE.{}", filters));
    return 2;
  }
  // A longer chain that was there before would leave one, too.
  for (const std::string& left : {file, fmt::format("{}.{}", file, filters + 1)}) {
    if (::access(left.c_str(), F_OK) != 0) continue;
    console.error(
        fmt::format("{}; `{}` would stay as it is", needs, escape(left, 200)),
        fmt::format("the chain is written to FILE.1 to FILE.{}: remove that file, or name "
                    "another FILE",
                    filters));
    return 2;
  }
  std::vector<Place> places;
  for (size_t i = 0; i < filters; ++i) {
    Result<Place> place = Place::find(fmt::format("{}.{}", file, i + 1));
    if (!place) {
      console.error(place.error());
      return 2;
    }
    places.push_back(std::move(*place));
  }
  for (size_t i = 0; i < filters; ++i) {
    Result<void> written = places[i].write(filter::to_bytes(stack.programs[i], stack.big_endian));
    if (written) continue;
    console.error(written.error());
    return 2;
  }
  console.note(fmt::format("{}: {}.1 to {}.{}; load all of them, in any order", needs,
                           escape(file, 200), escape(file, 200), filters));
  return 0;
}

int deliver_programs(const filter::Stack& stack, const filter::Resolved& resolved,
                     const std::string& name, const Arguments& arguments, Console& console) {
  const size_t filters = stack.programs.size();
  console.detail(fmt::format("{}: {}{}, proven equal to the policy", name,
                             count(instructions_of(stack), "instruction"),
                             filters == 1 ? "" : fmt::format(" in {} filters", filters)));
  if (arguments.has(flag::json))
    return console.deliver(arguments, dump(to_json(stack, resolved, name)));
  bool listing = arguments.value(flag::to) == "asm" || arguments.value(flag::show) == "bpf";
  if (listing) return console.deliver(arguments, listing_of(stack, resolved.archs.front()));
  if (filters > 1) return write_chain(stack, arguments, console);
  if (!arguments.has(flag::output) && isatty(STDOUT_FILENO) == 1) {
    console.error("a filter is bytes, and standard output is a terminal",
                  "write it with -o FILE, or read it with --to asm");
    return 2;
  }
  return console.deliver(arguments, filter::to_bytes(stack.programs.front(), stack.big_endian));
}

void report_problem(const filter::CompileProblem& problem, Console& console) {
  std::string message = problem.message;
  if (problem.witness) message += ": " + filter::show(problem.witness->input);
  console.error(message);
}

// The passes before code: nullopt when the filter itself is wanted.
std::optional<std::string> intermediate(const Loaded& loaded, const filter::Rules& rules,
                                        filter::Store& store, const Arguments& arguments) {
  std::string pass = arguments.value(flag::show).value_or("bpf");
  if (pass == "policy") return policy::print(loaded.texts.policies.front());
  if (pass == "rules") return show(rules, loaded.sources);
  if (pass != "diagram") return std::nullopt;
  filter::Decision decision = filter::decide(store, rules, filter::Mediated::Kept);
  return store.exhausted() ? "the diagram is larger than its bound\n" : show(store, decision);
}

int compile(const Arguments& arguments, Console& console) {
  Result<Loaded> loaded = load_policy(arguments.rest[0], arguments);
  Result<filter::EmitOptions> options = emit_options(arguments);
  if (!loaded || !options) {
    console.error(loaded ? options.error() : loaded.error());
    return 2;
  }
  filter::Store store(filter::chain_node_limit);
  filter::Resolved resolved = prove(*loaded, store);
  if (failed(*loaded, arguments, console)) return 2;
  Result<filter::Rules> rules = phase_rules(resolved, arguments);
  if (!rules) {
    console.error(rules.error());
    return 2;
  }
  if (resolved.fragment)
    console.warning(loaded->name + " is a fragment: what it does not mention is killed",
                    "`use` it in a policy with a `policy` and an `otherwise` line");
  store.clear();
  if (auto text = intermediate(*loaded, *rules, store, arguments))
    return console.deliver(arguments, *text);
  auto stack = filter::compile_stack(store, *rules, {.emit = *options});
  if (!stack) {
    report_problem(stack.error(), console);
    return 2;
  }
  return deliver_programs(*stack, resolved, loaded->name, arguments, console);
}

constexpr const Flag* flags[] = {
    &flag::arch,  &flag::set,      &flag::phase,   &flag::output,        &flag::to,
    &flag::show,  &flag::optimise, &flag::weights, &flag::kernel_before, &flag::json,
    &flag::quiet, &flag::verbose,  &flag::plain,   &flag::help,
};
constexpr ExitStatus exits[] = {{"0", "written"}, {"2", "the policy is wrong, or has no filter"}};
constexpr std::string_view examples[] = {
    "seclude compile site.seclude -o site.bpf",
    "seclude compile compute --arch aarch64 --to asm",
    "seclude compile site.seclude --show rules",
};

}  // namespace

const Command compile_command{
    .name = "compile",
    .usage = "POLICY",
    .summary = "write the filter of a policy, proven equal to it",
    .about =
        "Checks the policy, makes a BPF program from it, lifts that program back and compares it "
        "with the policy over all calls, arguments and architectures; only a program that is equal "
        "is written. By default that is the array of struct sock_filter the kernel takes, in the "
        "byte order of the target.\n"
        "\n"
        "The kernel takes 4,096 instructions in a filter. A policy that needs more becomes a chain "
        "of filters, which say together what the policy says; -o FILE then writes FILE.1, FILE.2 "
        "and so on, all of which have to be loaded.\n"
        "\n"
        "--show prints the value after one pass instead: the policy as it was read, its rules in "
        "numbers, its decision diagram, or a listing of the program.",
    .flags = flags,
    .exits = exits,
    .examples = examples,
    .fewest = 1,
    .most = 1,
    .takes_profiles = true,
    .run = compile,
};

}  // namespace seclude::cli
