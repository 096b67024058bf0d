// Denied calls: what a refused call costs the program, with and without explaining.
//
// In: `--markdown FILE`. Out: a Markdown section (section.h): the first refusal of each kind
// (everything is captured and described) and repeated ones, as the program itself measures them.
// The bounds held up here: 1 ms for a new denial, 15 us for a repeated one (medians).
// This program runs itself behind a filter, as `denied_calls --inside`.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "calls/calls.h"
#include "evidence/diagnose.h"
#include "sandbox/environment.h"
#include "sandbox/launch.h"
#include "sandbox/plan.h"
#include "section.h"

namespace {

using namespace seclude;

constexpr int different = 500, repeated = 50000;

using Rows = std::vector<std::vector<std::string>>;

// From the program behind the filter to this one: one line each.
void print(const char* what, const bench::Samples& times) {
  std::printf("%s\t%s\t%s\n", what, bench::figure(bench::median(times)).c_str(),
              bench::figure(bench::percentile(times, 0.99)).c_str());
}

template <typename Call>
bench::Samples measure(int count, Call call) {
  bench::Samples times;
  times.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    const double before = bench::now();
    call(i);
    times.push_back(bench::now() - before);
  }
  return times;
}

int inside() {
  print("new, numbers as arguments",
        measure(different, [](int i) { ::syscall(SYS_getpriority, 0, i); }));
  print("repeated, numbers as arguments",
        measure(repeated, [](int) { ::syscall(SYS_getpriority, 0, 0); }));
  std::vector<std::string> paths;
  for (int i = 0; i < different; ++i) paths.push_back("/some/folder/file-" + std::to_string(i));
  print("new, a path", measure(different, [&](int i) {
          ::syscall(SYS_chdir, paths[static_cast<size_t>(i)].c_str());
        }));
  print("repeated, a path",
        measure(repeated, [&](int) { ::syscall(SYS_chdir, paths[0].c_str()); }));
  return 0;
}

filter::Rules rules() {
  filter::ArchRules arch{};
  arch.arch = calls::native();
  arch.unknown = filter::Action::allow();
  for (const calls::Numbered& call : calls::numbers(arch.arch)) {
    filter::NumberRules entry;
    entry.number = call.number;
    const std::string_view name = calls::name_of(call.call);
    const bool refused = name == "getpriority" || name == "chdir";
    entry.otherwise = refused ? filter::Action::deny(1) : filter::Action::allow();
    arch.numbers.push_back(entry);
  }
  return {{arch}};
}

Rows read_rows(const std::string& file) {
  Rows rows;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream cells(line);
    std::vector<std::string>& row = rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, '\t');) row.push_back(cell);
  }
  return rows;
}

// No rows: it failed.
Rows run_inside(bool explain) {
  const std::string answers = "/proc/self/fd/" + std::to_string(::memfd_create("answers", 0));
  sandbox::Request request;
  request.command = {"/proc/self/exe", "--inside"};
  request.stdout_file = answers;
  request.rules = rules();
  const auto plan = sandbox::make_plan(request);
  if (!plan) return {};
  sandbox::RunOptions options;
  const policy::Texts texts;
  if (explain) {
    options.supervision.emplace();
    options.supervision->describe = [&](const sandbox::Denial& denial) {
      return evidence::diagnose(denial, {.texts = texts}).message + "\n";
    };
    options.supervision->printed_at_most = 2 * different;
  }
  if (sandbox::exit_status(sandbox::run(*plan, options).ending) != 0) return {};
  return read_rows(answers);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--inside") == 0) return inside();
  // What is described goes there: only its cost is of interest.
  if (std::freopen("/dev/null", "w", stderr) == nullptr) return 1;
  const Rows unexplained = run_inside(false);
  const Rows explained = run_inside(true);
  if (unexplained.empty() || unexplained.size() != explained.size()) return 1;
  Rows rows;
  for (size_t i = 0; i < explained.size(); ++i) {
    rows.push_back(unexplained[i]);
    rows.back().insert(rows.back().end(), explained[i].begin() + 1, explained[i].end());
  }
  bench::Section section("Refused calls");
  section.paragraph(
      "What one refused call costs the program that makes it, in microseconds. New: its first "
      "time, when everything about it is captured and described.");
  section.table({"", "median", "p99", "explained: median", "p99"}, rows);
  return section.finish(argc, argv);
}
