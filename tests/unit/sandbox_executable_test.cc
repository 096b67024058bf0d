// Finding the program: PATH as execvp has it, loaders, script interpreters, privileges.
#include "sandbox/executable.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "kernel/files.h"
#include "support/folder.h"

namespace seclude::sandbox {
namespace {

using test::Folder;
using Kind = SetupError::Kind;

std::string make(const Folder& folder, const std::string& name, const std::string& text,
                 mode_t mode = 0755) {
  const std::string path = folder.file(name);
  EXPECT_TRUE(kernel::write_file(path, text));
  EXPECT_EQ(::chmod(path.c_str(), mode), 0);
  return path;
}

// A 64-bit program that asks for this loader.
std::string elf_with_loader(const std::string& loader) {
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  Elf64_Phdr segments[2] = {};
  segments[0].p_type = PT_LOAD;
  segments[1].p_type = PT_INTERP;
  segments[1].p_offset = sizeof header + sizeof segments;
  segments[1].p_filesz = loader.size() + 1;
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes.append(reinterpret_cast<const char*>(segments), sizeof segments);
  return bytes + loader + '\0';
}

TEST(ReadHead, FindsLoadersAndInterpreters) {
  EXPECT_EQ(read_head("#!/bin/sh\n"), (Head{Head::Kind::Script, "/bin/sh"}));
  EXPECT_EQ(read_head("#! \t/usr/bin/env  python3 -s\nx"),
            (Head{Head::Kind::Script, "/usr/bin/env"}));
  EXPECT_EQ(read_head("#!/bin/sh\r\n"), (Head{Head::Kind::Script, "/bin/sh\r"}));
  EXPECT_EQ(read_head("#!\n"), (Head{Head::Kind::Script, std::nullopt}));
  EXPECT_EQ(read_head(elf_with_loader("/lib/ld.so")), (Head{Head::Kind::Elf, "/lib/ld.so"}));
  EXPECT_EQ(read_head(""), Head{});
  EXPECT_EQ(read_head("text"), Head{});
}

TEST(ReadHead, SurvivesEveryTruncationAndWildOffsets) {
  const std::string whole = elf_with_loader("/lib/ld.so");
  for (size_t length = 0; length < whole.size() - 1; ++length) {
    EXPECT_EQ(read_head(std::string_view(whole).substr(0, length)).interpreter, std::nullopt)
        << length;
  }
  for (const uint64_t wild : {uint64_t{1} << 40, ~uint64_t{0}, ~uint64_t{0} - 8}) {
    std::string bytes = whole;
    std::memcpy(bytes.data() + offsetof(Elf64_Ehdr, e_phoff), &wild, sizeof wild);
    EXPECT_EQ(read_head(bytes).interpreter, std::nullopt);
    bytes = whole;
    std::memcpy(
        bytes.data() + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, p_filesz),
        &wild, sizeof wild);
    EXPECT_EQ(read_head(bytes).interpreter, std::nullopt);
  }
}

TEST(FindExecutable, SearchesPathInOrderPastWhatCannotBeExecuted) {
  const Folder folder;
  ASSERT_EQ(::mkdir(folder.file("a").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(folder.file("b").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(folder.file("a/tool").c_str(), 0755), 0);  // a folder of that name
  const std::string path = folder.file("a") + ":" + folder.file("b");
  const auto refused = find_executable({.command = "tool", .search_path = path});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::NotExecutable);
  EXPECT_EQ(refused.error().error.errno_value, EACCES);
  const std::string tool = make(folder, "b/tool", "#!/bin/sh\n");
  EXPECT_EQ(find_executable({.command = "tool", .search_path = path})->path, tool);
  const auto missing = find_executable({.command = "other", .search_path = path});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, Kind::NotFound);
  EXPECT_EQ(missing.error().error.doing, "find `other` in PATH");
}

TEST(FindExecutable, AnEmptyElementIsTheProgramsDirectoryAndNoPathIsTheSystems) {
  const Folder folder;
  make(folder, "tool", "#!/bin/sh\n");
  EXPECT_EQ(find_executable(
                {.command = "tool", .search_path = "/nonexistent:", .directory = folder.path()})
                ->path,
            "./tool");
  EXPECT_FALSE(find_executable(
      {.command = "tool", .search_path = "/nonexistent", .directory = folder.path()}));
  EXPECT_TRUE(find_executable({.command = "sh"}));
}

TEST(FindExecutable, AMissingLoaderIsNamed) {
  const Folder folder;
  const std::string program =
      make(folder, "program", elf_with_loader("/nonexistent/ld-other.so.1"));
  const auto found = find_executable({.command = program});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, Kind::NotExecutable);
  EXPECT_EQ(found.error().error.doing,
            "execute `" + program + "`, which needs `/nonexistent/ld-other.so.1`");
  EXPECT_EQ(found.error().error.errno_value, ENOENT);
  EXPECT_NE(found.error().error.hint.find("dynamic loader"), std::string::npos);
}

TEST(FindExecutable, AMissingInterpreterIsNamedThroughScriptsOfScripts) {
  const Folder folder;
  const std::string inner = make(folder, "inner", "#!/nonexistent/python\n");
  const std::string outer = make(folder, "outer", "#!" + inner + " -x\n");
  const auto found = find_executable({.command = outer});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, Kind::NotExecutable);
  EXPECT_EQ(found.error().error.doing,
            "execute `" + outer + "`, which needs `/nonexistent/python`");
  const auto windows = find_executable({.command = make(folder, "dos", "#!/bin/sh\r\necho\r\n")});
  ASSERT_FALSE(windows);
  EXPECT_NE(windows.error().error.hint.find("carriage return"), std::string::npos);
  EXPECT_EQ(windows.error().error.doing.find('\r'), std::string::npos);
}

TEST(FindExecutable, ACircleOfScriptsIsLeftToTheKernel) {
  const Folder folder;
  const std::string script = folder.file("self");
  make(folder, "self", "#!" + script + "\n");
  EXPECT_TRUE(find_executable({.command = script}));
}

TEST(FindExecutable, PrivilegesThatHaveNoEffectAreSaid) {
  const Folder folder;
  EXPECT_TRUE(find_executable({.command = make(folder, "plain", "#!/bin/sh\n")})->warnings.empty());
  const auto both = find_executable({.command = make(folder, "both", "#!/bin/sh\n", 06755)});
  ASSERT_TRUE(both);
  ASSERT_EQ(both->warnings.size(), 1u);
  EXPECT_NE(both->warnings[0].find("set-user-ID and set-group-ID"), std::string::npos);
  EXPECT_NE(both->warnings[0].find("no_new_privs"), std::string::npos);
}

TEST(WhyNoProgram, TellsAnotherMachineFromWhatIsLeftOfThisOnes) {
  const Folder folder;
  std::string head = *kernel::read_file("/proc/self/exe", 100);
  EXPECT_EQ(why_no_program(make(folder, "cut", head), {}),
            "it is neither a program for this machine nor a script with #!");
  Elf64_Half machine = EM_S390;
  head[EI_DATA] = ELFDATA2MSB;
  machine = static_cast<Elf64_Half>(machine >> 8 | machine << 8);
  std::memcpy(&head[offsetof(Elf64_Ehdr, e_machine)], &machine, sizeof machine);
  EXPECT_TRUE(why_no_program(make(folder, "other", head), {})
                  .starts_with("it is a program for s390x, and this machine is "));
}

TEST(FindExecutable, NothingAndDirectoriesCannotBeRun) {
  EXPECT_EQ(find_executable({.command = ""}).error().kind, Kind::NotFound);
  const auto folder = find_executable({.command = "/usr"});
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().kind, Kind::NotExecutable);
  EXPECT_EQ(folder.error().error.hint, "it is a directory");
}

}  // namespace
}  // namespace seclude::sandbox
