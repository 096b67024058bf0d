// Prepare namespaces: see prepare_namespaces.h.
#include "sandbox/prepare_namespaces.h"

#include <set>

#include "kernel/files.h"
#include "kernel/memory.h"
#include "kernel/namespaces.h"
#include "kernel/process.h"
#include "kernel/raw_mounts.h"

namespace seclude::sandbox {
namespace {

constexpr size_t stack_size = size_t{64} * 1024;
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

NamespaceParts::~NamespaceParts() {
  if (stack_ != nullptr) kernel::unmap(stack_, stack_size);
}

const char* NamespaceParts::own(std::string text) {
  return texts_.emplace_back(std::move(text)).c_str();
}

Result<NamespaceParts::ChildSteps> NamespaceParts::of(const EnterNamespaces& step) {
  ChildSteps steps;
  const kernel::Namespaces made = {.user = step.user,
                                   .mounts = step.mounts,
                                   .processes = step.processes,
                                   .network = step.network,
                                   .ipc = step.ipc};
  steps.push_back({.kind = ChildStep::Kind::LeaveNamespaces, .bits = kernel::flags_of(made)});
  if (!step.user) return steps;
  // Everybody keeps the numbers that he has.
  const auto map = [](uint32_t number) {
    return std::to_string(number) + " " + std::to_string(number) + " 1\n";
  };
  steps.push_back({.kind = ChildStep::Kind::MapIds,
                   .text = own(map(kernel::own_user())),
                   .other = own(map(kernel::own_group_id()))});
  return steps;
}

Result<NamespaceParts::ChildSteps> NamespaceParts::of(const StartInit&) {
  launcher_ = TRY(kernel::own_pidfd());
  if (stack_ == nullptr) stack_ = TRY(kernel::map_stack(stack_size));
  return ChildSteps{{.kind = ChildStep::Kind::StartInit,
                     .from = launcher_->number(),
                     .stack = static_cast<char*>(stack_) + stack_size},
                    // The launcher has no number in there (getppid(2)).
                    {.kind = ChildStep::Kind::DieWithLauncher, .number = 0}};
}

Result<NamespaceParts::ChildSteps> NamespaceParts::of(const MountOver& step) {
  using enum MountOver::Kind;
  const char* path = step.path.c_str();
  constexpr uint64_t closed = no_privileges | attribute::no_execution | attribute::read_only;
  switch (step.kind) {
    case EmptyFolder: {
      if (!step.kept.empty()) TRY_VOID(hold());
      return empty_folder(step);
    }
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
    case HiddenFile:
      // A device that no mount lets anybody open.
      return ChildSteps{binding("/dev/null", path, closed)};
  }
  return ChildSteps{};
}

Result<void> NamespaceParts::hold() {
  // Only the number is of use: the child puts the folder in its place.
  if (!held_) held_ = TRY(kernel::open_file("/dev/null", kernel::OpenFor::Reading));
  return {};
}

NamespaceParts::ChildSteps NamespaceParts::empty_folder(const MountOver& step) {
  const char* path = step.path.c_str();
  ChildSteps steps;
  if (!step.kept.empty())
    steps.push_back({.kind = ChildStep::Kind::HoldPlace, .number = held_->number(), .text = path});
  ChildStep mount = mounting("tmpfs", path, no_privileges);
  mount.key_of_option = "mode";
  mount.option = "1777";
  steps.push_back(mount);
  std::set<std::string> made;
  const auto make_folder = [&](const std::string& folder) {
    if (made.insert(folder).second)
      steps.push_back({.kind = ChildStep::Kind::MakeFolder, .text = own(folder)});
  };
  for (const KeptPlace& kept : step.kept) {
    for (size_t at = step.path.size() + 1; (at = kept.path.find('/', at)) != std::string::npos;
         ++at)
      make_folder(kept.path.substr(0, at));
    if (kept.source.empty() || kept.directory) {
      make_folder(kept.path);
    } else {
      steps.push_back({.kind = ChildStep::Kind::MakeFile, .text = kept.path.c_str()});
    }
    if (kept.source.empty()) continue;
    const bool from_here = kept.source.starts_with(step.path + "/");
    steps.push_back(
        {.kind = ChildStep::Kind::MountBound,
         .from = from_here ? held_->number() : -1,
         .bits = kept.read_only ? attribute::read_only : 0,
         .text = kept.path.c_str(),
         .other = own(from_here ? kept.source.substr(step.path.size() + 1) : kept.source)});
  }
  return steps;
}

}  // namespace seclude::sandbox
