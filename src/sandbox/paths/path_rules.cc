// Path rules: see path_rules.h.
#include "sandbox/paths/path_rules.h"

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "kernel/files.h"
#include "policy/words.h"
#include "sandbox/paths/covers.h"

namespace seclude::sandbox {
namespace {

using policy::PathVerb;
namespace right = kernel::file_right;

uint64_t rights_of(PathVerb verb) {
  constexpr uint64_t reading = right::read_file | right::read_dir;
  constexpr uint64_t writing = reading | right::write_file | right::truncate | right::ioctl_dev;
  constexpr uint64_t creating = writing | right::remove_dir | right::remove_file | right::make_dir |
                                right::make_reg | right::make_sock | right::make_fifo |
                                right::make_sym | right::refer;
  switch (verb) {
    case PathVerb::Read:
    case PathVerb::Protect:
      return reading;
    case PathVerb::Write:
      return writing;
    case PathVerb::Create:
      return creating;
    case PathVerb::Run:
      return reading | right::execute;
    case PathVerb::Hide:
      break;
  }
  return 0;
}

class Finder {
 public:
  Finder(const Places& places, const Machine& machine, bool best_effort, Diagnostics& diagnostics)
      : places_(places), machine_(machine), best_effort_(best_effort), diagnostics_(diagnostics) {}

  void find(Domain& domain) {
    for (const Place& place : places_.paths) find(place, domain);
    for (const Place& place : absent_) judge_absent(place);
    if (machine_.no_namespaces) return do_without_mounts(domain);
    cover(found_, trees_, domain);
    const bool runs_all = runs_everywhere(domain);
    domain.own_root = !domain.changes_all || (domain.runs && !runs_all);
  }

 private:
  void lack(Diagnostic diagnostic) {
    if (best_effort_) diagnostic.severity = Severity::Warning;
    diagnostics_.add(std::move(diagnostic));
  }

  void do_without_mounts(Domain& domain) {
    for (const Unenforced& line : taking_mounts(found_, trees_)) {
      domain.unheld.push_back(line.span);
      // What the text itself shows has been said.
      const bool said =
          std::any_of(places_.lacking.begin(), places_.lacking.end(),
                      [&](const Unenforced& other) { return other.span == line.span; });
      if (said) continue;
      Diagnostic diagnostic = diagnostic_of(line);
      diagnostic.helps.push_back("no namespaces can be made here: " + *machine_.no_namespaces);
      lack(std::move(diagnostic));
    }
    if (places_.paths.empty()) return;
    lack({.message = "what no line lists can be looked at all the same",
          .span = places_.paths.front().line,
          .label = "names, sizes, owners, times: Landlock does not keep them",
          .helps = {"no namespaces can be made here: " + *machine_.no_namespaces}});
  }

  static bool runs_everywhere(const Domain& domain) {
    return std::any_of(domain.paths.begin(), domain.paths.end(), [](const PathRight& path) {
      return path.path == "/" && (path.rights & right::execute) != 0;
    });
  }

  // No mount covers what is not there, and where the program may make it, nothing else would.
  void judge_absent(const Place& place) {
    const std::string path = place_to_be(place.path);
    for (size_t i = 0; i < found_.size(); ++i) {
      if (found_[i].verb != PathVerb::Create || !contains(trees_[i], {path})) continue;
      const std::string verb(policy::path_verb_word(place.verb));
      lack({.message = "`" + verb + "` cannot cover what is missing",
            .span = place.span,
            .label = "the program may make it, and do with it what it likes",
            .helps = {"make `" + escape(place.path, 200) + "` before"}});
      return;
    }
  }

  static std::string place_to_be(const std::string& path) {
    for (size_t end = path.size(); end > 0 && end != std::string::npos;
         end = path.rfind('/', end - 1)) {
      const auto real = kernel::real_path(path.substr(0, end));
      if (real) return (*real == "/" ? "" : *real) + path.substr(end);
    }
    return path;
  }

  void find(const Place& place, Domain& domain) {
    if (place.unbound) {
      diagnostics_
          .error(place.span, "`" + escape(place.path.substr(1), 60) + "` has no value",
                 "the path begins with it")
          .helps.push_back("bind it to an absolute path with --set");
      return;
    }
    const auto real = kernel::real_path(place.path);
    if (!real) return missing(place, real.error());
    // The launcher's own; the program would be somebody else.
    if (kernel::is_of_own_process(*real)) {
      diagnostics_.add({.message = "paths of a process cannot be confined",
                        .span = place.span,
                        .label = "the program has another number than the launcher",
                        .helps = {"list `/proc/**` to let the program read about every process"}});
      return;
    }
    const auto facts = kernel::facts_of(*real);
    if (!facts) return missing(place, facts.error());
    // Of a directory alone Landlock would list what is below as well.
    const bool hides = place.verb == PathVerb::Hide;
    if (facts->directory && !place.below && !hides)
      lack({.message = "a directory by itself cannot be enforced",
            .span = place.span,
            .label = "Landlock grants what is below it as well",
            .helps = {"write `" + escape(place.path, 200) + "/**`"}});
    found_.push_back(place);
    trees_.push_back({*real, facts->directory && (place.below || hides),
                      !facts->directory && !facts->regular, facts->directory});
    add(place, *real, facts->directory, domain);
  }

  void missing(const Place& place, const Error& error) {
    const bool absent = error.errno_value == ENOENT || error.errno_value == ENOTDIR;
    const bool takes_away = place.verb == PathVerb::Hide || place.verb == PathVerb::Protect;
    if (place.optional && absent && takes_away) absent_.push_back(place);
    if (place.optional && absent) return;
    diagnostics_
        .error(place.span,
               absent ? "`" + escape(place.path, 200) + "` does not exist"
                      : "cannot " + to_string(error),
               "a listed path has to be there when the program starts")
        .helps.push_back("put `?` behind it if it may be missing");
  }

  void add(const Place& place, const std::string& real, bool directory, Domain& domain) {
    const uint64_t rights = rights_of(place.verb);
    if (rights == 0) return;
    domain.runs |= place.verb == PathVerb::Run;
    domain.lists_all |= directory && real == "/";
    domain.changes_all |= directory && real == "/" && (rights & right::write_file) != 0;
    domain.paths.push_back({real, rights});
    domain.named.push_back(place.path);
  }

  const Places& places_;
  const Machine& machine_;
  bool best_effort_;
  Diagnostics& diagnostics_;
  std::vector<Place> found_, absent_;
  std::vector<Tree> trees_;
};

void too_old(const Places& places, const kernel::LandlockVersion& version, bool paths,
             bool best_effort, Diagnostics& diagnostics) {
  const std::string needed = paths ? "Landlock ABI 3 (Linux 6.2)" : "Landlock ABI 4 (Linux 6.7)";
  const std::string has = version.abi == 0
                              ? "this kernel has no Landlock, or it is off"
                              : "this kernel has Landlock ABI " + std::to_string(version.abi);
  std::vector<std::string> helps = {
      "`seclude doctor` says how to turn it on; --best-effort runs without this line"};
  if (paths)
    helps.push_back(
        "mounts alone would let pipes in readable folders be written to, and files that are handed "
        "over be opened again to be changed");
  std::vector<Span> lines;
  for (const Place& place : places.paths) lines.push_back(place.line);
  if (!paths) lines = places.network_lines;
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  for (const Span& line : lines)
    diagnostics.add(
        {.severity = best_effort ? Severity::Warning : Severity::Error,
         .message = std::string(paths ? "path" : "network") + " lines cannot be enforced here",
         .span = line,
         .label = has + "; " + needed + " is needed",
         .helps = helps});
}

void add_ports(const Places& places, Domain& domain) {
  bool anywhere = false;
  for (const Port& port : places.ports) {
    const bool connects = port.verb == policy::NetVerb::Connect;
    const ListenEnd end = {.addresses = port.addresses, .ports = port.range};
    domain.listens |= !connects;
    anywhere |= !connects && end == ListenEnd{};
    if (!connects) domain.listening.push_back(end);
    domain.ports.push_back(
        {port.range.low, port.range.high,
         connects ? kernel::port_right::connect_tcp : kernel::port_right::bind_tcp});
  }
  if (anywhere) domain.listening.clear();
}

}  // namespace

std::optional<Domain> domain_of(const Places& places, const Machine& machine, bool best_effort,
                                Diagnostics& diagnostics) {
  const kernel::LandlockVersion& version = machine.landlock;
  for (const Unenforced& line : places.lacking) {
    Diagnostic diagnostic = diagnostic_of(line);
    if (best_effort) diagnostic.severity = Severity::Warning;
    diagnostics.add(std::move(diagnostic));
  }
  // Refused whatever the machine can do.
  if (!best_effort && !places.lacking.empty()) return std::nullopt;
  Domain domain;
  // Held without what the line wants, the program would be refused what it may have.
  const bool network = places.confines_network && !(best_effort && places.widens_network);
  domain.confines_paths = places.confines_paths && version.confines_paths();
  domain.confines_network = network && version.confines_ports();
  if (places.confines_paths && !domain.confines_paths)
    too_old(places, version, true, best_effort, diagnostics);
  if (network && !domain.confines_network)
    too_old(places, version, false, best_effort, diagnostics);
  if (domain.confines_paths) Finder(places, machine, best_effort, diagnostics).find(domain);
  if (domain.confines_network) add_ports(places, domain);
  if (!domain.confines_paths && !domain.confines_network) return std::nullopt;
  return domain;
}

}  // namespace seclude::sandbox
