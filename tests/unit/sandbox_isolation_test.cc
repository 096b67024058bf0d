// Isolation: from lines and covered places to steps, in their order.
#include "sandbox/namespaces/isolation.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "kernel/capabilities.h"
#include "kernel/landlock.h"
#include "kernel/process.h"
#include "sandbox/namespaces/namespace_hints.h"
#include "support/policy_text.h"

namespace seclude::sandbox {
namespace {

using Texts = std::vector<std::string>;

Texts texts_of(const std::vector<Step>& steps) {
  Texts texts;
  for (const Step& step : steps) texts.push_back(to_string(step));
  return texts;
}

IsolationSteps isolation_steps(const IsolationQuery& query) {
  Lookup lookup;
  return sandbox::isolation_steps(query, lookup);
}

bool contains(const Texts& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::optional<Isolation> isolation_in(const std::string& lines) {
  const test::PolicyText policy("seclude 1\npolicy p\notherwise kill\n" + lines);
  return isolation_of(policy.texts, policy.sources);
}

std::string user() {
  const uint64_t mask = kernel::bit_of(kernel::Capability::SysAdmin);
  return (kernel::own_capabilities() & mask) != 0 ? "" : "user, ";
}

// A folder below /tmp that is gone at the end.
struct Folder {
  Folder() {
    char name[] = "/tmp/isolation-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

// What is hidden stays hidden where another mount lies at the same place.
TEST(Isolation, AReplacedFolderCanBeCovered) {
  Isolation isolation;
  isolation.processes = true;
  isolation.covered = {{.path = "/proc", .directory = true, .hidden = true},
                       {.path = "/proc", .directory = true, .hidden = false}};
  const auto steps = isolation_steps({.isolation = isolation, .directory = "/"});
  size_t hidden = 0;
  const MountOver* last = nullptr;
  for (const Step& step : steps.inside) {
    const auto* mount = std::get_if<MountOver>(&step);
    if (mount == nullptr || mount->path != "/proc") continue;
    last = mount;
    hidden += mount->kind == MountOver::Kind::HiddenFolder ? 1 : 0;
  }
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(hidden, 1u);
  EXPECT_EQ(last->kind, MountOver::Kind::HiddenFolder);
}

TEST(Isolation, ThereIsNoneWithoutLines) { EXPECT_EQ(isolation_in("allow read\n"), std::nullopt); }

TEST(Isolation, EachLineIsNamedWithItsPlace) {
  const auto isolation = isolation_in("isolate tmp, ipc\nisolate network because \"x\"\n");
  ASSERT_TRUE(isolation);
  EXPECT_TRUE(isolation->tmp && isolation->ipc && isolation->network);
  EXPECT_FALSE(isolation->processes);
  ASSERT_EQ(isolation->lines.size(), 2u);
  EXPECT_NE(isolation->lines[0].find("isolate tmp, ipc ("), std::string::npos);
  EXPECT_NE(isolation->lines[1].find(":5)"), std::string::npos) << isolation->lines[1];
}

TEST(Isolation, ANetworkTakesNoMounts) {
  const auto steps = isolation_steps({.isolation = {.network = true}});
  EXPECT_EQ(texts_of(steps.entering),
            Texts{"make namespaces of its own: " + user() + "network, names"});
  EXPECT_EQ(texts_of(steps.inside), Texts{"bring up the loopback device of the network namespace"});
  EXPECT_FALSE(steps.mounts);
}

TEST(Isolation, TheGroupOfTheRunIsTheRootOfWhatIsSeen) {
  const Isolation processes = {.processes = true};
  const auto alone = isolation_steps({.isolation = processes});
  EXPECT_TRUE(alone.grouped.empty());
  const auto grouped = isolation_steps({.isolation = processes, .joins_group = true});
  EXPECT_EQ(texts_of(grouped.entering)[0],
            "make namespaces of its own: " + user() + "mounts, processes");
  EXPECT_EQ(texts_of(grouped.grouped), Texts{"make namespaces of its own: control groups"});
}

TEST(Isolation, ProcessesComeWithTheirOwnProc) {
  const auto steps = isolation_steps({.isolation = {.processes = true}});
  EXPECT_EQ(texts_of(steps.entering),
            (Texts{"make namespaces of its own: " + user() + "mounts, processes, control groups",
                   "start the first process of the process namespace, with which everything in it "
                   "ends"}));
  EXPECT_TRUE(contains(texts_of(steps.inside), "mount /proc of the process namespace"));
  EXPECT_EQ(contains(texts_of(steps.inside), "make /proc/sys unchangeable, by a mount"),
            user().empty());
}

TEST(Isolation, WithoutADomainMountsComeWithProcesses) {
  const auto with = isolation_steps({.isolation = {.tmp = true}});
  const auto without = isolation_steps({.isolation = {.tmp = true}, .signals_by_filter = true});
  EXPECT_EQ(with.entering.size(), 1u);
  EXPECT_EQ(without.entering.size(), 2u);
}

TEST(Isolation, AFolderShowsWhatIsListedAndNeeded) {
  const Folder folder;
  std::filesystem::create_directory(folder.path + "/in");
  std::filesystem::copy_file("/bin/true", folder.path + "/program");
  const std::vector<PathRight> granted = {{folder.path + "/in", kernel::file_right::read_file},
                                          {"/usr", kernel::file_right::read_file}};
  const auto steps = isolation_steps({.isolation = {.tmp = true},
                                      .granted = &granted,
                                      .needed = {folder.path + "/program", "/bin/true"},
                                      .directory = folder.path + "/work"});
  const MountOver* mount = nullptr;
  for (const Step& step : steps.inside)
    if (const auto* found = std::get_if<MountOver>(&step); found && found->path == "/tmp")
      mount = found;
  ASSERT_NE(mount, nullptr);
  EXPECT_EQ(mount->kept,
            (std::vector<KeptPlace>{{folder.path + "/in", folder.path + "/in", true, true},
                                    {folder.path + "/program", folder.path + "/program"},
                                    {folder.path + "/work", "", true}}));
}

TEST(Isolation, AFolderShowsWhereNamesLeadAndTheLinksOnTheWay) {
  const Folder folder;
  std::filesystem::create_directory(folder.path + "/real");
  std::filesystem::copy_file("/bin/true", folder.path + "/real/program");
  std::filesystem::create_symlink("real/", folder.path + "/link");
  std::filesystem::create_symlink("/usr/bin/env", folder.path + "/outside");
  const auto steps =
      isolation_steps({.isolation = {.tmp = true},
                       .needed = {folder.path + "/link/../link/program", folder.path + "/outside"},
                       .directory = "/"});
  for (const Step& step : steps.inside) {
    const auto* mount = std::get_if<MountOver>(&step);
    if (mount == nullptr || mount->path != "/tmp") continue;
    const std::string program = folder.path + "/real/program";
    EXPECT_EQ(mount->kept,
              (std::vector<KeptPlace>{
                  {.path = folder.path + "/link", .source = {}, .link = "real/"},
                  {.path = folder.path + "/outside", .source = {}, .link = "/usr/bin/env"},
                  {program, program}}));
    return;
  }
  FAIL() << "nothing over /tmp";
}

TEST(Isolation, ANameThatLeadsToWhatIsShownIsGrantedOutside) {
  const Folder folder;
  std::filesystem::create_directory(folder.path + "/real");
  std::filesystem::create_symlink("real", folder.path + "/link");
  const std::string real = folder.path + "/real", link = folder.path + "/link";
  EnterDomain domain;
  domain.paths = {{link, 1}, {link + "/../real", 2}, {folder.path, 3}};
  Lookup lookup;
  grant_inside(domain, {MountOver{MountOver::Kind::EmptyFolder, "/tmp", {{real, real, true}}}},
               lookup);
  EXPECT_EQ(domain.paths, (std::vector<PathRight>{{link, 1}, {link + "/../real", 2}}));
  EXPECT_EQ(domain.inside, (std::vector<PathRight>{{folder.path, 3}}));
}

TEST(Isolation, RightsFollowWhatIsMounted) {
  const std::vector<Step> steps = {
      MountOver{MountOver::Kind::EmptyFolder, "/tmp", {{"/tmp/in", "/tmp/in", true}}},
      MountOver{MountOver::Kind::Processes, "/proc"}};
  EnterDomain domain;
  domain.paths = {{"/usr", 1}, {"/tmp", 2}, {"/tmp/in", 3}, {"/tmp/in/a", 4}, {"/proc/cpuinfo", 5}};
  Lookup lookup;
  grant_inside(domain, steps, lookup);
  EXPECT_EQ(domain.paths, (std::vector<PathRight>{{"/usr", 1}, {"/tmp/in", 3}, {"/tmp/in/a", 4}}));
  EXPECT_EQ(domain.inside, (std::vector<PathRight>{{"/tmp", 2}, {"/proc/cpuinfo", 5}}));
}

TEST(Isolation, ARequestWithoutItHasNoSuchStep) {
  Request request;
  request.command = {"/bin/true"};
  const auto before = make_plan(request);
  request.isolation = Isolation{.network = true};
  const auto after = make_plan(request);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->steps.size(), before->steps.size() + 2);
  for (const Step& step : before->steps)
    EXPECT_FALSE(std::holds_alternative<EnterNamespaces>(step));
}

TEST(NamespaceHints, EachLackHasItsFix) {
  kernel::Features features;
  EXPECT_NE(user_namespace_fix(features).find("container or filter"), std::string::npos);
  features.user_namespaces.errno_value = EINVAL;
  EXPECT_NE(user_namespace_fix(features).find("CONFIG_USER_NS"), std::string::npos);
  features.apparmor_restricts_userns = 1;
  EXPECT_NE(user_namespace_fix(features).find("AppArmor"), std::string::npos);
  features.max_user_namespaces = 0;
  EXPECT_EQ(user_namespace_fix(features), "sysctl user.max_user_namespaces=10000");
  const ChildStep any;
  const MountOver proc{MountOver::Kind::Processes, "/proc"};
  EXPECT_NE(namespace_hint(proc, any, EPERM).find("parts of /proc are covered"), std::string::npos);
  EXPECT_NE(namespace_hint(MountOver{MountOver::Kind::Root, "/"}, any, EINVAL).find("chroot"),
            std::string::npos);
  EXPECT_NE(namespace_hint(KeepMountsPrivate{}, any, EINVAL).find("chroot"), std::string::npos);
  const EnterNamespaces for_line{.mounts = true, .lines = {"isolate tmp (a:1)"}};
  EXPECT_NE(namespace_hint(for_line, any, EPERM).find("--best-effort"), std::string::npos);
  const EnterNamespaces for_flag{.names = true, .lines = {"--hostname box"}};
  EXPECT_EQ(namespace_hint(for_flag, any, EPERM).find("--best-effort"), std::string::npos);
  EXPECT_NE(namespace_hint(proc, any, ENOSYS).find("5.12"), std::string::npos);
  EXPECT_EQ(namespace_hint(DieWithLauncher{}, any, EPERM), "");
  const ChildStep map = {.kind = ChildStep::Kind::MapIds};
  EXPECT_NE(namespace_hint(EnterNamespaces{.user = true}, map, ENOENT).find("mount -t proc"),
            std::string::npos);
}

TEST(NamespaceHints, APlaceThatIsGoneIsNamed) {
  const MountOver root{MountOver::Kind::Root, "/"}, itself{MountOver::Kind::ReadOnly, "/srv/in"};
  const ChildStep bind = {.kind = ChildStep::Kind::MountBound, .text = "/srv/in"};
  const auto lost = lost_place(root, bind, EINVAL);
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->doing, "show /srv/in in the root directory of its own");
  EXPECT_EQ(lost->hint, moved_since_planning);
  EXPECT_EQ(lost_place(itself, bind, ENOENT), std::nullopt);
  EXPECT_EQ(namespace_hint(itself, bind, ENOENT), moved_since_planning);
  EXPECT_EQ(lost_place(root, {.kind = ChildStep::Kind::BeginRoot}, EINVAL), std::nullopt);
}

}  // namespace
}  // namespace seclude::sandbox
