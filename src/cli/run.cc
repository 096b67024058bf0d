// `seclude run`: a program behind a policy.
//
// In: policies and flags that stand for statements (statements.h), launch options, the program.
// Out: the program's own exit status, or one that says why there is none. This file only
// translates: what the launch does is a Plan (sandbox/plan.h), how it ended an Outcome
// (sandbox/outcome.h).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "base/text.h"
#include "cli/console.h"
#include "cli/files.h"
#include "cli/layers.h"
#include "cli/ready_profiles.h"
#include "cli/session.h"
#include "cli/statements.h"
#include "kernel/cgroups.h"
#include "kernel/files.h"
#include "kernel/landlock.h"
#include "kernel/new_namespaces.h"
#include "kernel/signals.h"
#include "report/denials.h"
#include "report/outcome.h"
#include "sandbox/environment.h"
#include "sandbox/launch.h"
#include "sandbox/limits/limits.h"
#include "sandbox/namespaces/isolation.h"
#include "sandbox/namespaces/namespace_hints.h"
#include "sandbox/paths/path_rules.h"
#include "sandbox/plan.h"
#include "sandbox/prepare.h"
#include "sandbox/unenforced.h"

namespace seclude::cli {

namespace {

constexpr const char* too_long_to_explain =
    "denials are not explained: the policy takes more than one filter";

constexpr int could_not = 125;  // seclude's own failure: anything about setup, policy or kernel

Result<std::vector<int>> descriptors(const Arguments& arguments) {
  std::vector<int> numbers;
  for (const std::string& text : arguments.values(flag::descriptor)) {
    int number = -1;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size() || number < 3) {
      return fail("`--fd " + escape(text, 40) + "` is no descriptor to keep", 0,
                  "a number from 3 up; 0, 1 and 2 are always kept");
    }
    numbers.push_back(number);
  }
  return numbers;
}

Result<std::optional<unsigned>> file_mask(const Arguments& arguments) {
  const std::optional<std::string> text = arguments.value(flag::file_mask);
  if (!text) return std::nullopt;
  unsigned mask = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), mask, 8);
  if (problem != std::errc() || end != text->data() + text->size() || mask > 0777)
    return fail("`--umask " + escape(*text, 40) + "` is no mask", 0,
                "three octal digits, such as 022 or 077");
  return mask;
}

Result<std::optional<std::string>> host_name(const Arguments& arguments) {
  constexpr size_t longest = 64;  // __NEW_UTS_LEN
  std::optional<std::string> name = arguments.value(flag::host_name);
  if (!name) return std::nullopt;
  const auto is_usual = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  if (name->empty() || name->size() > longest || !std::all_of(name->begin(), name->end(), is_usual))
    return fail("`--hostname " + escape(*name, 80) + "` is no host name", 0,
                "up to 64 letters, digits, `-`, `.` and `_`");
  return name;
}

Result<Source> source_of(const Composed& composed) {
  if (composed.text.empty()) return read_policy(composed.only_policy);
  return Source{.name = "command line", .text = composed.text};
}

Result<Loaded> load_composed(const Composed& composed, Source root, const Arguments& arguments) {
  if (composed.text.empty()) return load_policy(composed.only_policy, std::move(root), arguments);
  return load_text(std::move(root), arguments);
}

// What is begun early has descriptors: where one that the program shall get is not open, which is
// found out later, that number would lead to one of ours.
bool early_is_safe(const sandbox::Request& request) {
  const auto& kept = request.keep_descriptors;
  return std::all_of(kept.begin(), kept.end(), kernel::descriptor_is_open);
}

int show_policy(const Composed& composed, Console& console) {
  Result<Source> source = source_of(composed);
  if (source) {
    console.answer(source->text);
    return 0;
  }
  console.error(source.error());
  return could_not;
}

// Every line that no layer holds stops the run, or is a warning each with --best-effort.
std::optional<sandbox::Domain> judge_lines(Loaded& loaded, const filter::Resolved& resolved,
                                           const Arguments& arguments) {
  const bool best_effort = arguments.has(flag::best_effort);
  const Severity severity = best_effort ? Severity::Warning : Severity::Error;
  const Layers layers = layers_of(loaded, resolved);
  for (const sandbox::Unenforced& line : layers.unenforced) {
    Diagnostic diagnostic = sandbox::diagnostic_of(line);
    diagnostic.severity = severity;
    loaded.diagnostics.add(std::move(diagnostic));
  }
  const bool places = layers.places.confines_paths || layers.places.confines_network;
  if (!places) return std::nullopt;
  if (!arguments.has(flag::audit))
    return sandbox::domain_of(
        layers.places,
        {kernel::landlock_version(), best_effort ? sandbox::cannot_isolate() : std::nullopt},
        best_effort, loaded.diagnostics);
  loaded.diagnostics.add(
      {.severity = severity,
       .message = "path and network lines cannot be tried with --audit",
       .helps = {
           "what Landlock refuses it cannot let pass; --best-effort leaves these lines out"}});
  return std::nullopt;
}

Result<sandbox::Request> request_of(const Arguments& arguments) {
  sandbox::Request request;
  request.command = arguments.rest;
  if (const char* path = std::getenv("PATH")) request.search_path = path;
  request.keep_descriptors = TRY(descriptors(arguments));
  request.directory = arguments.value(flag::folder);
  request.file_mask = TRY(file_mask(arguments));
  request.host_name = TRY(host_name(arguments));
  request.stdin_file = arguments.value(flag::standard_input);
  request.stdout_file = arguments.value(flag::standard_output);
  request.stderr_file = arguments.value(flag::standard_error);
  return request;
}

// What `isolate` lines and covered places ask for. With best effort, a user who can make no
// namespaces does without them, and is told so for each line.
std::optional<sandbox::Isolation> judge_isolation(Loaded& loaded, const sandbox::Domain* domain,
                                                  const Arguments& arguments) {
  auto isolation = sandbox::isolation_of(loaded.texts, loaded.sources);
  if (domain != nullptr && !domain->covered.empty()) {
    if (!isolation) isolation.emplace();
    isolation->covered = domain->covered;
  }
  if (!isolation || !arguments.has(flag::best_effort)) return isolation;
  const std::optional<std::string> lack = sandbox::cannot_isolate();
  if (!lack) return isolation;
  for (const std::string& line : isolation->lines)
    loaded.diagnostics.add({.severity = Severity::Warning,
                            .message = "`" + line + "` is not held: no namespaces can be made here",
                            .helps = {*lack}});
  for (const sandbox::CoveredPlace& place : isolation->covered)
    loaded.diagnostics.add({.severity = Severity::Warning,
                            .message = "`" + escape(place.path, 200) + "` is not " +
                                       (place.hidden ? "hidden" : "protected") +
                                       ": no namespaces can be made here",
                            .helps = {*lack}});
  return std::nullopt;
}

// A limit that nothing can hold here stops the run; with best effort what can be held of it is, and
// the user is told. `isolation` gets what keeps the program in its group.
std::optional<sandbox::HeldLimits> judge_limits(Loaded& loaded, const filter::Rules& rules,
                                                const sandbox::Domain* domain,
                                                std::optional<sandbox::Isolation>& isolation,
                                                const Arguments& arguments) {
  const auto lines = sandbox::limit_lines(loaded.texts, loaded.sources);
  if (lines.empty()) return std::nullopt;
  const bool best_effort = arguments.has(flag::best_effort);
  auto held = sandbox::hold_limits({.lines = lines,
                                    .rules = rules,
                                    .domain = domain,
                                    .isolates_processes = isolation && isolation->processes,
                                    .accounts = arguments.has(flag::report),
                                    .places = kernel::group_places()});
  for (const sandbox::LimitLine& line : lines) {
    const sandbox::HeldResource* one = sandbox::find(held, line.resource);
    if (one == nullptr || one->held) continue;
    loaded.diagnostics.add({.severity = best_effort ? Severity::Warning : Severity::Error,
                            .message = "this limit cannot be held here",
                            .span = line.span,
                            .label = one->why,
                            .helps = {one->fix}});
  }
  if (held.covered.empty()) return held;
  if (const auto lack = best_effort ? sandbox::cannot_isolate() : std::nullopt) {
    loaded.diagnostics.add({.severity = Severity::Warning,
                            .message = "the program could leave the control group that holds its "
                                       "limits: no namespaces can be made here",
                            .helps = {*lack}});
    return held;
  }
  if (!isolation) isolation.emplace();
  for (const std::string& path : held.covered)
    isolation->covered.push_back({.path = path, .directory = true});
  for (const sandbox::LimitLine& line : lines)
    if (sandbox::find(held, line.resource)->layer.find("cgroup") != std::string::npos)
      isolation->lines.push_back(line.text);
  return held;
}

// What a run holds its program to.
struct Held {
  filter::Rules rules;
  sandbox::LimitSteps limits;
  std::optional<sandbox::Domain> domain;
  std::optional<sandbox::Isolation> isolation;
  std::vector<sandbox::HeldLine> lines;  // only for --plan
};

// Resolves and proves the policy, with the real values of its parameters.
std::optional<Held> hold(Loaded& loaded, const Arguments& arguments, Console& console) {
  filter::Resolved resolved = prove_for_launch(loaded);
  if (resolved.fragment && !loaded.diagnostics.has_errors()) {
    console.error(loaded.name + " is a fragment: it has no `policy` line",
                  "`use` it in a policy that says what happens otherwise");
    return std::nullopt;
  }
  Held held;
  held.domain = judge_lines(loaded, resolved, arguments);
  held.isolation = judge_isolation(loaded, held.domain ? &*held.domain : nullptr, arguments);
  const bool isolated = held.isolation.has_value();
  std::optional<sandbox::HeldLimits> limits;
  if (!loaded.diagnostics.has_errors())
    limits = judge_limits(loaded, resolved.phases.front().rules,
                          held.domain ? &*held.domain : nullptr, held.isolation, arguments);
  if (failed(loaded, arguments, console)) return std::nullopt;
  if (arguments.has(flag::plan)) {
    held.lines = held_lines(loaded, resolved, {held.domain, isolated, limits ? &*limits : nullptr});
  }
  if (limits) held.limits = std::move(limits->steps);
  held.rules = std::move(resolved.phases.front().rules);
  return held;
}

// "0.012 s (0.004 user, 0.002 system), 6.1 MiB at its peak"
std::string costs(const sandbox::Usage& usage) {
  auto seconds = [](uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; };
  return fmt::format("{:.3f} s ({:.3f} user, {:.3f} system), {}{:.1f} MiB at its peak",
                     seconds(usage.wall), seconds(usage.user), seconds(usage.system),
                     usage.peak_memory_exact ? "" : "below ",
                     static_cast<double>(usage.peak_memory) / (1 << 20));
}

constexpr size_t printed_at_most = 20;  // different denials; the rest is counted

// What denials are explained with; it outlives the run.
class Explaining {
 public:
  Explaining(const Arguments& arguments, const Loaded& loaded)
      : audit_(arguments.has(flag::audit)), loaded_(&loaded) {}
  // Loaded when the first denial is to be told, which most runs do not have.
  Explaining(const Arguments& arguments, std::function<Loaded()> load)
      : audit_(arguments.has(flag::audit)), load_(std::move(load)) {}

  report::Explanation get() const {
    if (loaded_ == nullptr) {
      own_ = std::make_unique<const Loaded>(load_());
      loaded_ = own_.get();
    }
    return {.context = {.texts = loaded_->texts, .audit = audit_}, .sources = loaded_->sources};
  }
  std::string texts() const { return texts_of(*loaded_); }

  std::string tell(const sandbox::Denial& denial, const Console& console) const {
    const report::Explanation explanation = get();
    return render(evidence::diagnose(denial, explanation.context), explanation.sources,
                  {.plain = console.plain(), .colour = colour_on(2)});
  }

 private:
  bool audit_;
  std::function<Loaded()> load_;
  mutable const Loaded* loaded_ = nullptr;
  mutable std::unique_ptr<const Loaded> own_;
};

// Nobody watches when nobody would hear of it.
bool is_supervised(const Arguments& arguments, const Console& console) {
  const bool heard = !console.quiet() || arguments.has(flag::report);
  return arguments.has(flag::audit) || (heard && !arguments.has(flag::no_explain));
}

std::optional<sandbox::Supervision> supervision_of(const Explaining& explaining,
                                                   const Arguments& arguments,
                                                   const Console& console) {
  if (!is_supervised(arguments, console)) return std::nullopt;
  sandbox::Supervision supervision{.printed_at_most = printed_at_most};
  if (arguments.has(flag::audit)) supervision.how = sandbox::Supervise::Audit;
  if (console.quiet()) return supervision;
  supervision.describe = [&](const sandbox::Denial& denial) {
    return explaining.tell(denial, console);
  };
  supervision.texts = [&] { return explaining.texts(); };
  return supervision;
}

// The helper of a run whose policy has not been parsed yet, which begins `ahead`. Where none can be
// had, the run tries again, and says why.
std::optional<sandbox::Supervisor> early_helper(const Arguments& arguments, const Console& console,
                                                kernel::NewNamespaces& ahead) {
  if (!is_supervised(arguments, console)) return std::nullopt;
  std::optional<Explaining> explaining;
  auto describe = [&](const sandbox::Denial& denial, std::string_view texts) {
    if (!explaining) explaining.emplace(arguments, [texts] { return load_from(texts); });
    return explaining->tell(denial, console);
  };
  auto begun = sandbox::Supervisor::begin(describe, &ahead);
  if (!begun) return std::nullopt;
  return std::move(*begun);
}

// What was not said while it happened.
void say_the_rest(const sandbox::Observed& observed, const Arguments& arguments, Console& console) {
  using How = sandbox::Observed::How;
  if (observed.how == How::Unwatched)
    console.note(
        "denials are not explained: a filter in force outside has a listener or refuses one, or "
        "`limit open-files` leaves no room for one");
  if (observed.how == How::Chained) console.note(too_long_to_explain);
  if (observed.how == How::Lost) console.warning("the helper process was killed");
  if (observed.how == How::HeldUp)
    console.warning(
        "the helper process was ended: the program kept it waiting for the memory of a refused "
        "call's arguments, as userfaultfd can; with it ended what it followed");
  if (auto text = report::summary(observed.denials, printed_at_most)) console.note(*text);
  if (arguments.has(flag::audit) && observed.how == How::Explained && observed.denials.total() == 0)
    console.note("the policy would have refused nothing");
}

int status_of(const sandbox::Outcome& outcome, const Arguments& arguments) {
  constexpr int would_refuse = 159;
  const int status = sandbox::exit_status(outcome.ending);
  return arguments.has(flag::audit) && outcome.observed.denials.total() > 0 ? would_refuse : status;
}

// What a report tells of besides the ending, as far as the run came.
struct Told {
  const sandbox::Plan* plan = nullptr;
  const Explaining* explaining = nullptr;
  const Place* place = nullptr;  // found before the program could lead it elsewhere
};

// Writes the report where one is wanted, and returns the exit status.
int report_on(const sandbox::Outcome& outcome, const Told& told, const Arguments& arguments,
              Console& console) {
  int status = status_of(outcome, arguments);
  std::optional<std::string> file = arguments.value(flag::report);
  if (!file) return status;
  std::optional<report::Explanation> explanation;
  if (told.explaining != nullptr) explanation.emplace(told.explaining->get());
  const std::string text =
      report::to_json(outcome, told.plan, explanation ? &*explanation : nullptr);
  auto write = [&](const Place& place) { return place.write_without_pieces(text); };
  const Result<void> written =
      told.place != nullptr ? write(*told.place) : Place::find(*file).and_then(write);
  if (written) return status;
  Error error = written.error();
  // Somebody may want to know all the same.
  if (told.place != nullptr && !std::holds_alternative<sandbox::SetupError>(outcome.ending))
    error.hint += (error.hint.empty() ? "" : "; ") +
                  ("the run itself is over, with exit status " + std::to_string(status));
  console.error(error);
  return could_not;
}

// The last word about a run: one line for people, a file for tools, the status for the caller.
int finish(const sandbox::Outcome& outcome, const Told& told, const Arguments& arguments,
           Console& console) {
  say_the_rest(outcome.observed, arguments, console);
  if (const auto* setup = std::get_if<sandbox::SetupError>(&outcome.ending)) {
    console.error("cannot " + to_string(setup->error), setup->error.hint);
  } else if (std::string text = report::describe(outcome.ending); !text.empty()) {
    if (report::was_asked_to_end(outcome.ending)) {
      console.detail(text);
    } else {
      console.note(text);
    }
  }
  if (console.verbose()) console.detail(costs(outcome.usage));
  const int status = report_on(outcome, told, arguments, console);
  // A shell leaves its loop only if what it waited for ended by Ctrl-C as well.
  const auto* signalled = std::get_if<sandbox::Signalled>(&outcome.ending);
  if (signalled && signalled->from_terminal) kernel::end_self(signalled->signal);
  return status;
}

// Ends a run that could not begin; the reason has been printed already.
int refuse(const std::string& doing, const Arguments& arguments, Console& console) {
  sandbox::Outcome outcome{.ending = sandbox::SetupError{.error = Error{doing, 0, {}}},
                           .usage = {}};
  return report_on(outcome, {}, arguments, console);
}

struct Job {
  sandbox::Request request;
  std::vector<sandbox::HeldLine> lines = {};
  // Begun while the policy was read.
  sandbox::Supervisor* helper = nullptr;
  kernel::NewNamespaces* ahead = nullptr;
};

// What the launch would do. The filter is compiled to see how many it takes: more than one leave no
// place for a helper.
int show_plan(sandbox::Plan plan, const Job& job, std::optional<sandbox::Supervise> helper,
              const Arguments& arguments, Console& console) {
  if (const Result<void> compiled = sandbox::compile_filter(plan); !compiled)
    return finish({.ending = sandbox::SetupError{.error = compiled.error()}, .usage = {}}, {},
                  arguments, console);
  const auto chain = [](const sandbox::Step& step) { return sandbox::filters_of(step) > 1u; };
  const bool chained = std::any_of(plan.steps.begin(), plan.steps.end(), chain);
  if (chained && sandbox::needs_helper(plan))
    return finish({.ending = sandbox::no_helper(sandbox::Observed::How::Chained), .usage = {}}, {},
                  arguments, console);
  if (helper && chained) {
    console.note(too_long_to_explain);
    helper.reset();
  }
  sandbox::Plan whole = sandbox::as_stand_in(std::move(plan), helper);
  whole.lines = job.lines;
  console.answer(arguments.has(flag::json) ? report::to_json(whole) : to_string(whole));
  return 0;
}

// All has been said. In the static program, which is to be quick, giving memory back piece by piece
// would touch every page of it once more; others are asked at their end what they have not given
// back.
int leave(int status) {
#ifdef SECLUDE_LEAVES_AT_ONCE
  std::quick_exit(status);
#endif
  return status;
}

int carry_out(Job job, const Explaining& explaining, const Arguments& arguments, Console& console) {
  tl::expected<sandbox::Plan, sandbox::SetupError> plan =
      sandbox::make_plan(std::move(job.request));
  if (!plan) return finish({.ending = plan.error()}, {}, arguments, console);
  for (const std::string& warning : plan->warnings) console.warning(warning);
  const auto supervision = supervision_of(explaining, arguments, console);
  if (arguments.has(flag::plan)) {
    std::optional<sandbox::Supervise> how;
    if (supervision) how = supervision->how;
    return show_plan(std::move(*plan), job, how, arguments, console);
  }
  std::optional<Place> place;
  if (const auto file = arguments.value(flag::report)) {
    Result<Place> found = Place::find(*file);
    if (!found) {
      console.error(found.error());
      return could_not;
    }
    place.emplace(std::move(*found));
  }
  const sandbox::Outcome outcome = sandbox::run(
      *plan,
      {.supervision = supervision, .helper = job.helper, .ahead = {.namespaces = job.ahead}});
  const Told told = {.plan = &*plan, .explaining = &explaining, .place = place ? &*place : nullptr};
  return leave(finish(outcome, told, arguments, console));
}

int refuse(const Error& error, const Arguments& arguments, Console& console) {
  console.error(error);
  return refuse(error.doing, arguments, console);
}

sandbox::EnvironmentRequest environment_of(const Arguments& arguments) {
  return {.inherited = sandbox::own_environment(),
          .clear = arguments.has(flag::clear_environment),
          .named = std::nullopt};
}

// A built-in profile as it is, which was resolved and searched when this program was built.
std::optional<sandbox::ReadyLaunch> ready_launch(const Composed& composed,
                                                 const Arguments& arguments) {
  const bool as_it_is = composed.text.empty() && !arguments.has(flag::set) &&
                        !arguments.has(flag::plan) && !names_file(composed.only_policy);
  return as_it_is ? ready_profile(composed.only_policy) : std::nullopt;
}

int run_ready(sandbox::ReadyLaunch ready, const std::string& profile, sandbox::Request request,
              const Arguments& arguments, Console& console) {
  request.environment = sandbox::make_environment(environment_of(arguments));
  request.ready = std::move(ready);
  const Explaining explaining(arguments, [&] {
    Result<Loaded> read = load_policy(profile, Arguments{});
    CHECK(read);
    return std::move(*read);
  });
  return carry_out({std::move(request)}, explaining, arguments, console);
}

int run_loaded(const Composed& composed, sandbox::Request request, const Arguments& arguments,
               Console& console) {
  const kernel::ChildrenKept kept;  // also those that are begun early
  Result<Source> root = source_of(composed);
  if (!root) return refuse(root.error(), arguments, console);
  // What takes the kernel a while is begun before this process does what takes it a while.
  const bool early = early_is_safe(request) && !arguments.has(flag::plan);
  kernel::Namespaces likely;
  if (early) likely = sandbox::seemingly_isolated(root->text, request.host_name.has_value());
  auto ahead = kernel::NewNamespaces::prepare(likely);
  std::optional<sandbox::Supervisor> helper =
      early ? early_helper(arguments, console, ahead) : std::nullopt;
  if (!helper) ahead.begin();
  Result<Loaded> loaded = load_composed(composed, std::move(*root), arguments);
  if (!loaded) return refuse(loaded.error(), arguments, console);
  sandbox::EnvironmentRequest environment = environment_of(arguments);
  environment.named = sandbox::variables_of(loaded->texts, loaded->diagnostics);
  request.environment = sandbox::make_environment(environment);
  std::optional<Held> held = hold(*loaded, arguments, console);
  if (!held) return refuse("prove the policy", arguments, console);
  request.rules = std::move(held->rules);
  request.domain = std::move(held->domain);
  request.isolation = std::move(held->isolation);
  request.limited = std::move(held->limits);
  const Explaining explaining(arguments, *loaded);
  return carry_out(
      {std::move(request), std::move(held->lines), helper ? &*helper : nullptr, &ahead}, explaining,
      arguments, console);
}

int run(const Arguments& arguments, Console& console) {
  Result<Composed> composed = compose(arguments);
  if (!composed) return refuse(composed.error(), arguments, console);
  if (arguments.has(flag::show_policy)) return show_policy(*composed, console);
  if (arguments.rest.empty()) {
    console.error("no program is given", "usage: seclude run [flags] [--] PROGRAM [ARG...]");
    return could_not;
  }
  if (arguments.has(flag::json) && !arguments.has(flag::plan)) {
    console.error("`--json` goes with `--plan`", "--report FILE writes how a run ended as JSON");
    return could_not;
  }
  Result<sandbox::Request> request = request_of(arguments);
  if (!request) return refuse(request.error(), arguments, console);
  if (composed->by_default) console.note("no policy is given: the profile `default` holds");
  if (auto ready = ready_launch(*composed, arguments))
    return run_ready(std::move(*ready), composed->only_policy, std::move(*request), arguments,
                     console);
  return run_loaded(*composed, std::move(*request), arguments, console);
}

constexpr const Flag* flags[] = {
    &flag::policy,
    &flag::set,
    &flag::allow,
    &flag::deny,
    &flag::read,
    &flag::write,
    &flag::create,
    &flag::run,
    &flag::protect,
    &flag::hide,
    &flag::connect,
    &flag::listen,
    &flag::limit,
    &flag::isolate,
    &flag::environment,
    &flag::clear_environment,
    &flag::folder,
    &flag::file_mask,
    &flag::host_name,
    &flag::standard_input,
    &flag::standard_output,
    &flag::standard_error,
    &flag::descriptor,
    &flag::report,
    &flag::no_explain,
    &flag::audit,
    &flag::best_effort,
    &flag::show_policy,
    &flag::plan,
    &flag::json,
    &flag::quiet,
    &flag::verbose,
    &flag::plain,
    &flag::help,
};
constexpr ExitStatus exits[] = {
    {"(its own)", "the program ended by itself"},
    {"128+n", "signal n ended the program"},
    {"159", "the policy killed the program (128 + SIGSYS); --audit: would have refused something"},
    {"124", "its time was up (`limit time` or `limit cpu-time`)"},
    {"125", "seclude could not do it: the policy, a flag, the kernel or the setup"},
    {"126", "the program is there, but cannot be executed"},
    {"127", "there is no such program"},
};
constexpr std::string_view examples[] = {
    "seclude run -p image-converter -- convert in.png -resize 50% out.jpg",
    "seclude run -p site.seclude --set work=/srv/job7 -- ./job",
    "seclude run --deny socket -- python3 script.py",
};

}  // namespace

const Command run_command{
    .name = "run",
    .usage = "[--] PROGRAM [ARG...]",
    .summary = "run a program behind a policy",
    .about =
        "Starts the program with its system calls held to the policy; without -p that is the "
        "built-in profile `default`. Flags named after statements of the language add that "
        "statement "
        "to the policy and do nothing else; --show policy prints the result.\n"
        "\n"
        "Every line of the policy is enforced, or the program is not started: a line that this "
        "version or this kernel cannot hold is an error that names it. --best-effort turns each of "
        "these errors into a warning.\n"
        "\n"
        "The exit statuses 124 to 127 and 159 can also be the program's own; only --report tells "
        "them apart for certain.",
    .flags = flags,
    .exits = exits,
    .examples = examples,
    .misuse = could_not,
    .runs_program = true,
    .run = run,
};

}  // namespace seclude::cli
