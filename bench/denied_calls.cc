// Denied calls: what a refused call costs the program, with and without explaining.
//
// In: nothing. Out: a table on standard output: the first refusal of each kind (everything is
// captured and described) and repeated ones, in microseconds as the program itself measures them.
// The bounds held up here: 1 ms for a new denial, 15 us for a repeated one (medians).
// This program runs itself behind a filter, as `denied_calls --inside`.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "calls/calls.h"
#include "evidence/diagnose.h"
#include "sandbox/environment.h"
#include "sandbox/launch.h"
#include "sandbox/plan.h"

namespace {

using namespace seclude;

constexpr int different = 500, repeated = 50000;

double now() {
  timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

void print(const char* what, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  std::printf("  %-36s median %7.2f us, 99 %% %7.2f us\n", what, times[times.size() / 2],
              times[times.size() * 99 / 100]);
}

template <typename Call>
std::vector<double> measure(int count, Call call) {
  std::vector<double> times;
  times.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    const double before = now();
    call(i);
    times.push_back(now() - before);
  }
  return times;
}

int inside() {
  print("new: number as argument",
        measure(different, [](int i) { ::syscall(SYS_getpriority, 0, i); }));
  print("repeated: number as argument",
        measure(repeated, [](int) { ::syscall(SYS_getpriority, 0, 0); }));
  std::vector<std::string> paths;
  for (int i = 0; i < different; ++i) paths.push_back("/some/folder/file-" + std::to_string(i));
  print("new: path", measure(different, [&](int i) {
          ::syscall(SYS_chdir, paths[static_cast<size_t>(i)].c_str());
        }));
  print("repeated: path", measure(repeated, [&](int) { ::syscall(SYS_chdir, paths[0].c_str()); }));
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

int run(const char* program, bool explain) {
  sandbox::Request request;
  request.command = {program, "--inside"};
  request.rules = rules();
  const auto plan = sandbox::make_plan(request);
  if (!plan) return 1;
  sandbox::RunOptions options;
  const policy::Texts texts;
  if (explain) {
    options.supervision.emplace();
    options.supervision->describe = [&](const sandbox::Denial& denial) {
      return evidence::diagnose(denial, {.texts = texts}).message + "\n";
    };
    options.supervision->printed_at_most = 2 * different;
  }
  return sandbox::exit_status(sandbox::run(*plan, options).ending);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--inside") == 0) return inside();
  // What is described goes there: only its cost is of interest.
  if (std::freopen("/dev/null", "w", stderr) == nullptr) return 1;
  std::puts("refused calls, not explained");
  std::fflush(stdout);
  if (run("/proc/self/exe", false) != 0) return 1;
  std::puts("refused calls, explained");
  std::fflush(stdout);
  return run("/proc/self/exe", true);
}
