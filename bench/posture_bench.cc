// Postures: how long it takes to start a program with all that is held by the kernel, side by side
// with the programs that do the same, and what Landlock makes of opening files.
//
// In: `--program PATH` (the seclude program), `--rounds N`, `--markdown FILE`. Out: a Markdown
// section. A posture is: no process, IPC or file but what is listed, everything read-only, an empty
// /tmp, no way to gain privileges, a filter; without any network, by a namespace of its own or by
// refusing sockets. This program runs itself, as `posture_bench --opens FOLDER`.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "by_library.h"
#include "launch_tables.h"
#include "launches.h"
#include "peer_filter.h"
#include "section.h"

namespace {

using bench::Samples;
using bench::Way;
using Words = std::vector<std::string>;

constexpr const char* target = "/usr/bin/true";

// ---- the same posture, in everyone's words ------------------------------------------------------

enum class Network { None, NoSockets };

// A folder for what the peers want as files; it goes with this.
class Workshop {
 public:
  Workshop() {
    char name[] = "/tmp/posture_bench.XXXXXX";
    if (::mkdtemp(name) == nullptr) std::abort();
    folder_ = name;
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  std::filesystem::path folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

std::string policy(Network network) {
  std::string text =
      "seclude 1\npolicy posture\nuse default\notherwise deny with EPERM\n"
      "read /usr/**, /etc/**\nrun /usr/**\n";
  text += network == Network::None ? "isolate network, processes, ipc, tmp\n"
                                   : "deny socket, socketpair\nisolate processes, ipc, tmp\n";
  return text;
}

Words bubblewrap(const std::string& program, Network network, int filter) {
  Words words = {program, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup"};
  if (network == Network::None) words.push_back("--unshare-net");
  for (const char* folder : {"/usr", "/etc"})
    words.insert(words.end(), {"--ro-bind", folder, folder});
  for (const char* name : {"bin", "lib", "lib64", "sbin"})
    words.insert(words.end(), {"--symlink", std::string("usr/") + name, std::string("/") + name});
  words.insert(words.end(), {"--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--new-session",
                             "--die-with-parent", "--cap-drop", "ALL", "--seccomp",
                             std::to_string(filter), "--", target});
  return words;
}

Words firejail(const std::string& program, Network network) {
  Words words = {program,           "--quiet",         "--noprofile",     "--seccomp",
                 "--private-dev",   "--private-tmp",   "--caps.drop=all", "--nonewprivs",
                 "--ipc-namespace", "--read-only=/usr"};
  words.push_back(network == Network::None ? "--net=none" : "--protocol=unix");
  words.push_back(target);
  return words;
}

// The bundle of crun and runc (the runtime specification of the Open Container Initiative).
std::string bundle(const Workshop& workshop, Network network) {
  const auto folder = workshop.folder() / (network == Network::None ? "bundle" : "bundle-shared");
  for (const char* name : {"proc", "usr", "etc", "tmp", "dev", "sys"})
    std::filesystem::create_directories(folder / "rootfs" / name);
  for (const char* name : {"bin", "lib", "lib64", "sbin"})
    std::filesystem::create_symlink(std::string("usr/") + name, folder / "rootfs" / name);
  using nlohmann::json;
  json namespaces = json::array();
  for (const char* type : {"pid", "ipc", "uts", "mount", "network"})
    if (network == Network::None || std::string(type) != "network")
      namespaces.push_back({{"type", type}});
  json mounts = {{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}},
                 {{"destination", "/tmp"}, {"type", "tmpfs"}, {"source", "tmpfs"}}};
  for (const char* path : {"/usr", "/etc"})
    mounts.push_back({{"destination", path},
                      {"type", "bind"},
                      {"source", path},
                      {"options", {"bind", "ro", "nosuid", "nodev"}}});
  const json denied = {{"names", {"unshare", "mount", "ptrace", "bpf", "keyctl"}},
                       {"action", "SCMP_ACT_ERRNO"}};
  const json config = {
      {"ociVersion", "1.0.2"},
      {"process",
       {{"terminal", false},
        {"user", {{"uid", 0}, {"gid", 0}}},
        {"args", {target}},
        {"env", {"PATH=/usr/bin"}},
        {"cwd", "/"},
        {"noNewPrivileges", true}}},
      {"root", {{"path", "rootfs"}, {"readonly", true}}},
      {"mounts", mounts},
      {"linux",
       {{"namespaces", namespaces},
        {"seccomp", {{"defaultAction", "SCMP_ACT_ALLOW"}, {"syscalls", {denied}}}}}}};
  std::ofstream(folder / "config.json") << config.dump(1);
  return folder;
}

std::vector<Way> all_ways(const std::string& program, const Workshop& workshop, Network network,
                          int filter) {
  const std::string file = workshop.write(
      network == Network::None ? "no-network.seclude" : "no-sockets.seclude", policy(network));
  std::vector<Way> ways = {
      {"vfork, execve, waitpid", bench::spawning({target})},
      {"`seclude run`", bench::spawning({program, "run", "-p", file, "--", target})},
      {"`seclude run --no-explain`",
       bench::spawning({program, "run", "--no-explain", "-p", file, "--", target})},
      {"`seclude check`: of that, the policy alone", bench::spawning({program, "check", file})},
      {"`sandbox::Launcher`, explaining",
       bench::by_library(bench::behind_policy(policy(network), {target}), true)},
      {"`sandbox::Launcher`",
       bench::by_library(bench::behind_policy(policy(network), {target}), false)}};
  if (const auto bwrap = bench::find_program("bwrap"))
    ways.push_back({"bubblewrap, filter of `default`",
                    bench::spawning(bubblewrap(*bwrap, network, filter), filter)});
  if (const auto jail = bench::find_program("firejail"))
    ways.push_back({"firejail, its own filter", bench::spawning(firejail(*jail, network)),
                    /*slow=*/true});
  const std::string folder = bundle(workshop, network);
  for (const char* runtime : {"crun", "runc"}) {
    const auto found = bench::find_program(runtime);
    if (!found) continue;
    const std::string name = std::string("posture-bench-") + std::to_string(::getpid());
    ways.push_back({std::string(runtime) + ", five calls refused",
                    bench::spawning({*found, "run", "--bundle", folder, name}),
                    /*slow=*/true});
  }
  return ways;
}

// The bare way and seclude's, without those that launch nothing.
std::vector<Way> ours(const std::vector<Way>& ways) {
  std::vector<Way> some;
  for (const Way& way : ways)
    if (&way == &ways.front() || way.name.starts_with("`seclude run") ||
        way.name.starts_with("`sandbox::Launcher"))
      some.push_back(way);
  return some;
}

void report_postures(bench::Section& section, const std::string& program, const Workshop& workshop,
                     size_t rounds) {
  const int filter = bench::filter_file(bench::rules_of_profile("default"));
  for (const Network network : {Network::None, Network::NoSockets}) {
    section.paragraph(network == Network::None
                          ? "### With a network namespace of its own"
                          : "### In the network namespace of the caller, sockets refused");
    const auto ways = all_ways(program, workshop, network, filter);
    bench::report_launches(section, ways, rounds);
    if (network == Network::None) bench::report_parents(section, ours(ways), rounds);
  }
}

// ---- opening files ------------------------------------------------------------------------------

constexpr int depths[] = {1, 5, 10, 20};

std::string file_at(const std::string& folder, int depth) {
  std::string path = folder;
  for (int i = 1; i < depth; ++i) path += "/d";
  return path + "/file";
}

void make_files(const std::string& folder) {
  for (const int depth : depths) {
    const std::string path = file_at(folder, depth);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << "text";
  }
}

// Microseconds per open and close, one line each.
int measure_opens(const std::string& folder) {
  for (const int depth : depths) {
    const std::string path = file_at(folder, depth);
    constexpr int times = 2000;
    Samples samples;
    for (int batch = 0; batch < 15; ++batch) {
      const double before = bench::now();
      for (int i = 0; i < times; ++i) {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0) return 1;
        ::close(file);
      }
      samples.push_back((bench::now() - before) / times);
    }
    std::printf("%f\n", bench::median(samples));
  }
  return 0;
}

std::vector<double> numbers_of(const std::string& command) {
  std::vector<double> numbers;
  std::FILE* output = ::popen(command.c_str(), "r");
  if (output == nullptr) std::abort();
  for (double number = 0; std::fscanf(output, "%lf", &number) == 1;) numbers.push_back(number);
  return ::pclose(output) == 0 ? numbers : std::vector<double>{};
}

void report_opens(bench::Section& section, const std::string& program, const Workshop& workshop) {
  const std::string folder = workshop.folder() / "tree";
  make_files(folder);
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string opens = self + " --opens " + folder;
  const std::string file = workshop.write(
      "opens.seclude", "seclude 1\npolicy opens\nuse default\notherwise deny with EPERM\nread " +
                           folder + "/**\nrun " + self + "\n");
  const std::string filtered = program + " run -q -p default -- " + opens;
  const std::string held = program + " run -q -p " + file + " -- " + opens;
  std::vector<std::vector<std::string>> rows;
  std::vector<Samples> all[3];
  for (auto& samples : all) samples.resize(std::size(depths));
  for (int round = 0; round < 5; ++round) {
    const std::string* commands[] = {&opens, &filtered, &held};
    for (size_t way = 0; way < std::size(commands); ++way) {
      const auto numbers = numbers_of(*commands[way]);
      if (numbers.size() != std::size(depths)) {
        section.paragraph("Opening files could not be measured here.");
        return;
      }
      for (size_t i = 0; i < numbers.size(); ++i) all[way][i].push_back(numbers[i]);
    }
  }
  for (size_t i = 0; i < std::size(depths); ++i) {
    const double bare = bench::median(all[0][i]);
    std::vector<std::string> row = {std::to_string(depths[i])};
    for (const auto& samples : all) {
      char text[48];
      std::snprintf(text, sizeof text, "%.2f (%.2f)", bench::median(samples[i]),
                    bench::median(samples[i]) / bare);
      row.push_back(text);
    }
    rows.push_back(row);
  }
  section.paragraph(
      "Opening and closing a file so many folders below the granted one, in microseconds and in "
      "multiples of it without anything:");
  section.table({"depth", "bare", "filter alone", "filter, Landlock and a root of its own"}, rows);
}

}  // namespace

int main(int count, char** words) {
  const std::string folder = bench::option(count, words, "--opens", "");
  if (!folder.empty()) return measure_opens(folder);
  const std::string program =
      std::filesystem::absolute(bench::option(count, words, "--program", "build/seclude"));
  const auto rounds = static_cast<size_t>(
      std::strtoul(bench::option(count, words, "--rounds", "100").c_str(), nullptr, 10));
  if (rounds == 0 || ::access(program.c_str(), X_OK) != 0) {
    std::fprintf(stderr, "usage: posture_bench --program SECLUDE [--rounds N] [--markdown FILE]\n");
    return 2;
  }
  const Workshop workshop;
  bench::Section section("Launching with everything held");
  section.paragraph(
      "`/usr/bin/true` with nothing but `/usr` and `/etc`, read-only, in namespaces of its own, "
      "behind a filter. `seclude run` reads, resolves, compiles and proves the policy at each "
      "launch, as the programs of others read theirs; a process that launches one plan many times "
      "(`sandbox::Launcher`) does that once, and has the namespaces of the next run made while one "
      "goes on. All launches of a table take turns, in another order each time.");
  report_postures(section, program, workshop, rounds);
  report_opens(section, program, workshop);
  return section.finish(count, words);
}
