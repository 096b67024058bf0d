// Flags as policy text: each becomes its statement, and none can become two.
#include "cli/statements.h"

#include <gtest/gtest.h>

#include "policy/parser.h"

namespace seclude::cli {
namespace {

Result<Composed> composed(std::vector<std::pair<const Flag*, std::string>> flags) {
  Arguments arguments;
  arguments.flags = std::move(flags);
  return compose(arguments);
}

// How many statements the parser finds in the text, or -1 after an error.
long statements_in(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  uint32_t source = sources.add({.name = "command line", .text = text});
  policy::Policy policy = policy::parse(source, sources, diagnostics);
  return diagnostics.has_errors() ? -1 : static_cast<long>(policy.statements.size());
}

TEST(Statements, NothingGivenIsTheDefaultProfile) {
  auto result = composed({});
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->by_default);
  EXPECT_EQ(result->only_policy, "default");
  EXPECT_EQ(result->text, "");
}

TEST(Statements, OnePolicyIsThatPolicy) {
  auto result = composed({{&flag::policy, "site.seclude"}});
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->by_default);
  EXPECT_EQ(result->only_policy, "site.seclude");
}

TEST(Statements, SeveralAreUsedTogether) {
  auto result = composed({{&flag::policy, "site.seclude"}, {&flag::policy, "threads"}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text, "seclude 1\npolicy command-line\n\nuse ./site.seclude, threads\n");
}

TEST(Statements, EachFlagIsOneStatement) {
  std::vector<std::pair<const Flag*, std::string>> given = {
      {&flag::allow, "read"},        {&flag::deny, "socket with EACCES where domain == AF_INET"},
      {&flag::read, "/srv/in/**"},   {&flag::write, "/srv/a b"},
      {&flag::create, "/tmp/x?"},    {&flag::run, "/bin/sh"},
      {&flag::protect, "/etc/**"},   {&flag::hide, "/root/**?"},
      {&flag::connect, "tcp a.b:1"}, {&flag::listen, "tcp 127.0.0.1:*"},
      {&flag::limit, "memory=2G"},   {&flag::isolate, "network"},
      {&flag::environment, "HOME"},  {&flag::environment, "X=a=\"b\" \\"},
  };
  for (const auto& one : given) {
    auto result = composed({one});
    ASSERT_TRUE(result) << one.second;
    EXPECT_EQ(statements_in(result->text), 4) << result->text;
  }
}

TEST(Statements, AValueCannotStartAnotherStatement) {
  const char* hostile[] = {"x\nallow ptrace", "x\rallow ptrace", "x # y", "x }", "\n", "", "{"};
  for (const Flag* flag : {&flag::allow, &flag::deny, &flag::connect, &flag::listen, &flag::limit,
                           &flag::isolate, &flag::environment})
    for (const char* value : hostile) EXPECT_FALSE(composed({{flag, value}})) << value;
  for (const char* value : {"/x\nallow ptrace", "", "/x\r"})
    EXPECT_FALSE(composed({{&flag::read, value}}));
}

// What a folder may be called is not the policy author's to choose.
TEST(Statements, APathIsOnlyAPath) {
  for (const char* path : {"/x, /etc", "/x # y", "/x } allow ptrace", "/x\" because \"y", "/x\\",
                           "/x because y", "/\\\"", "/x \"?"}) {
    auto result = composed({{&flag::read, path}});
    ASSERT_TRUE(result) << path;
    SourceMap sources;
    Diagnostics diagnostics;
    uint32_t source = sources.add({.name = "command line", .text = result->text});
    policy::Policy policy = policy::parse(source, sources, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << result->text;
    ASSERT_EQ(policy.statements.size(), 4u) << result->text;
    const auto& paths = std::get<policy::Paths>(policy.statements[3].body);
    ASSERT_EQ(paths.patterns.size(), 1u) << result->text;
    std::string wanted;  // a pattern's own backslashes are doubled in the model, too
    for (const char* c = path; *c != 0; c++) wanted += *c == '\\' ? "\\\\" : std::string(1, *c);
    std::string said = paths.patterns[0].text + (paths.patterns[0].optional ? "?" : "");
    EXPECT_EQ(said, wanted);
  }
}

TEST(Statements, FilesThatUseCannotNameAreRefused) {
  EXPECT_FALSE(composed({{&flag::policy, "./a b.seclude"}, {&flag::policy, "threads"}}));
  EXPECT_FALSE(composed({{&flag::policy, "-"}, {&flag::policy, "threads"}}));
  EXPECT_TRUE(composed({{&flag::policy, "./a b.seclude"}}));
}

}  // namespace
}  // namespace seclude::cli
