// Namespace hints: see namespace_hints.h.
#include "sandbox/namespaces/namespace_hints.h"

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "kernel/capabilities.h"
#include "kernel/namespaces.h"

namespace seclude::sandbox {
namespace {

constexpr const char* refused_outside = "a container or filter outside refuses them: allow unshare";

constexpr const char* no_mounted_root =
    "the root directory here is no mount: start the launcher outside of a chroot or an initial RAM "
    "disk";

constexpr const char* limit_reached =
    "the limit of namespaces is reached: sysctl "
    "user.max_{user,mnt,pid,net,ipc,uts,cgroup}_namespaces";

std::string hint_for_namespaces(const EnterNamespaces& enter, const ChildStep& failed, int reason) {
  if (failed.kind == ChildStep::Kind::MapIds) {
    if (reason == ENOENT || reason == EROFS)
      return "there is no /proc that can be written here: mount -t proc proc /proc";
    if (reason == EPERM && kernel::own_user() == 0)
      return "root without CAP_SETFCAP cannot take its number along: start it as another user";
  }
  if (enter.user) {
    const kernel::Features features = kernel::probe_isolation();
    return reason == ENOSPC && features.user_namespaces.yes ? limit_reached
                                                            : user_namespace_fix(features);
  }
  if (reason == ENOSPC) return limit_reached;
  if (reason == EINVAL) return "this kernel is built without one of them";
  return refused_outside;
}

std::string hint_for_mount(const MountOver& mount, int reason) {
  using Kind = MountOver::Kind;
  if (reason == ENOSYS)
    return "the mount calls of Linux 5.12 are needed (open_tree, fsopen, mount_setattr), and no "
           "filter outside that refuses them";
  if (reason == ELOOP || reason == ENOENT || reason == ENOTDIR) return moved_since_planning;
  if (reason == EINVAL) return mount.kind == Kind::Root ? no_mounted_root : moved_since_planning;
  const bool refused = reason == EPERM || reason == EACCES;
  if (refused && mount.kind == Kind::Processes)
    return "parts of /proc are covered here, as in a container, and the kernel lets nobody uncover "
           "them: run without `isolate processes`, or start the container with an open /proc "
           "(docker run --security-opt systempaths=unconfined)";
  if (refused)
    return "a security module or a container outside refuses mounts: "
           "`seclude doctor` says more";
  return {};
}

}  // namespace

std::string user_namespace_fix(const kernel::Features& features) {
  if (features.max_user_namespaces == 0) return "sysctl user.max_user_namespaces=10000";
  if (features.unprivileged_userns_clone == 0) return "sysctl kernel.unprivileged_userns_clone=1";
  if (features.apparmor_restricts_userns == 1)
    return "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for "
           "seclude that says `userns,`";
  if (features.user_namespaces.errno_value == ENOSPC) return limit_reached;
  if (features.user_namespaces.errno_value == EINVAL) return "a kernel with CONFIG_USER_NS=y";
  return "a container or filter outside refuses them: allow unshare and clone with CLONE_NEWUSER";
}

std::optional<std::string> cannot_isolate() {
  const uint64_t administration = kernel::bit_of(kernel::Capability::SysAdmin);
  if ((kernel::own_capabilities() & administration) != 0) {
    if (kernel::probe_mounts().yes) return std::nullopt;
    return refused_outside;
  }
  const kernel::Features features = kernel::probe_isolation();
  if (features.user_namespaces.yes) return std::nullopt;
  return user_namespace_fix(features);
}

std::optional<Error> lost_place(const Step& step, const ChildStep& failed, int reason) {
  using enum ChildStep::Kind;
  const auto* mount = std::get_if<MountOver>(&step);
  const bool about_a_place =
      failed.kind == MountBound || failed.kind == MakeFolder || failed.kind == MakeFile;
  // A mount over a place itself is what the step says of it.
  if (mount == nullptr || !about_a_place || failed.text == mount->path) return std::nullopt;
  const std::string in = mount->kind == MountOver::Kind::Root ? "the root directory of its own"
                                                              : "the folder over " + mount->path;
  std::string hint = reason == EINVAL ? moved_since_planning : hint_for_mount(*mount, reason);
  return Error{"show " + escape(failed.text, 200) + " in " + escape(in, 200), reason,
               std::move(hint)};
}

std::string namespace_hint(const Step& step, const ChildStep& failed, int reason) {
  if (const auto* enter = std::get_if<EnterNamespaces>(&step)) {
    const bool for_lines =
        !std::all_of(enter->lines.begin(), enter->lines.end(), [](const std::string& line) {
          return line.starts_with("--");  // a flag of the launch
        });
    return hint_for_namespaces(*enter, failed, reason) +
           (for_lines
                ? "; --best-effort does without, and warns for each line that it does not hold"
                : "");
  }
  if (std::holds_alternative<KeepMountsPrivate>(step) && reason == EINVAL) return no_mounted_root;
  if (const auto* mount = std::get_if<MountOver>(&step)) return hint_for_mount(*mount, reason);
  if (std::holds_alternative<StartInit>(step) && reason == EAGAIN)
    return "the limit of processes is reached (ulimit -u, pids.max)";
  if (std::holds_alternative<RaiseLoopback>(step) && reason == EPERM)
    return "root without CAP_NET_ADMIN cannot: start it as another user";
  if (std::holds_alternative<JoinNewKeyring>(step) && reason == EDQUOT)
    return "this user's keys have used up their quota: sysctl kernel.keys.maxkeys";
  return {};
}

}  // namespace seclude::sandbox
