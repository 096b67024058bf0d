// Prepare namespaces: see prepare_namespaces.h.
#include "sandbox/namespaces/prepare_namespaces.h"

#include <set>

#include "kernel/files.h"
#include "kernel/namespaces.h"
#include "kernel/process.h"
#include "kernel/raw_mounts.h"

namespace seclude::sandbox {
namespace {

namespace attribute = kernel::raw::mount_attribute;
constexpr uint64_t no_privileges = attribute::no_set_user_id | attribute::no_devices;

ChildStep mounting(const char* type, const char* path, uint64_t attributes) {
  return {.kind = ChildStep::Kind::MountNew, .bits = attributes, .text = path, .other = type};
}

ChildStep binding(const char* source, const char* path, uint64_t attributes) {
  return {.kind = ChildStep::Kind::MountBound,
          .from = -1,
          .bits = attributes,
          .text = path,
          .other = source};
}

}  // namespace

kernel::Namespaces namespaces_of(const EnterNamespaces& step) {
  return {.user = step.user,
          .mounts = step.mounts,
          .processes = step.processes,
          .network = step.network,
          .ipc = step.ipc,
          .names = step.names,
          .groups = step.groups};
}

const char* NamespaceParts::own(std::string text) {
  return texts_.emplace_back(std::move(text)).c_str();
}

NamespaceParts::ChildSteps NamespaceParts::of(const EnterNamespaces& step,
                                              kernel::NewNamespaces* ahead) {
  ChildSteps steps;
  const kernel::Namespaces wanted = namespaces_of(step);
  kernel::Namespaces joined;
  if (ahead != nullptr) joined = ahead->promised(wanted);
  const uint64_t before = kernel::flags_of(joined), others = kernel::flags_of(wanted) & ~before;
  if (before != 0) {
    joined_ = joined;
    if (joined.processes) guarded_ = &ahead->guarded();
    steps.push_back({.kind = ChildStep::Kind::JoinNamespaces,
                     .from = ahead->descriptor(),
                     .bits = before,
                     .gate = &ahead->guarded().ready});
  }
  if (others != 0) steps.push_back({.kind = ChildStep::Kind::LeaveNamespaces, .bits = others});
  if (!wanted.user) return steps;
  // Everybody keeps the numbers that he has.
  const auto map = [](uint32_t number) {
    return std::to_string(number) + " " + std::to_string(number) + " 1\n";
  };
  steps.push_back({.kind = ChildStep::Kind::MapIds,
                   .text = own(map(kernel::own_user())),
                   .other = own(map(kernel::own_group_id()))});
  return steps;
}

NamespaceParts::ChildSteps NamespaceParts::of(const RaiseLoopback&) const {
  if (joined_.network) return {};
  return {{.kind = ChildStep::Kind::RaiseLoopback}};
}

Result<NamespaceParts::ChildSteps> NamespaceParts::of(const StartInit&) {
  if (!has_init_ahead()) launcher_ = TRY(kernel::own_pidfd());
  return ChildSteps{{.kind = ChildStep::Kind::StartInit,
                     .from = launcher_ ? launcher_->number() : -1,
                     .stack = stack_.upper_end()},
                    // The launcher has no number in there (getppid(2)).
                    {.kind = ChildStep::Kind::DieWithLauncher, .number = 0},
                    {.kind = ChildStep::Kind::TellInit, .guarded = guarded_}};
}

Result<NamespaceParts::ChildSteps> NamespaceParts::of(const MountOver& step) {
  using enum MountOver::Kind;
  const char* path = step.path.c_str();
  constexpr uint64_t closed = no_privileges | attribute::no_execution | attribute::read_only;
  switch (step.kind) {
    case Root:
      return root(step);
    case EmptyFolder:
      return empty_folder(step);
    case Processes: {
      // Whoever may not trace the first process of the namespace does not see it.
      ChildStep mount = mounting("proc", path, no_privileges | attribute::no_execution);
      mount.key_of_option = "hidepid";
      mount.option = "4";
      return ChildSteps{mount};
    }
    case Queues:
      return ChildSteps{mounting("mqueue", path, no_privileges | attribute::no_execution)};
    case ReadOnly:
      return ChildSteps{binding(path, path, attribute::read_only)};
    case Pinned:
      return ChildSteps{binding(path, path, 0)};
    case HiddenFolder: {
      ChildStep mount = mounting("tmpfs", path, closed);
      mount.key_of_option = "mode";
      mount.option = "0555";
      return ChildSteps{mount};
    }
    case HiddenFile: {
      // A device that no mount lets anybody open.
      ChildStep mount = binding(root_ ? "dev/null" : "/dev/null", path, closed);
      if (root_) mount.from = root_->number();
      return ChildSteps{mount};
    }
  }
  return ChildSteps{};
}

namespace {

// Only the number is of use: the child puts a folder in its place.
Result<void> take_number(std::optional<kernel::Fd>& number) {
  if (!number) number = TRY(kernel::open_file("/dev/null", kernel::OpenFor::Reading));
  return {};
}

uint64_t attributes_of(const KeptPlace& kept) {
  return (kept.read_only ? attribute::read_only : 0) | (kept.runs ? 0 : attribute::no_execution) |
         (kept.devices ? 0 : attribute::no_devices);
}

}  // namespace

Result<NamespaceParts::ChildSteps> NamespaceParts::root(const MountOver& step) {
  TRY_VOID(take_number(root_));
  const bool shows_old = !step.kept.empty() && step.kept.front().path == "/";
  ChildSteps steps = {{.kind = ChildStep::Kind::BeginRoot,
                       .number = root_->number(),
                       .shows_old = shows_old,
                       .bits = shows_old ? attributes_of(step.kept.front()) : no_privileges}};
  show(step, root_->number(), steps);
  return steps;
}

NamespaceParts::ChildSteps NamespaceParts::of(const LeaveRoot& step) const {
  constexpr uint64_t sealed = no_privileges | attribute::no_execution | attribute::read_only;
  CHECK(root_);
  return {{.kind = ChildStep::Kind::LeaveRoot,
           .from = root_->number(),
           .bits = step.seals ? sealed : 0}};
}

Result<NamespaceParts::ChildSteps> NamespaceParts::empty_folder(const MountOver& step) {
  const char* path = step.path.c_str();
  ChildSteps steps;
  if (!step.kept.empty() && !root_) {
    TRY_VOID(take_number(held_));
    steps.push_back({.kind = ChildStep::Kind::HoldPlace, .number = held_->number(), .text = path});
  }
  ChildStep mount =
      mounting("tmpfs", path, no_privileges | (step.runs ? 0 : attribute::no_execution));
  mount.key_of_option = "mode";
  mount.option = "1777";
  steps.push_back(mount);
  if (!step.kept.empty()) show(step, root_ ? root_->number() : held_->number(), steps);
  return steps;
}

// `from`: the root outside, or what was in the folder before.
void NamespaceParts::show(const MountOver& step, int from, ChildSteps& steps) {
  std::set<std::string> made;
  const auto make_folder = [&](const std::string& folder) {
    if (made.insert(folder).second)
      steps.push_back({.kind = ChildStep::Kind::MakeFolder, .text = own(folder)});
  };
  for (const KeptPlace& kept : step.kept) {
    if (kept.path == "/") continue;  // the root itself
    if (!kept.there) {
      const size_t first = step.path == "/" ? 1 : step.path.size() + 1;
      for (size_t at = first; (at = kept.path.find('/', at)) != std::string::npos; ++at)
        make_folder(kept.path.substr(0, at));
      if (!kept.link.empty())
        steps.push_back({.kind = ChildStep::Kind::MakeLink,
                         .text = kept.path.c_str(),
                         .other = kept.link.c_str()});
      else if (kept.source.empty() || kept.directory)
        make_folder(kept.path);
      else
        steps.push_back({.kind = ChildStep::Kind::MakeFile, .text = kept.path.c_str()});
    }
    if (!kept.source.empty()) steps.push_back(showing(kept, step, from));
  }
}

ChildStep NamespaceParts::showing(const KeptPlace& kept, const MountOver& in, int from) {
  const std::string before = root_ ? "/" : in.path + "/";
  ChildStep step = binding(kept.source.c_str(), kept.path.c_str(), attributes_of(kept));
  if (!kept.source.starts_with(before)) return step;
  step.from = from;
  step.other = own(kept.source.substr(before.size()));
  return step;
}

}  // namespace seclude::sandbox
