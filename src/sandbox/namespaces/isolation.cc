// Isolation: see isolation.h.
#include "sandbox/namespaces/isolation.h"

#include <algorithm>

#include "base/text.h"
#include "kernel/capabilities.h"
#include "kernel/files.h"
#include "kernel/landlock.h"
#include "policy/quantity.h"

namespace seclude::sandbox {
namespace {

using Kind = MountOver::Kind;

void add_thing(policy::Thing thing, Isolation& isolation) {
  switch (thing) {
    case policy::Thing::Network:
      isolation.network = true;
      break;
    case policy::Thing::Processes:
      isolation.processes = true;
      break;
    case policy::Thing::Ipc:
      isolation.ipc = true;
      break;
    case policy::Thing::Tmp:
      isolation.tmp = true;
      break;
  }
}

// Real, once each; those that are not there cannot be isolated and need not.
std::vector<std::string> folders_there(std::initializer_list<const char*> paths, Lookup& lookup) {
  std::vector<std::string> found;
  for (const char* path : paths) {
    const auto real = lookup.real(path);
    if (!real) continue;
    const auto& facts = lookup.facts(*real);
    if (!facts || !facts->directory) continue;
    if (std::find(found.begin(), found.end(), *real) == found.end()) found.push_back(*real);
  }
  return found;
}

bool shows(const MountOver& mount, const std::string& path) {
  return std::any_of(mount.kept.begin(), mount.kept.end(), [&](const KeptPlace& kept) {
    return !kept.source.empty() && is_at_or_below(path, kept.path);
  });
}

bool is_privileged() {
  return (kernel::own_capabilities() & kernel::bit_of(kernel::Capability::SysAdmin)) != 0;
}

// As far as `isolate` lines tell.
EnterNamespaces entering(const Isolation& isolation, bool host_name) {
  return {.user = !is_privileged(),
          .mounts = isolation.processes,
          .processes = isolation.processes,
          .network = isolation.network,
          .ipc = isolation.ipc,
          .names = isolation.network || host_name};
}

class Builder {
 public:
  Builder(const IsolationQuery& query, Lookup& lookup)
      : query_(query), isolation_(query.isolation), lookup_(lookup) {
    if (query.root != nullptr) root_ = *query.root;
  }

  IsolationSteps build() {
    IsolationSteps steps;
    const bool files = isolation_.tmp || isolation_.ipc || !isolation_.covered.empty();
    // Where no Landlock domain keeps the program from looking through other processes' eyes
    // (/proc/PID/root), it must not see any.
    const bool processes = isolation_.processes || (files && query_.signals_by_filter);
    steps.mounts = files || processes || root_;
    EnterNamespaces enter = entering(isolation_, query_.host_name.has_value());
    enter.mounts = steps.mounts;
    enter.processes = processes;
    enter.groups = processes && !query_.joins_group;
    enter.lines = lines();
    steps.entering.push_back(std::move(enter));
    if (processes && query_.joins_group)
      steps.grouped.push_back(EnterNamespaces{.groups = true, .lines = lines()});
    if (processes) steps.entering.push_back(StartInit{});
    if (query_.host_name) steps.inside.push_back(SetHostName{*query_.host_name});
    if (isolation_.network) steps.inside.push_back(RaiseLoopback{});
    if (isolation_.ipc) steps.inside.push_back(JoinNewKeyring{});
    if (!steps.mounts) return steps;
    steps.inside.push_back(KeepMountsPrivate{});
    if (isolation_.tmp) add(Kind::EmptyFolder, {"/tmp", "/var/tmp"});
    if (isolation_.ipc) add(Kind::EmptyFolder, {"/dev/shm"});
    if (isolation_.ipc) add(Kind::Queues, {"/dev/mqueue"});
    if (processes) add(Kind::Processes, {"/proc"});
    if (root_) mounts_.insert(mounts_.begin(), {Kind::Root, "/"});
    for (MountOver& mount : mounts_)
      if (mount.kind == Kind::Root || mount.kind == Kind::EmptyFolder) fill(mount);
    if (processes && is_privileged()) keep_the_machine_out();
    cover();
    const bool in_memory =
        root_ && (mounts_[0].kept.empty() || mounts_[0].kept.front().path != "/");
    for (MountOver& mount : mounts_) steps.inside.push_back(std::move(mount));
    if (root_) steps.inside.push_back(LeaveRoot{in_memory});
    return steps;
  }

 private:
  std::vector<std::string> lines() const {
    std::vector<std::string> lines = isolation_.lines;
    if (root_) lines.push_back("path lines");
    if (query_.host_name) lines.push_back("--hostname " + *query_.host_name);
    return lines;
  }

  // What a root of its own does not show in any way needs no mount.
  void add(Kind kind, std::initializer_list<const char*> paths) {
    for (const std::string& folder : folders_there(paths, lookup_)) {
      if (root_ && !concerns(*root_, folder)) continue;
      if (root_) root_->replaced.push_back(folder);
      mounts_.push_back({kind, folder});
    }
  }

  void fill(MountOver& mount) {
    if (!root_) return keep_what_is_needed(mount);
    mount.kept = shown_in(mount.path, *root_, lookup_);
    mount.runs = !root_->runs || runs_in(mount.path);
  }

  bool runs_in(const std::string& folder) const {
    return std::any_of(root_->granted.begin(), root_->granted.end(), [&](const PathRight& path) {
      return is_at_or_below(folder, path.path) && (path.rights & kernel::file_right::execute) != 0;
    });
  }

  void keep_what_is_needed(MountOver& mount) {
    if (query_.granted != nullptr)
      for (const PathRight& path : *query_.granted)
        keep(path.path, (path.rights & kernel::file_right::write_file) == 0, mount);
    for (const std::string& path : query_.needed) keep(path, true, mount);
    if (is_below(query_.directory, mount.path)) mount.kept.push_back({query_.directory, "", true});
    std::stable_sort(mount.kept.begin(), mount.kept.end(),
                     [](const KeptPlace& a, const KeptPlace& b) { return a.path < b.path; });
    // Of two for one path, what shows something comes before the empty folder.
    std::erase_if(mount.kept, [&](const KeptPlace& kept) {
      return kept.source.empty() &&
             std::any_of(mount.kept.begin(), mount.kept.end(), [&](const KeptPlace& other) {
               return !other.source.empty() && is_at_or_below(kept.path, other.path);
             });
    });
    for (KeptPlace& kept : mount.kept)
      kept.there = std::any_of(mount.kept.begin(), mount.kept.end(), [&](const KeptPlace& other) {
        return !other.source.empty() && is_below(kept.path, other.path);
      });
  }

  // What a path leads to, and the links on the way, as far as they lie in the folder.
  void keep(const std::string& path, bool read_only, MountOver& mount) {
    const auto real = lookup_.real(path);
    if (!real) return;
    for (const LinkOnTheWay& link : lookup_.links_to(path))
      if (is_below(link.path, mount.path) && find(link.path, mount) == mount.kept.end())
        mount.kept.push_back({.path = link.path, .source = {}, .link = link.target});
    const auto& facts = lookup_.facts(*real);
    if (!facts || !is_below(*real, mount.path)) return;
    const auto same = find(*real, mount);
    if (same == mount.kept.end())
      mount.kept.push_back({*real, *real, facts->directory, read_only});
    else
      same->read_only &= read_only;
  }

  static std::vector<KeptPlace>::iterator find(const std::string& path, MountOver& mount) {
    return std::find_if(mount.kept.begin(), mount.kept.end(),
                        [&](const KeptPlace& kept) { return kept.path == path; });
  }

  // Root could otherwise reach the machine through files that are not of any process.
  void keep_the_machine_out() {
    if (root_ && !concerns(*root_, "/proc")) return;
    for (const char* path :
         {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"})
      if (kernel::facts_of(path)) mounts_.push_back({Kind::ReadOnly, path});
  }

  void cover() {
    std::vector<MountOver> covers;
    for (const CoveredPlace& place : isolation_.covered) {
      if (is_gone(place)) continue;
      for (const std::string& folder : place.pinned) covers.push_back({Kind::Pinned, folder});
      const Kind hidden = place.directory ? Kind::HiddenFolder : Kind::HiddenFile;
      covers.push_back({place.hidden ? hidden : Kind::ReadOnly, place.path});
    }
    // From the root down; what is pinned does not lie over what is covered at the same place.
    std::sort(covers.begin(), covers.end(), [](const MountOver& a, const MountOver& b) {
      return a.path != b.path ? a.path < b.path : strength(a.kind) > strength(b.kind);
    });
    // Only covers make one another needless: a folder that was mounted before can be covered, too.
    covers.erase(
        std::unique(covers.begin(), covers.end(),
                    [](const MountOver& a, const MountOver& b) { return a.path == b.path; }),
        covers.end());
    for (MountOver& cover : covers) mounts_.push_back(std::move(cover));
  }

  // Inside what is hidden, or in a replaced folder that does not show it.
  bool is_gone(const CoveredPlace& place) const {
    for (const CoveredPlace& other : isolation_.covered)
      if (other.hidden && is_below(place.path, other.path)) return true;
    // The root comes first, and what lies in it after it.
    const auto around = std::find_if(mounts_.rbegin(), mounts_.rend(), [&](const MountOver& mount) {
      const bool shows = mount.kind == Kind::Root || mount.kind == Kind::EmptyFolder;
      return shows && is_below(place.path, mount.path);
    });
    return around != mounts_.rend() && !shows(*around, place.path);
  }

  static int strength(Kind kind) {
    if (kind == Kind::HiddenFolder || kind == Kind::HiddenFile) return 2;
    return kind == Kind::ReadOnly ? 1 : 0;
  }

  const IsolationQuery& query_;
  const Isolation& isolation_;
  Lookup& lookup_;
  std::optional<RootContents> root_;
  std::vector<MountOver> mounts_;
};

// Whether what lies there inside is something else than what the launcher sees.
bool is_replaced(const std::string& path, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    const auto* mount = std::get_if<MountOver>(&step);
    if (mount == nullptr || !is_at_or_below(path, mount->path)) continue;
    if (mount->kind == Kind::Processes || mount->kind == Kind::Queues) return true;
    if (mount->kind != Kind::EmptyFolder) continue;
    return !shows(*mount, path);
  }
  return false;
}

}  // namespace

std::optional<Isolation> isolation_of(const policy::Texts& texts, const SourceMap& sources) {
  std::optional<Isolation> found;
  for (const policy::Policy& text : texts.policies) {
    for (const policy::Statement& statement : text.statements) {
      const auto* isolate = std::get_if<policy::Isolate>(&statement.body);
      if (isolate == nullptr) continue;
      if (!found) found.emplace();
      for (const policy::Name& name : isolate->things)
        if (const auto thing = policy::find_thing(name.text)) add_thing(*thing, *found);
      const std::string where = sources.where(statement.span);
      std::vector<std::string> things;
      for (const policy::Name& name : isolate->things) things.push_back(name.text);
      found->lines.push_back("isolate " + join(things, ", ") + " (" +
                             where.substr(0, where.rfind(':')) + ")");
    }
  }
  return found;
}

kernel::Namespaces seemingly_isolated(std::string_view text, bool host_name) {
  Isolation isolation;
  for (std::string_view line : split(text, '\n')) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.starts_with("isolate ")) continue;
    for (const std::string_view word : split(line.substr(0, line.find('#')), ' '))
      if (const auto thing = policy::find_thing(word.substr(0, word.find(','))))
        add_thing(*thing, isolation);
  }
  if (!isolation.processes) isolation.ipc = false;
  const bool any = isolation.processes || isolation.network;
  return any ? namespaces_of(entering(isolation, host_name)) : kernel::Namespaces{};
}

IsolationSteps isolation_steps(const IsolationQuery& query, Lookup& lookup) {
  return Builder(query, lookup).build();
}

void grant_inside(EnterDomain& domain, const std::vector<Step>& steps, Lookup& lookup) {
  // The program's own name may lead through links to what is shown, or to somewhere else.
  const auto is_outside = [&](const PathRight& path) {
    return !is_replaced(path.path, steps) ||
           !is_replaced(lookup.real(path.path).value_or(path.path), steps);
  };
  const auto inside = std::stable_partition(domain.paths.begin(), domain.paths.end(), is_outside);
  domain.inside.assign(inside, domain.paths.end());
  domain.paths.erase(inside, domain.paths.end());
}

}  // namespace seclude::sandbox
