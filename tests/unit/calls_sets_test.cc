// profiles/sets against the call table: every name is a call or another set, and the sets that the
// path layer relies on leave no call with a path out.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "calls/calls.h"

namespace seclude::calls {
namespace {

using Names = std::set<std::string>;

// "set @name = a, b, @c" of one file; comments and the first line are skipped.
std::pair<std::string, Names> read_set(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with('#') && !line.starts_with("seclude ")) text += line + " ";
  }
  std::smatch head;
  EXPECT_TRUE(std::regex_search(text, head, std::regex(R"(^\s*set (@[a-z0-9-]+) = )"))) << path;
  Names names;
  std::string rest = head.suffix();
  std::regex word(R"(@?[A-Za-z0-9_-]+)");
  for (std::sregex_iterator it(rest.begin(), rest.end(), word), end; it != end; ++it) {
    EXPECT_TRUE(names.insert(it->str()).second) << path << " says " << it->str() << " twice";
  }
  return {head[1], names};
}

std::map<std::string, Names> all_sets() {
  std::map<std::string, Names> sets;
  for (const auto& entry :
       std::filesystem::directory_iterator(SECLUDE_SOURCE_DIR "/profiles/sets")) {
    auto [name, members] = read_set(entry.path());
    EXPECT_EQ(name, "@" + entry.path().stem().string());
    sets[name] = members;
  }
  return sets;
}

void flatten(const std::map<std::string, Names>& sets, const std::string& name, Names& calls) {
  for (const std::string& member : sets.at(name)) {
    if (member.starts_with('@')) {
      flatten(sets, member, calls);
    } else {
      calls.insert(member);
    }
  }
}

Names calls_of(const std::string& name) {
  static const auto sets = all_sets();
  Names calls;
  flatten(sets, name, calls);
  return calls;
}

TEST(Sets, NameKnownCallsAndSetsOnly) {
  auto sets = all_sets();
  EXPECT_GE(sets.size(), 40u);
  for (const auto& [name, members] : sets) {
    EXPECT_FALSE(members.empty()) << name;
    for (const std::string& member : members) {
      bool known = member.starts_with('@') ? sets.contains(member) : find_call(member).has_value();
      EXPECT_TRUE(known) << name << " has " << member;
    }
  }
}

TEST(Sets, PathCallsAreExactlyThoseWithAPath) {
  Names with_path = {"open_by_handle_at"};  // its handle stands for one
  for (CallId call = 0; call < all_calls().size(); ++call) {
    for (const Arg& arg : args(call, Arch::x86_64)) {
      if (arg.kind == ArgKind::Path) with_path.insert(std::string(name_of(call)));
    }
  }
  EXPECT_EQ(calls_of("@path-calls"), with_path);
}

TEST(Sets, NoneThatALineBringsHidesItsArguments) {
  for (const char* set :
       {"@read-paths", "@write-paths", "@create-paths", "@run-paths", "@connect-inet",
        "@connect-unix", "@listen-inet", "@listen-unix", "@resolve"}) {
    Names calls = calls_of(set);
    // Which flags or families these may have is a question of arguments.
    for (const char* call : {"openat2", "clone", "clone3", "socket", "socketcall", "ioctl", "prctl",
                             "io_uring_setup", "unshare", "mount", "ptrace", "mknod", "mknodat"}) {
      EXPECT_FALSE(calls.contains(call)) << set << " has " << call;
    }
  }
}

TEST(Sets, EachPathVerbIncludesTheOneBefore) {
  Names read = calls_of("@read-paths"), write = calls_of("@write-paths"),
        create = calls_of("@create-paths"), run = calls_of("@run-paths");
  auto includes = [](const Names& all, const Names& some) {
    return std::includes(all.begin(), all.end(), some.begin(), some.end());
  };
  EXPECT_TRUE(includes(write, read));
  EXPECT_TRUE(includes(create, write));
  EXPECT_TRUE(includes(run, read));
  EXPECT_FALSE(read.contains("write"));
  EXPECT_FALSE(read.contains("unlink"));
  EXPECT_TRUE(create.contains("unlink"));
  EXPECT_FALSE(run.contains("write"));
}

TEST(Sets, ClockSetsAndTimeReads) {
  Names clock = calls_of("@clock"), time = calls_of("@time");
  EXPECT_TRUE(clock.contains("clock_settime"));
  EXPECT_FALSE(clock.contains("clock_gettime"));
  EXPECT_TRUE(time.contains("clock_gettime"));
  EXPECT_FALSE(time.contains("clock_settime"));
}

}  // namespace
}  // namespace seclude::calls
