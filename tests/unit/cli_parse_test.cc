// Command lines by their descriptions: what is a flag, what is not, and what is wrong.
#include "cli/parse.h"

#include <gtest/gtest.h>

namespace seclude::cli {
namespace {

constexpr const Flag* some_flags[] = {&flag::policy, &flag::json, &flag::output,
                                      &flag::quiet,  &flag::to,   &flag::help};
Command taking(size_t fewest, size_t most) {
  Command command{};
  command.name = "some";
  command.usage = "FILE...";
  command.flags = some_flags;
  command.fewest = fewest;
  command.most = most;
  return command;
}

const Command plain_command = taking(1, 2);
const Command run_like = [] {
  Command command = taking(0, SIZE_MAX);
  command.runs_program = true;
  return command;
}();

using Words = std::vector<std::string>;

TEST(Parse, FlagsAndWordsInAnyOrder) {
  Words words{"a", "--json", "-o", "out", "b"};
  auto arguments = parse(plain_command, words);
  ASSERT_TRUE(arguments);
  EXPECT_TRUE(arguments->has(flag::json));
  EXPECT_FALSE(arguments->has(flag::quiet));
  EXPECT_EQ(arguments->value(flag::output), "out");
  EXPECT_EQ(arguments->rest, (Words{"a", "b"}));
}

TEST(Parse, ValuesInEveryShape) {
  for (const Words& words : {Words{"--output=x", "f"}, Words{"--output", "x", "f"},
                             Words{"-ox", "f"}, Words{"-qo", "x", "f"}}) {
    auto arguments = parse(plain_command, words);
    ASSERT_TRUE(arguments);
    EXPECT_EQ(arguments->value(flag::output), "x");
    EXPECT_EQ(arguments->rest, Words{"f"});
  }
}

TEST(Parse, AValueMayBeANumberOrADash) {
  for (const char* value : {"-1", "-"}) {
    Words words{"--output", value, "f"};
    auto arguments = parse(plain_command, words);
    ASSERT_TRUE(arguments);
    EXPECT_EQ(arguments->value(flag::output), value);
  }
}

TEST(Parse, RepeatedValuesKeepTheirOrder) {
  Words words{"-p", "b", "f", "--policy", "a", "-p[c]"};
  auto arguments = parse(plain_command, words);
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->values(flag::policy), (Words{"b", "a", "[c]"}));
}

TEST(Parse, AfterTwoDashesNothingIsAFlag) {
  Words words{"--", "--json", "--"};
  auto arguments = parse(plain_command, words);
  ASSERT_TRUE(arguments);
  EXPECT_FALSE(arguments->has(flag::json));
  EXPECT_EQ(arguments->rest, (Words{"--json", "--"}));
}

TEST(Parse, NumbersAndADashAreNoFlags) {
  Words words{"-1", "-"};
  auto arguments = parse(plain_command, words);
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->rest, words);
}

TEST(Parse, TheProgramsOwnFlagsAreItsOwn) {
  Words words{"-p", "strict", "ls", "--json", "-q", "--", "x"};
  auto arguments = parse(run_like, words);
  ASSERT_TRUE(arguments);
  EXPECT_FALSE(arguments->has(flag::json));
  EXPECT_FALSE(arguments->has(flag::quiet));
  EXPECT_EQ(arguments->rest, (Words{"ls", "--json", "-q", "--", "x"}));
}

TEST(Parse, AProgramMayStartWithADash) {
  Words words{"-q", "--", "--odd-name", "-q"};
  auto arguments = parse(run_like, words);
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->rest, (Words{"--odd-name", "-q"}));
}

TEST(Parse, UnknownFlagsHaveANearestName) {
  Words words{"--jsn", "f"};
  auto misuse = parse(plain_command, words);
  ASSERT_FALSE(misuse);
  EXPECT_EQ(misuse.error().message, "unknown flag `--jsn`");
  EXPECT_EQ(misuse.error().help, "did you mean `--json`?");
  words = {"--qiet=1", "ls"};
  EXPECT_EQ(parse(run_like, words).error().help, "did you mean `--quiet`?");
}

TEST(Parse, WrongValues) {
  Words words{"--to", "basm", "f"};
  EXPECT_EQ(parse(plain_command, words).error().help, "did you mean `asm`?");
  words = {"f", "--output"};
  EXPECT_EQ(parse(plain_command, words).error().message, "`--output` needs a value: FILE");
  words = {"f", "--output", ""};
  EXPECT_FALSE(parse(plain_command, words));
  for (const Words& forgotten : {Words{"-o", "--json", "f"}, Words{"-qo", "--", "f"}})
    EXPECT_EQ(parse(plain_command, forgotten).error().message, "`--output` needs a value: FILE");
  words = {"--json=1", "f"};
  EXPECT_EQ(parse(plain_command, words).error().message, "`--json` takes no value");
  words = {"-qx", "f"};
  EXPECT_EQ(parse(plain_command, words).error().message, "unknown flag `-qx`");
}

TEST(Parse, WrongNumberOfWords) {
  Words none, three{"a", "b", "c"}, help{"--help"};
  EXPECT_FALSE(parse(plain_command, none));
  EXPECT_FALSE(parse(plain_command, three));
  EXPECT_TRUE(parse(plain_command, help));
}

}  // namespace
}  // namespace seclude::cli
