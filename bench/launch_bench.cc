// Launch: how long it takes to start a program behind a policy, against starting it bare.
//
// In: `--program PATH` (the seclude program), `--rounds N`, `--markdown FILE`. Out: a Markdown
// section: launches in multiples of vfork+execve+waitpid, alone and two at a time, from a small and
// from a large process; what loading a filter costs by its size; the memory a run needs.
// All launches of a table take turns in one run. Peers, where they are installed: bubblewrap with
// the same filter, and firejail with a filter of its own.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "by_library.h"
#include "filter/compile.h"
#include "launch_tables.h"
#include "launches.h"
#include "peer_filter.h"

namespace {

using namespace seclude;
using bench::Samples;
using bench::Way;

constexpr const char* target = "/bin/true";

bench::Launch launcher(bool explain) {
  const std::string policy = "seclude 1\npolicy bench\nuse default\notherwise deny with EPERM\n";
  return bench::by_library(bench::behind_policy(policy, {target}), explain);
}

std::vector<Way> all_ways(const std::string& program, const filter::Rules& rules) {
  std::vector<Way> ways = {
      {"vfork, execve, waitpid", bench::spawning({target})},
      {"`seclude run --no-explain`",
       bench::spawning({program, "run", "--no-explain", "-p", "default", "--", target})},
      {"`seclude run`", bench::spawning({program, "run", "-p", "default", "--", target})},
      {"`seclude --version`: the start of the program alone",
       bench::spawning({program, "--version"})},
      {"`sandbox::Launcher`", launcher(false)},
      {"`sandbox::Launcher`, explaining", launcher(true)},
  };
  if (const auto bwrap = bench::find_program("bwrap")) {
    const int file = bench::filter_file(rules);
    ways.push_back(
        {"bubblewrap, same filter", bench::spawning({*bwrap, "--dev-bind", "/", "/", "--seccomp",
                                                     std::to_string(file), "--", target},
                                                    file)});
    ways.push_back(
        {"bubblewrap, no filter", bench::spawning({*bwrap, "--dev-bind", "/", "/", "--", target})});
  }
  if (const auto firejail = bench::find_program("firejail"))
    ways.push_back({"firejail, its own filter only",
                    bench::spawning({*firejail, "--quiet", "--noprofile", "--seccomp", target}),
                    /*slow=*/true});
  return ways;
}

// Launches whose parent may be large.
std::vector<Way> ways_of_large_processes(const std::string& program) {
  return {{"vfork, execve, waitpid", bench::spawning({target})},
          {"`seclude run --no-explain`",
           bench::spawning({program, "run", "--no-explain", "-p", "default", "--", target})},
          {"`sandbox::Launcher`", launcher(false)}};
}

// ---- loading ------------------------------------------------------------------------------------

// In a child, because a filter stays: how long the kernel takes for this program, in microseconds.
double load_once(std::vector<sock_filter>& program) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const sock_fprog what = {static_cast<unsigned short>(program.size()), program.data()};
    const double before = bench::now();
    const long loaded = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &what);
    const double took = loaded == 0 ? bench::now() - before : -1;
    (void)!::write(ends[1], &took, sizeof took);
    ::_exit(0);
  }
  ::close(ends[1]);
  double took = -1;
  (void)!::read(ends[0], &took, sizeof took);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return took;
}

// Compares the call's number with values that no call has, one after the other, and allows.
std::vector<sock_filter> chain_of(size_t size) {
  std::vector<sock_filter> program = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0}};
  for (uint32_t value = 100000; program.size() + 2 < size; ++value)
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 0, value});
  program.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
  return program;
}

std::vector<sock_filter> as_kernel_has_it(const filter::Program& program) {
  std::vector<sock_filter> same;
  for (const filter::Instruction& one : program) same.push_back({one.code, one.jt, one.jf, one.k});
  return same;
}

void report_loading(bench::Section& section, const filter::Rules& rules, size_t rounds) {
  filter::Store store;
  const auto compiled = filter::compile(store, rules);
  if (!compiled) std::abort();
  std::vector<std::pair<std::string, std::vector<sock_filter>>> programs;
  for (const size_t size : {2U, 10U, 100U, 400U, 1000U, 2000U, 4000U})
    programs.emplace_back("a chain of " + std::to_string(size) + " instructions", chain_of(size));
  programs.emplace_back("`default`, " + std::to_string(compiled->program.size()) + " instructions",
                        as_kernel_has_it(compiled->program));
  std::vector<Samples> all(programs.size());
  for (size_t round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < programs.size(); ++i) all[i].push_back(load_once(programs[i].second));
  }
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < programs.size(); ++i)
    rows.push_back({programs[i].first, bench::figure(bench::median(all[i])),
                    bench::figure(bench::percentile(all[i], 0.99))});
  section.paragraph(
      "What the kernel takes to load a filter: it translates the program, and runs it once for "
      "every call number, so a chain of comparisons costs its length some 450 times. Ours are "
      "trees:");
  section.table({"", "median us", "p99 us"}, rows);
}

// ---- memory -------------------------------------------------------------------------------------

size_t peak_of(const std::string& process) {
  std::ifstream status("/proc/" + process + "/status");
  for (std::string word; status >> word;) {
    size_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes;
  }
  return 0;
}

std::vector<std::string> children_of(pid_t process) {
  const std::string number = std::to_string(process);
  std::ifstream list("/proc/" + number + "/task/" + number + "/children");
  std::vector<std::string> children;
  for (std::string child; list >> child;) children.push_back(child);
  return children;
}

// The launcher's own peak while its program sleeps, and that of its helper. Not wait4's figure:
// there a process begins with what its parent had.
std::string peak_memory(const std::string& program, bool explain) {
  const pid_t launcher = ::fork();
  if (launcher == 0) {
    ::execl(program.c_str(), "seclude", "run", explain ? "--plain" : "--no-explain", "-p",
            "default", "--", "/bin/sleep", "30", nullptr);
    ::_exit(127);
  }
  ::usleep(200000);
  std::string text = std::to_string(peak_of(std::to_string(launcher))) + " KiB";
  for (const std::string& child : children_of(launcher)) {
    std::ifstream name("/proc/" + child + "/comm");
    std::string word;
    if (name >> word && word.starts_with("seclude"))
      text += " and " + std::to_string(peak_of(child)) + " KiB";
  }
  ::kill(launcher, SIGKILL);
  ::waitpid(launcher, nullptr, 0);
  return text;
}

}  // namespace

int main(int count, char** words) {
  const std::string program = bench::option(count, words, "--program", "build/seclude");
  const auto rounds = static_cast<size_t>(
      std::strtoul(bench::option(count, words, "--rounds", "300").c_str(), nullptr, 10));
  if (rounds == 0 || ::access(program.c_str(), X_OK) != 0) {
    std::fprintf(stderr, "usage: launch_bench --program SECLUDE [--rounds N] [--markdown FILE]\n");
    return 2;
  }
  const filter::Rules rules = bench::rules_of_profile("default");
  bench::Section section("Launching a program");
  section.paragraph(
      "From the decision to start a program until its end is known, behind the profile `default`. "
      "\"Bare\" is vfork, execve and waitpid of the same program from the same process; all "
      "launches of a table take turns, in another order each time. The built-in profile was "
      "compiled and proven when `seclude` "
      "was built; a launch puts its own key and process numbers in. A process that launches one "
      "plan many times (`sandbox::Launcher`) compiles it once in the same way, and has one helper "
      "that explains all of its runs.");
  bench::report_launches(section, all_ways(program, rules), rounds);
  bench::report_parents(section, ways_of_large_processes(program), rounds);
  report_loading(section, rules, rounds);
  section.paragraph("Memory at its peak: " + peak_memory(program, false) +
                    " for `seclude run --no-explain`; " + peak_memory(program, true) +
                    " for `seclude run` and the helper that explains.");
  return section.finish(count, words);
}
